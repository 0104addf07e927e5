import { describe, expect, it } from 'vitest'
import { chainKind, configurationOf, httpFilterNames, listener, manager } from './mesh.ts'

const strict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["shop.example.com"]
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: ["shop.example.com"]
    tls: {mode: SIMPLE, credentialName: shop-cert}
`

describe('outbound listeners', () => {
  it('share the wildcard address for HTTP ports and let other bytes through', () => {
    const shared = listener(configurationOf('client'), '0.0.0.0_9080')
    expect(shared.filter_chains?.map(chainKind)).toEqual(['http'])
    expect(shared.filter_chains?.[0]?.filter_chain_match).toEqual({
      transport_protocol: 'raw_buffer',
      application_protocols: ['http/1.1', 'h2c'],
    })
    expect(chainKind(shared.default_filter_chain)).toBe('PassthroughCluster')
    expect(manager(shared.filter_chains?.[0])['rds']).toMatchObject({ route_config_name: '9080' })
  })

  it('bind TCP ports to the address of the service', () => {
    const own = listener(configurationOf('client'), '10.96.0.1_9000')
    expect(own.filter_chains?.map(chainKind)).toEqual(['outbound|9000||reviews.default.svc.cluster.local'])
    expect(own.listener_filters).toBeUndefined()
  })

  it('look into connections of ports whose protocol nobody declared', () => {
    const sniffed = listener(configurationOf('client'), '10.96.0.1_7000')
    expect(sniffed.filter_chains?.map(chainKind)).toEqual(['http'])
    expect(chainKind(sniffed.default_filter_chain)).toBe('outbound|7000||reviews.default.svc.cluster.local')
    expect(manager(sniffed.filter_chains?.[0])['rds']).toMatchObject({
      route_config_name: 'reviews.default.svc.cluster.local:7000',
    })
  })

  it('send unknown destinations to the black hole under REGISTRY_ONLY', () => {
    const closed = configurationOf('client', '', { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } })
    const chains = listener(closed, 'virtualOutbound').filter_chains ?? []
    expect(chains.map(chainKind)).toEqual(['BlackHoleCluster', 'BlackHoleCluster'])
  })

  it('weigh TCP connections as a VirtualService says', () => {
    const rule = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shift}
spec:
  hosts: [reviews]
  tcp:
  - route:
    - {destination: {host: reviews, subset: v1}, weight: 80}
    - {destination: {host: reviews, subset: v2}, weight: 20}
`
    const [chain] = listener(configurationOf('client', rule), '10.96.0.1_9000').filter_chains ?? []
    expect(chain?.filters[0]?.typed_config?.['weighted_clusters']).toEqual({
      clusters: [
        { name: 'outbound|9000|v1|reviews.default.svc.cluster.local', weight: 80 },
        { name: 'outbound|9000|v2|reviews.default.svc.cluster.local', weight: 20 },
      ],
    })
  })
})

describe('inbound chains', () => {
  const chainsAt = (yaml: string, port: number) =>
    (listener(configurationOf('reviews', yaml), 'virtualInbound').filter_chains ?? []).filter(
      chain => chain.filter_chain_match?.destination_port === port,
    )

  it('take mutual TLS and plain text while mTLS is permissive', () => {
    const transports = chainsAt('', 9080).map(chain => chain.filter_chain_match?.transport_protocol)
    expect(transports).toEqual(['tls', 'raw_buffer'])
  })

  it('take nothing but mutual TLS when it is strict', () => {
    const chains = chainsAt(strict, 9080)
    expect(chains.map(chain => chain.filter_chain_match?.transport_protocol)).toEqual(['tls'])
    expect(chains[0]?.transport_socket?.typed_config?.['require_client_certificate']).toBe(true)
  })

  it('check tokens before they authorize, and authorize before faults and CORS', () => {
    const policies = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt}
spec: {jwtRules: [{issuer: me, jwks: "{}"}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow}
spec: {rules: [{to: [{operation: {methods: [GET]}}]}]}
`
    const names = httpFilterNames(chainsAt(policies, 9080)[0])
    const order = ['envoy.filters.http.jwt_authn', 'envoy.filters.http.rbac', 'envoy.filters.http.fault']
    expect(names.filter(name => order.includes(name))).toEqual(order)
  })

  it('put a rule that only HTTP can express nowhere on TCP ports', () => {
    const policy = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow}
spec: {rules: [{to: [{operation: {methods: [GET]}}]}]}
`
    const rbac = chainsAt(policy, 9000)[0]?.filters.find(filter => filter.name.endsWith('rbac'))
    expect(rbac?.typed_config?.['rules']).toEqual({})
  })
})

describe('listeners of a gateway', () => {
  it('stand at the ports of the pod, one chain for each TLS server', () => {
    const configuration = configurationOf('gateway', gateway)
    expect(configuration.listeners.map(one => one.name)).toEqual(['0.0.0.0_8080', '0.0.0.0_8443'])
    const [tls] = listener(configuration, '0.0.0.0_8443').filter_chains ?? []
    expect(tls?.filter_chain_match).toEqual({ server_names: ['shop.example.com'] })
    expect(manager(tls)['rds']).toMatchObject({ route_config_name: 'https.443.https.gw.istio-system' })
  })
})

describe('EnvoyFilters', () => {
  it('insert HTTP filters before the router of inbound chains only', () => {
    const filter = `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: SIDECAR_INBOUND
      listener:
        filterChain:
          filter: {name: envoy.filters.network.http_connection_manager, subFilter: {name: envoy.filters.http.router}}
    patch:
      operation: INSERT_BEFORE
      value: {name: mine, typed_config: {"@type": type.googleapis.com/envoy.Mine}}
`
    const configuration = configurationOf('reviews', filter)
    const inbound = listener(configuration, 'virtualInbound').filter_chains ?? []
    const http = inbound.filter(chain => chainKind(chain) === 'http')
    for (const chain of http) expect(httpFilterNames(chain).slice(-2)).toEqual(['mine', 'envoy.filters.http.router'])
    const outbound = listener(configuration, '0.0.0.0_9080').filter_chains?.[0]
    expect(httpFilterNames(outbound)).not.toContain('mine')
  })
})
