// SIM0609: filters that the simulated Envoy does not have.
import { describe, expect, it } from 'vitest'
import { app, lint } from './mesh.ts'

const patch = (applyTo: string, operation: string, type: string): string => `
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: added}
spec:
  configPatches:
  - applyTo: ${applyTo}
    match: {context: SIDECAR_INBOUND}
    patch:
      operation: ${operation}
      value:
        name: some.filter
        typed_config: {"@type": ${type}}
`
const found = (text: string) => lint(app('reviews') + text).filter(({ code }) => code === 'SIM0609')
const HTTP = 'type.googleapis.com/envoy.extensions.filters.http'

describe('SIM0609 filters that the simulated Envoy does not have', () => {
  it('tells an HTTP filter, with its line', () => {
    const [one, ...rest] = found(patch('HTTP_FILTER', 'INSERT_BEFORE', `${HTTP}.gzip.v3.Gzip`))
    expect(rest).toEqual([])
    expect(one?.message).toContain('no filter envoy.extensions.filters.http.gzip.v3.Gzip')
    expect(one?.at?.line).toBeGreaterThan(1)
  })
  it('tells a network filter', () => {
    const type = 'type.googleapis.com/envoy.extensions.filters.network.thrift_proxy.v3.ThriftProxy'
    expect(found(patch('NETWORK_FILTER', 'INSERT_FIRST', type))).toHaveLength(1)
  })
  it.each([
    ['a filter that acts', patch('HTTP_FILTER', 'INSERT_BEFORE', `${HTTP}.local_ratelimit.v3.LocalRateLimit`)],
    ['a change of what istiod made', patch('NETWORK_FILTER', 'MERGE', `${HTTP}.gzip.v3.Gzip`)],
    ['a removal', patch('HTTP_FILTER', 'REMOVE', `${HTTP}.gzip.v3.Gzip`)],
  ])('keeps silent about %s', (_what, text) => {
    expect(found(text)).toEqual([])
  })
  it('tells a field that no proxy acts on, where it stands', () => {
    const fields = (operation: string): string => `
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: fields}
spec:
  configPatches:
  - applyTo: CLUSTER
    match: {context: SIDECAR_OUTBOUND}
    patch:
      operation: ${operation}
      value:
        connect_timeout: 1s
        health_checks: [{timeout: 1s}]
`
    expect(found(fields('REMOVE'))).toEqual([])
    const [one, ...rest] = found(fields('MERGE'))
    expect(rest).toEqual([])
    expect(one?.message).toContain('does not act on health_checks: no endpoint is probed')
    expect(one?.path).toEqual(['spec', 'configPatches', 0, 'patch', 'value', 'health_checks'])
  })
})
