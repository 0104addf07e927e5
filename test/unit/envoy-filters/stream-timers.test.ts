// Held against real Envoy 1.38: status, body, flag, details and which limit wins.
import { expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'

const MESH = `apiVersion: v1
kind: Service
metadata: { name: slow, namespace: default }
spec: { selector: { app: slow }, ports: [{ name: http, port: 8000 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: slow, namespace: default, labels: { app: slow }, annotations: { sidecar.istio.io/inject: "true" } }
spec: { containers: [{ name: slow, ports: [{ containerPort: 8000 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: curl, namespace: default, labels: { app: curl }, annotations: { sidecar.istio.io/inject: "true" } }
spec: { containers: [{ name: curl }] }
`
const filter = (applyTo: string, match: string, value: string): string => `---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: limits-${applyTo.toLowerCase().replace('_', '-')}, namespace: default }
spec:
  workloadSelector: { labels: { app: curl } }
  configPatches:
    - applyTo: ${applyTo}
      match: { context: SIDECAR_OUTBOUND${match} }
      patch: { operation: MERGE, value: ${value} }
`
const manager = (fields: string): string =>
  filter(
    'NETWORK_FILTER',
    ', listener: { filterChain: { filter: { name: envoy.filters.network.http_connection_manager } } }',
    `{ typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, ${fields} } }`,
  )
const route = (fields: string): string => filter('HTTP_ROUTE', '', `{ route: { ${fields} } }`)

function outcome(patches: string, headers = '{}'): unknown[] {
  const content = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: limits of time
  description: a slow service behind limits
  duration: 12s
  workloads: [{ name: slow, behaviour: { serviceTime: 8s } }]
  loads:
    - name: one
      source: curl.default
      pattern: { constant: 1 }
      stop: 1500ms
      requests: [{ url: 'http://slow:8000/', headers: ${headers} }]
`
  const { scenario, diagnostics } = loadScenario({ name: 's.yaml', content })
  if (scenario === null) throw new Error(diagnostics.map(d => d.message).join('\n'))
  const recorder = new MemoryRecorder({ kinds: ['stream'] })
  const files = [{ name: 'mesh.yaml', content: MESH + patches }]
  const { simulation, diagnostics: wrong } = createSimulation({ scenario, files, recorder })
  if (simulation === null) throw new Error(wrong.map(d => d.message).join('\n'))
  simulation.runUntil(simulation.duration)
  const [first] = recorder.of('stream').filter(s => s.pod.startsWith('curl'))
  if (first === undefined) throw new Error('no request')
  return [first.status, first.flags.join(','), first.details, Math.round((first.end - first.start) / 100_000) / 10]
}

test('an idle stream ends with 504 and SI', () => {
  expect(outcome(manager('stream_idle_timeout: 2s'))).toEqual([504, 'SI', 'stream_idle_timeout', 2])
})
test('a stream that lasts too long ends with 504 and without a flag', () => {
  expect(outcome(manager('common_http_protocol_options: { max_stream_duration: 3s }'))).toEqual([
    504,
    '',
    'max_duration_timeout',
    3,
  ])
})
test("the route's word goes before the manager's", () => {
  const patches = manager('stream_idle_timeout: 2s')
  expect(outcome(patches + route('idle_timeout: 1s'))).toEqual([504, 'SI', 'stream_idle_timeout', 1])
  expect(outcome(patches + route('idle_timeout: 0s'))[0]).toBe(200)
})
test('a route with a max_stream_duration has no other time-out, and takes what a gRPC caller says', () => {
  expect(outcome(route('timeout: 1s'))).toEqual([504, 'UT', 'response_timeout', 1])
  expect(outcome(route('timeout: 1s, max_stream_duration: { max_stream_duration: 0s }'))[0]).toBe(200)
  const capped = route('max_stream_duration: { max_stream_duration: 0s, grpc_timeout_header_max: 4s }')
  expect(outcome(capped, '{ grpc-timeout: 9S }')).toEqual([504, '', 'max_duration_timeout', 4])
})
