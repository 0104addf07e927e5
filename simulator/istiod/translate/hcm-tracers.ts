// Tracers of a connection manager: where a provider wants its spans (pilot/pkg/networking/core/tracing.go
// configureFromProviderConfig). null: the provider traces nothing, or its service is not there.
import { serviceCluster } from '../../registry/names.ts'
import type { ExtensionProvider } from '../../resources/mesh-config.ts'
import type { JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { type ProviderCluster, providerCluster } from './provider-cluster.ts'
import { type TranslationContext, text } from './translation-context.ts'

interface HttpHeader {
  name?: string
  value?: string
}

interface HttpExport {
  path?: string
  timeout?: string
  headers?: HttpHeader[]
}

interface TracerSpec {
  service?: string
  port?: number
  maxTagLength?: number
  path?: string
  enable64bitTraceId?: boolean
  traceContextOption?: string
  timeout?: string
  headers?: HttpHeader[]
  http?: HttpExport
  grpc?: { timeout?: string; initialMetadata?: HttpHeader[] }
  resourceDetectors?: { environment?: unknown; dynatrace?: unknown }
  serviceAttributeEnrichment?: string
  dynatraceSampler?: DynatraceSpec
}

interface DynatraceSpec {
  tenant?: string
  clusterId?: number
  rootSpansPerMinute?: number
  httpService?: { service?: string; port?: number; http?: HttpExport }
}

export interface Tracer {
  /** `provider`, and what goes with it in `tracing`. */
  fields: JsonObject
  /** The tracer decides by itself which requests to keep. */
  samples: boolean
}

const TRACE = 'type.googleapis.com/envoy.config.trace.v3'
const DETECTORS = 'envoy.tracers.opentelemetry.resource_detectors'
const DETECTOR_TYPE = 'type.googleapis.com/envoy.extensions.tracers.opentelemetry.resource_detectors.v3'

type Find = (spec: { service?: string; port?: number }) => ProviderCluster | null

export function tracerOf(context: TranslationContext, provider: ExtensionProvider): Tracer | null {
  const find: Find = ({ service, port }) =>
    providerCluster(service ?? '', port ?? 0, host => context.snapshot.serviceDefinitions(host))
  const spec = (kind: string) => provider[kind] as TracerSpec | undefined
  const child = context.proxy.type === 'router'
  const zipkin = spec('zipkin')
  if (zipkin) return made('zipkin', zipkinConfig(zipkin, find), zipkin.maxTagLength, child)
  const datadog = spec('datadog')
  if (datadog) return made('datadog', datadogConfig(context, datadog, find), datadog.maxTagLength, child)
  const skywalking = spec('skywalking')
  if (skywalking) return made('skywalking', skywalkingConfig(skywalking, find), 0, true)
  const otel = spec('opentelemetry')
  if (!otel) return null
  const tracer = made('opentelemetry', openTelemetryConfig(context, otel, find), otel.maxTagLength, child)
  return tracer === null ? null : { ...tracer, samples: otel.dynatraceSampler !== undefined }
}

function made(
  name: string,
  config: JsonObject | null,
  maxTagLength: number | undefined,
  child: boolean,
): Tracer | null {
  if (config === null) return null
  const fields: JsonObject = {
    provider: { name: `envoy.tracers.${name}`, typed_config: config },
    ...(child ? { spawn_upstream_span: true } : {}),
    ...(maxTagLength ? { max_path_tag_length: maxTagLength } : {}),
  }
  return { fields, samples: false }
}

const headerOptions = (headers: readonly HttpHeader[] | undefined): JsonObject =>
  headers === undefined || headers.length === 0
    ? {}
    : {
        request_headers_to_add: headers.map(({ name, value }) => ({
          header: { key: name ?? '', ...(value ? { value } : {}) },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
        })),
      }

/** Go's url.JoinPath of a bare host: one slash between, none doubled. */
const joined = (host: string, path: string): string => {
  const rest = path.replace(/\/+/g, '/').replace(/^\//, '')
  return rest === '' ? host : `${host}/${rest}`
}

function zipkinConfig(spec: TracerSpec, find: Find): JsonObject | null {
  const target = find(spec)
  if (target === null) return null
  return {
    '@type': `${TRACE}.ZipkinConfig`,
    ...(spec.enable64bitTraceId ? {} : { trace_id_128bit: true }),
    shared_span_context: false,
    collector_endpoint_version: 'HTTP_JSON',
    collector_service: {
      http_uri: {
        uri: `http://${target.host}${spec.path || '/api/v2/spans'}`,
        cluster: target.cluster,
        timeout: protoDuration(spec.timeout ?? '5s'),
      },
      ...headerOptions(spec.headers),
    },
    ...(spec.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION'
      ? { trace_context_option: 'USE_B3_WITH_W3C_PROPAGATION' }
      : {}),
  }
}

function datadogConfig({ proxy }: TranslationContext, spec: TracerSpec, find: Find): JsonObject | null {
  const target = find(spec)
  if (target === null) return null
  return {
    '@type': `${TRACE}.DatadogConfig`,
    collector_cluster: target.cluster,
    service_name: serviceCluster(proxy),
    collector_hostname: target.host,
  }
}

function skywalkingConfig(spec: TracerSpec, find: Find): JsonObject | null {
  const target = find(spec)
  if (target === null) return null
  return {
    '@type': `${TRACE}.SkyWalkingConfig`,
    grpc_service: { envoy_grpc: { cluster_name: target.cluster, authority: target.host } },
  }
}

const httpService = (uri: string, cluster: string, { timeout, headers }: HttpExport): JsonObject => ({
  http_uri: { uri, cluster, ...(timeout === undefined ? {} : { timeout: protoDuration(timeout) }) },
  ...headerOptions(headers),
})

function openTelemetryConfig(context: TranslationContext, spec: TracerSpec, find: Find): JsonObject | null {
  const target = find(spec)
  if (target === null) return null
  const { timeout, initialMetadata } = spec.grpc ?? {}
  const sampler = spec.dynatraceSampler === undefined ? {} : dynatraceSampler(spec, target, find)
  if (sampler === null) return null
  const semantic = spec.serviceAttributeEnrichment === 'OTEL_SEMANTIC_CONVENTIONS'
  const detectors = resourceDetectors(spec, semantic)
  return {
    '@type': `${TRACE}.OpenTelemetryConfig`,
    ...(spec.http
      ? { http_service: httpService(joined(target.host, spec.http.path ?? ''), target.cluster, spec.http) }
      : {
          grpc_service: {
            envoy_grpc: { cluster_name: target.cluster, authority: target.host },
            ...(timeout === undefined ? {} : { timeout: protoDuration(timeout) }),
            ...(initialMetadata === undefined || initialMetadata.length === 0
              ? {}
              : {
                  initial_metadata: initialMetadata.map(({ name, value }) => ({
                    key: name ?? '',
                    ...(value ? { value } : {}),
                  })),
                }),
          },
        }),
    service_name: semantic ? openTelemetryName(context) : serviceCluster(context.proxy),
    ...(detectors.length === 0 ? {} : { resource_detectors: detectors }),
    ...sampler,
  }
}

function resourceDetectors({ resourceDetectors: wanted = {} }: TracerSpec, semantic: boolean): JsonObject[] {
  const detector = (name: string, type: string): JsonObject => ({
    name: `${DETECTORS}.${name}`,
    typed_config: { '@type': `${DETECTOR_TYPE}.${type}` },
  })
  const found: JsonObject[] = []
  const environment = detector('environment', 'EnvironmentResourceDetectorConfig')
  if (wanted.environment !== undefined) found.push(environment)
  if (wanted.dynatrace !== undefined) found.push(detector('dynatrace', 'DynatraceResourceDetectorConfig'))
  if (semantic && wanted.environment === undefined) found.push(environment)
  return found
}

/** service.name by OpenTelemetry's conventions for Kubernetes: the first that there is. */
function openTelemetryName({ proxy }: TranslationContext): string {
  const annotations = proxy.metadata['ANNOTATIONS']
  const own =
    typeof annotations === 'object' && annotations !== null
      ? text((annotations as Record<string, unknown>)['resource.opentelemetry.io/service.name'])
      : ''
  return (
    own ||
    proxy.labels['app.kubernetes.io/instance'] ||
    proxy.labels['app.kubernetes.io/name'] ||
    text(proxy.metadata['WORKLOAD_NAME']) ||
    (proxy.id.split('.')[0] ?? '') ||
    'unknown_service'
  )
}

function dynatraceSampler(spec: TracerSpec, target: ProviderCluster, find: Find): JsonObject | null {
  const { tenant, clusterId, rootSpansPerMinute, httpService: own } = spec.dynatraceSampler ?? {}
  const settings = own ? (own.http ?? {}) : spec.http
  const place = own ? find(own) : target
  if (settings === undefined || place === null) return null
  const path = own ? (settings.path ?? '') : 'api/v2/samplingConfiguration'
  return {
    sampler: {
      name: 'envoy.tracers.opentelemetry.samplers.dynatrace',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.tracers.opentelemetry.samplers.v3.DynatraceSamplerConfig',
        ...(tenant ? { tenant } : {}),
        ...(clusterId ? { cluster_id: clusterId } : {}),
        http_service: httpService(joined(place.host, path), place.cluster, settings),
        ...(rootSpansPerMinute ? { root_spans_per_minute: rootSpansPerMinute } : {}),
      },
    },
  }
}
