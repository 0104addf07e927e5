// HTTP filters that every connection manager has (pilot/pkg/xds/filters/filters.go).
import type { NamedFilter } from '../../xds/types.ts'

const extension = (name: string): string => `type.googleapis.com/envoy.extensions.filters.http.${name}`

/** Tells the other side's proxy who we are, and learns who it is, by headers. */
export function peerMetadataFilter(direction: 'downstream' | 'upstream', skipExternal: boolean): NamedFilter {
  return {
    name: 'istio.metadata_exchange',
    typed_config: {
      '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
      type_url: 'type.googleapis.com/io.istio.http.peer_metadata.Config',
      value: {
        [`${direction}_discovery`]: [{ istio_headers: {} }, { workload_discovery: {} }],
        [`${direction}_propagation`]: [{ istio_headers: skipExternal ? { skip_external_clusters: true } : {} }],
      },
    },
  }
}

export const grpcStatsFilter = (): NamedFilter => ({
  name: 'envoy.filters.http.grpc_stats',
  typed_config: {
    '@type': extension('grpc_stats.v3.FilterConfig'),
    emit_filter_state: true,
    stats_for_all_methods: false,
  },
})

export const grpcWebFilter = (): NamedFilter => ({
  name: 'envoy.filters.http.grpc_web',
  typed_config: { '@type': extension('grpc_web.v3.GrpcWeb') },
})

/** Offers Istio's own ALPN names upstream, so that the server's sidecar knows HTTP from TCP. */
export const alpnFilter = (): NamedFilter => ({
  name: 'istio.alpn',
  typed_config: {
    '@type': 'type.googleapis.com/istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig',
    alpn_override: [
      { alpn_override: ['istio-http/1.0', 'istio', 'http/1.0'] },
      { upstream_protocol: 'HTTP11', alpn_override: ['istio-http/1.1', 'istio', 'http/1.1'] },
      { upstream_protocol: 'HTTP2', alpn_override: ['istio-h2', 'istio', 'h2'] },
    ],
  },
})

export const faultFilter = (): NamedFilter => ({
  name: 'envoy.filters.http.fault',
  typed_config: { '@type': extension('fault.v3.HTTPFault') },
})

export const corsFilter = (): NamedFilter => ({
  name: 'envoy.filters.http.cors',
  typed_config: { '@type': extension('cors.v3.Cors') },
})

export const routerFilter = (suppressEnvoyHeaders: boolean): NamedFilter => ({
  name: 'envoy.filters.http.router',
  typed_config: {
    '@type': extension('router.v3.Router'),
    ...(suppressEnvoyHeaders ? { suppress_envoy_headers: true } : {}),
  },
})

/** Resolves and dials what a request names, for services and policies that forward by DNS. */
export const dynamicForwardProxyFilter = (cache: string, maxHosts: number | null): NamedFilter => ({
  name: 'envoy.filters.http.dynamic_forward_proxy',
  typed_config: {
    '@type': extension('dynamic_forward_proxy.v3.FilterConfig'),
    dns_cache_config: {
      name: cache,
      dns_lookup_family: 'V4_ONLY',
      ...(maxHosts === null ? {} : { max_hosts: maxHosts }),
    },
  },
})
