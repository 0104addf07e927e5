// The HTTP connection manager of a filter chain (pilot/pkg/networking/core/listener_builder.go
// buildHTTPConnectionManager).
import { isWildcard } from '../../registry/names.ts'
import type { Protocol, Service } from '../../registry/types.ts'
import type { JsonObject, NamedFilter, RouteConfiguration } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { dnsCacheName } from './cluster-names.ts'
import { requestAccessLog } from './hcm-access-log.ts'
import { connectionSettings } from './hcm-connection-settings.ts'
import { statsFilters } from './hcm-metrics.ts'
import type { ProxyHeaders } from './hcm-proxy-headers.ts'
import { tracingFields } from './hcm-tracing.ts'
import {
  alpnFilter,
  corsFilter,
  dynamicForwardProxyFilter,
  faultFilter,
  grpcStatsFilter,
  grpcWebFilter,
  peerMetadataFilter,
  routerFilter,
} from './http-filters.ts'
import type { SecurityFilters } from './security-filters.ts'
import { allowsAnyByDns, type ListenerClass, type TranslationContext, text } from './translation-context.ts'

export interface HcmOptions {
  where: ListenerClass
  protocol: Protocol
  statPrefix: string
  /** Route configuration fetched by name, or inlined. */
  routes: string | RouteConfiguration
  useRemoteAddress: boolean
  headers: ProxyHeaders
  /** Fields of this kind of listener: certificate forwarding, HTTP/1 and HTTP/2 options ... */
  manager: JsonObject
  /** The service of an outbound listener of its own. */
  service: Service | null
}

const TYPE = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'

const rds = (name: string): JsonObject => ({
  config_source: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
  route_config_name: name,
})

/** How paths are cleaned before routing and authorization. */
function pathNormalization(context: TranslationContext): JsonObject {
  const keep = { path_with_escaped_slashes_action: 'KEEP_UNCHANGED' }
  switch (context.mesh.pathNormalization?.normalization ?? 'DEFAULT') {
    case 'NONE':
      return { normalize_path: false, ...keep }
    case 'MERGE_SLASHES':
      return { normalize_path: true, merge_slashes: true, ...keep }
    case 'DECODE_AND_MERGE_SLASHES':
      return { normalize_path: true, merge_slashes: true, path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD' }
    default:
      return { normalize_path: true, ...keep }
  }
}

const preserveCase = (): JsonObject => ({
  header_key_format: {
    stateful_formatter: {
      name: 'preserve_case',
      typed_config: {
        '@type':
          'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
      },
    },
  },
})

/** `http_protocol_options` where HTTP/1.0 is accepted or the case of headers kept. */
function http1Options(context: TranslationContext, options: HcmOptions): JsonObject {
  const given = options.manager['http_protocol_options'] as JsonObject | undefined
  const http10 = context.snapshot.flagOn('PILOT_HTTP10', false) || text(context.proxy.metadata['HTTP10']) === '1'
  const fields: JsonObject = {
    ...given,
    ...(http10 ? { accept_http_10: true } : {}),
    ...(options.headers.preserveCase ? preserveCase() : {}),
  }
  return given || Object.keys(fields).length > 0 ? { http_protocol_options: fields } : {}
}

/** The filter `envoy.filters.network.http_connection_manager`. */
export function connectionManager(
  context: TranslationContext,
  security: SecurityFilters,
  options: HcmOptions,
): NamedFilter {
  const { headers } = options
  const idle = text(context.proxy.metadata['IDLE_TIMEOUT'])
  const { tracing, byRequestId } = tracingFields(context, options.where)
  const fields: JsonObject = {
    ...options.manager,
    ...headers.manager,
    ...http1Options(context, options),
    stat_prefix: options.statPrefix,
    ...(typeof options.routes === 'string' ? { rds: rds(options.routes) } : { route_config: options.routes }),
    ...(headers.forwardedPort ? { append_x_forwarded_port: true } : {}),
    ...pathNormalization(context),
    use_remote_address: options.useRemoteAddress,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    ...(idle === '' ? {} : { common_http_protocol_options: { idle_timeout: protoDuration(idle) } }),
    stream_idle_timeout: '0s',
    ...requestAccessLog(context, options.where),
    ...tracing,
    http_filters: httpFilters(context, security, options),
    request_id_extension: {
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
        use_request_id_for_trace_sampling: byRequestId,
      },
    },
    proxy_100_continue: true,
  }
  connectionSettings(context, fields)
  return { name: 'envoy.filters.network.http_connection_manager', typed_config: { '@type': TYPE, ...fields } }
}

function httpFilters(context: TranslationContext, security: SecurityFilters, options: HcmOptions): NamedFilter[] {
  const { where, service } = options
  const inbound = where === 'inbound'
  const filters: NamedFilter[] = [
    peerMetadataFilter(inbound ? 'downstream' : 'upstream', !inbound && options.headers.inMeshMetadata),
    ...security.http(where),
  ]
  if (options.protocol === 'GRPC-Web') filters.push(grpcWebFilter())
  filters.push(grpcStatsFilter())
  if (!inbound && context.snapshot.flagOn('PILOT_ENABLE_ALPN_FILTER', true)) filters.push(alpnFilter())
  filters.push(faultFilter(), corsFilter(), ...statsFilters(context, where))
  if (where === 'outbound' && service && isWildcard(service.hostname) && service.resolution === 'DynamicDNS') {
    filters.push(dynamicForwardProxyFilter(dnsCacheName(service.hostname), null))
  }
  if (where === 'outbound' && allowsAnyByDns(context)) {
    filters.push(dynamicForwardProxyFilter('allow_any_dfp_dns_cache', 1024))
  }
  filters.push(routerFilter(options.headers.suppressDebugHeaders))
  return filters
}
