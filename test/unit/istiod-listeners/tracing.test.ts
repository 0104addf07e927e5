// Tracing of connection managers: by mesh defaults, by Telemetry and its provider (pilot/pkg/networking/core/tracing.go).
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../simulator/xds/types.ts'
import { configurationOf } from './mesh.ts'

const COLLECTOR = `
apiVersion: v1
kind: Service
metadata: {name: zipkin, namespace: istio-system}
spec: {clusterIP: 10.96.0.9, ports: [{name: http, port: 9411}]}
`
const PROVIDERS = {
  extensionProviders: [
    { name: 'zipkin', zipkin: { service: 'zipkin.istio-system.svc.cluster.local', port: 9411, maxTagLength: 64 } },
    { name: 'gone', zipkin: { service: 'nowhere.example.com', port: 9411 } },
    { name: 'otel', opentelemetry: { service: 'istio-system/zipkin.istio-system.svc.cluster.local', port: 9411 } },
  ],
}
const telemetry = (tracing: string) => `${COLLECTOR}---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: traces, namespace: istio-system}
spec: {tracing: ${tracing}}
`

/** `tracing` and the request id's part of the first connection manager of a listener. */
function managerOf(
  who: 'client' | 'gateway',
  listener: string,
  yaml = '',
  mesh: Record<string, unknown> = PROVIDERS,
): JsonObject {
  const found = configurationOf(who, yaml, mesh).listeners.find(({ name }) => name === listener)
  const chains = [...(found?.filter_chains ?? []), ...(found?.default_filter_chain ? [found.default_filter_chain] : [])]
  const configs = chains.flatMap(chain => chain.filters.map(filter => filter.typed_config as JsonObject))
  return configs.find(config => String(config['@type']).endsWith('HttpConnectionManager')) ?? {}
}
const tracingOf = (yaml: string, listener = '0.0.0.0_9080') =>
  managerOf('client', listener, yaml).tracing as JsonObject | undefined

describe('tracing', () => {
  test('without a Telemetry has no provider and samples 1 %', () => {
    expect(tracingOf('')).toMatchObject({ random_sampling: { value: 1 }, client_sampling: { value: 100 } })
    expect(tracingOf('')?.provider).toBeUndefined()
  })
  test('with a provider names its collector', () => {
    const tracing = tracingOf(telemetry('[{providers: [{name: zipkin}], randomSamplingPercentage: 100}]'))
    expect(tracing).toMatchObject({
      random_sampling: { value: 100 },
      max_path_tag_length: 64,
      provider: {
        name: 'envoy.tracers.zipkin',
        typed_config: {
          trace_id_128bit: true,
          shared_span_context: false,
          collector_service: {
            http_uri: {
              uri: 'http://zipkin.istio-system.svc.cluster.local/api/v2/spans',
              cluster: 'outbound|9411||zipkin.istio-system.svc.cluster.local',
              timeout: '5s',
            },
          },
        },
      },
    })
    expect(tracing?.spawn_upstream_span).toBeUndefined()
  })
  test('of OpenTelemetry names the proxy as service', () => {
    expect(tracingOf(telemetry('[{providers: [{name: otel}]}]'))).toMatchObject({
      provider: { typed_config: { service_name: 'client.default', grpc_service: { envoy_grpc: {} } } },
    })
  })
  test('is off where the provider has no service, is unknown, or reporting is disabled', () => {
    for (const spec of [
      'providers: [{name: gone}]',
      'providers: [{name: nobody}]',
      'providers: [{name: zipkin}], disableSpanReporting: true',
    ])
      expect(tracingOf(telemetry(`[{${spec}}]`)), spec).toBeUndefined()
  })
  test('of one side leaves the other alone', () => {
    const yaml = telemetry('[{match: {mode: SERVER}, providers: [{name: zipkin}]}]')
    expect(tracingOf(yaml)).toBeUndefined()
    expect(tracingOf(yaml, 'virtualInbound')).toMatchObject({ provider: { name: 'envoy.tracers.zipkin' } })
  })
  test('tags come from the Telemetry, sorted among those of Istio', () => {
    const tracing = tracingOf(
      telemetry(
        '[{providers: [{name: zipkin}], enableIstioTags: false, customTags: {b: {literal: {value: x}}, a: {header: {name: h}}, c: {formatter: {value: "%PROTOCOL%"}}}}]',
      ),
    )
    expect(tracing?.custom_tags).toEqual([
      { tag: 'a', request_header: { name: 'h' } },
      { tag: 'b', literal: { value: 'x' } },
      { tag: 'c', value: '%PROTOCOL%' },
    ])
  })
  test('may leave the request id and the headers alone', () => {
    const yaml = telemetry(
      '[{providers: [{name: zipkin}], useRequestIdForTraceSampling: false, disableContextPropagation: true}]',
    )
    const manager = managerOf('client', '0.0.0.0_9080', yaml)
    expect(manager.tracing).toMatchObject({ no_context_propagation: true })
    expect(manager.request_id_extension).toMatchObject({ typed_config: { use_request_id_for_trace_sampling: false } })
  })
})
