// Patch values of EnvoyFilters, held against Envoy's messages.
import { describe, expect, it } from 'vitest'
import { loadResources } from '../../../simulator/resources/index.ts'
import '../../../simulator/validation/envoy/all.ts'
import { validateAll } from '../../../simulator/validation/index.ts'

function said(applyTo: string, value: string): string[] {
  const content = `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: a}
spec:
  configPatches:
  - applyTo: ${applyTo}
    patch:
      operation: MERGE
      value: ${value}
`
  const { resources, diagnostics } = loadResources([{ name: 'a.yaml', content }])
  expect(diagnostics).toEqual([])
  return validateAll(resources)
    .map(({ level, message, at }) => `${level} ${at?.line} ${message}`)
    .filter(text => !text.includes('exposes internal implementation details'))
}

const ROUTER = '"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'

describe('what refuses a value', () => {
  it.each([
    ['a wrong scalar', 'CLUSTER', '{name: false}', 'cannot unmarshal bool into Go value of type string'],
    ['an object for a list', 'LISTENER', '{filter_chains: {}}', 'cannot unmarshal object'],
    [
      'an unknown enum',
      'CLUSTER',
      '{lb_policy: ROUND}',
      'unknown value "ROUND" for enum envoy.config.cluster.v3.Cluster.LbPolicy',
    ],
    ['a number out of range', 'LISTENER', '{tcp_backlog_size: -1}', 'into Go value of type uint32'],
    ['a broken duration', 'CLUSTER', '{connect_timeout: 5}', 'cannot unmarshal number'],
    ['two of a oneof', 'HTTP_ROUTE', '{route: {cluster: a}, redirect: {}}', 'is already set'],
    [
      'an old type',
      'NETWORK_FILTER',
      '{typed_config: {"@type": x/envoy.config.filter.network.a.v2.A}}',
      'hint: try using the v3 XDS API',
    ],
    [
      'a type that nobody knows',
      'HTTP_FILTER',
      '{typed_config: {"@type": x/acme.Filter}}',
      'referenced type unknown: Envoy filter',
    ],
    ['an Any without a type', 'HTTP_FILTER', '{typed_config: {a: 1}}', "Any JSON doesn't have '@type'"],
    [
      'a wrong type inside an Any',
      'HTTP_FILTER',
      `{typed_config: {${ROUTER}, dynamic_stats: "yes"}}`,
      'cannot unmarshal string into',
    ],
  ])('%s', (_what, applyTo, value, message) => {
    const [found, ...rest] = said(applyTo, value)
    expect(rest).toEqual([])
    expect(found).toMatch(/^error 10 /)
    expect(found).toContain(message)
  })
})

describe('what only warns', () => {
  it('an unknown field', () => {
    expect(said('CLUSTER', '{typed_config: {}}')).toEqual([
      'warning 10 Envoy filter: unknown field "typed_config" in envoy.config.cluster.v3.Cluster',
    ])
  })
  it('a filter by its name alone', () => {
    expect(said('HTTP_FILTER', '{name: envoy.filters.http.router}')).toEqual([
      'warning 10 using deprecated types by name without typed_config; envoy.filters.http.router',
    ])
  })
})

describe('what is fine', () => {
  it.each([
    ['both ways of writing names', 'CLUSTER', '{connectTimeout: 1.5s, lb_policy: 1, max_requests_per_connection: "3"}'],
    [
      'an Any of Envoy',
      'HTTP_FILTER',
      `{name: r, typed_config: {${ROUTER}, dynamic_stats: true, start_child_span: null}}`,
    ],
    [
      'a typed struct',
      'HTTP_FILTER',
      '{name: s, typed_config: {"@type": type.googleapis.com/udpa.type.v1.TypedStruct, type_url: a, value: {any: [1]}}}',
    ],
    [
      'a filter of the contrib build',
      'HTTP_FILTER',
      '{name: g, typed_config: {"@type": x/envoy.extensions.filters.http.golang.v3alpha.Config, library_id: a}}',
    ],
    [
      'nested messages and maps',
      'VIRTUAL_HOST',
      '{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: c, timeout: 0s}}], typed_per_filter_config: {}}',
    ],
  ])('%s', (_what, applyTo, value) => {
    expect(said(applyTo, value)).toEqual([])
  })
})
