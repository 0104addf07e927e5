import { describe, expect, it } from 'vitest'
import { retryConditions, retryPolicy } from '../../../simulator/istiod/translate/route-retry.ts'
import { configurationOf, virtualHost } from '../istiod-listeners/mesh.ts'

const REVIEWS = 'reviews.default.svc.cluster.local'
const rule = (http: string, name = 'reviews') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec:
  hosts: [reviews]
  http: ${http}
`
const routesOf = (http: string) =>
  virtualHost(configurationOf('client', rule(http)), '9080', `${REVIEWS}:9080`).routes ?? []

describe('virtual hosts of a sidecar', () => {
  it('are called by every name that DNS would complete', () => {
    const host = virtualHost(configurationOf('client'), '9080', `${REVIEWS}:9080`)
    expect(host.domains).toEqual([
      REVIEWS,
      `${REVIEWS}.`,
      'reviews',
      'reviews.default.svc',
      'reviews.default',
      '10.96.0.1',
    ])
  })

  it('end with whatever the outbound policy does with strangers', () => {
    const open = virtualHost(configurationOf('client'), '9080', 'allow_any')
    expect(open.routes?.[0]?.route?.['cluster']).toBe('PassthroughCluster')
    const closed = configurationOf('client', '', { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })
    expect(virtualHost(closed, '9080', 'block_all').routes?.[0]?.direct_response).toEqual({ status: 502 })
  })

  it('belong to the oldest VirtualService alone', () => {
    const both = [rule('[{name: old, route: [{destination: {host: reviews}}]}]', 'b')].concat(
      rule('[{name: young, route: [{destination: {host: reviews}}]}]', 'a'),
    )
    const host = virtualHost(configurationOf('client', both.join('---')), '9080', `${REVIEWS}:9080`)
    expect(host.routes?.map(route => route.name)).toEqual(['old'])
  })
})

describe('routes of a VirtualService', () => {
  it('stop at the first that takes everything', () => {
    const routes = routesOf(`
  - {match: [{uri: {prefix: /a}}], route: [{destination: {host: reviews, subset: v2}}]}
  - {route: [{destination: {host: reviews, subset: v1}}]}
  - {match: [{uri: {exact: /b}}], route: [{destination: {host: reviews, subset: v3}}]}`)
    expect(routes.map(route => route.route?.['cluster'])).toEqual([
      `outbound|9080|v2|${REVIEWS}`,
      `outbound|9080|v1|${REVIEWS}`,
    ])
  })

  it('have no timeout unless one is given', () => {
    const [slow, fast] = routesOf(`
  - {match: [{uri: {prefix: /slow}}], route: [{destination: {host: reviews}}]}
  - {timeout: 500ms, route: [{destination: {host: reviews}}]}`)
    expect(slow?.route).toMatchObject({ timeout: '0s', max_grpc_timeout: '0s' })
    expect(fast?.route).toMatchObject({ timeout: '0.500s', max_grpc_timeout: '0.500s' })
  })

  it('append the headers of a single destination to those of the rule', () => {
    const [route] = routesOf(`
  - headers: {request: {set: {x-a: rule}}}
    route: [{destination: {host: reviews}, headers: {request: {set: {x-a: destination}}}}]`)
    const values = ((route?.['request_headers_to_add'] ?? []) as { header: { value: string } }[]).map(
      one => one.header.value,
    )
    expect(values).toEqual(['rule', 'destination'])
  })

  it('keep faults in millionths of the requests', () => {
    const [route] = routesOf(`
  - fault: {abort: {httpStatus: 503, percentage: {value: 0.5}}}
    route: [{destination: {host: reviews}}]`)
    expect(route?.typed_per_filter_config?.['envoy.filters.http.fault']?.['abort']).toEqual({
      http_status: 503,
      percentage: { numerator: 5000, denominator: 'MILLION' },
    })
  })

  it('leave out a port that the redirect scheme implies', () => {
    const [route] = routesOf('[{redirect: {scheme: https, port: 443, redirectCode: 302}}]')
    expect(route?.redirect).toEqual({ path_redirect: '', scheme_redirect: 'https', response_code: 'FOUND' })
  })
})

describe('retry policies', () => {
  it('try twice more by default, elsewhere', () => {
    expect(retryPolicy(undefined, false)).toMatchObject({ num_retries: 2, host_selection_retry_max_attempts: '5' })
    expect(retryPolicy(undefined, true)).not.toHaveProperty('retry_host_predicate')
  })

  it('are none when the attempts are', () => {
    expect(retryPolicy({ attempts: 0 }, false)).toBeNull()
  })

  it('tell status codes from conditions', () => {
    expect(retryConditions('gateway-error, 503,999')).toEqual({
      retry_on: 'gateway-error,999,retriable-status-codes',
      retriable_status_codes: [503],
    })
  })
})

describe('virtual hosts of a gateway', () => {
  const gateway = (redirect: boolean) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*.example.com"]
    ${redirect ? 'tls: {httpsRedirect: true}' : ''}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/gw]
  http:
  - route: [{destination: {host: reviews, port: {number: 9080}}}]
`

  it('are the narrower of the names of server and rule', () => {
    const host = virtualHost(configurationOf('gateway', gateway(false)), 'http.8080', 'shop.example.com:80')
    expect(host.domains).toEqual(['shop.example.com'])
    expect(host.routes?.[0]?.route?.['cluster']).toBe(`outbound|9080||${REVIEWS}`)
  })

  it('ask for TLS where the server redirects', () => {
    const host = virtualHost(configurationOf('gateway', gateway(true)), 'http.8080', 'shop.example.com:80')
    expect(host.require_tls).toBe('ALL')
  })
})
