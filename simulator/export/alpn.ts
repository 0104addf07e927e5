// Istio's ALPN filter in terms of stock Envoy: the list that a request offers upstream depends on its cluster's HTTP version
// and on the cluster's `alpn_override` mark, both known when the routes are written (istio/proxy, http/alpn/alpn_filter.cc).
import type { Cluster, JsonObject, NamedFilter, Route, RouteConfiguration, TypedConfig } from '../xds/types.ts'

export const ALPN_FILTER = 'istio.alpn'

const CONFIG = 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config'
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
const HTTP10 = 'istio-http/1.0,istio,http/1.0'
const HTTP11 = 'istio-http/1.1,istio,http/1.1'
const HTTP2 = 'istio-h2,istio,h2'
const BY_DOWNSTREAM = `%CEL(request.protocol == 'HTTP/2' ? '${HTTP2}' : request.protocol == 'HTTP/1.0' ? '${HTTP10}' : '${HTTP11}')%`

/** The filter alone sets nothing: routes say what. */
export const alpnByFilterState = (): NamedFilter => ({ name: ALPN_FILTER, typed_config: { '@type': CONFIG } })

const offering = (protocols: string): TypedConfig => ({
  '@type': CONFIG,
  on_request_headers: [
    {
      object_key: 'envoy.network.application_protocols',
      format_string: { text_format_source: { inline_string: protocols } },
    },
  ],
})

/** What is offered to a cluster; null = its own list stays. */
function protocolsFor(cluster: Cluster | undefined): string | null {
  const istio = (cluster?.['metadata'] as { filter_metadata?: { istio?: JsonObject } } | undefined)?.filter_metadata
    ?.istio
  if (cluster === undefined || istio?.['alpn_override'] === 'false') return null
  const all = cluster['typed_extension_protocol_options'] as { [name: string]: JsonObject } | undefined
  const options = all?.[OPTIONS]
  if (options?.['use_downstream_protocol_config'] !== undefined) return BY_DOWNSTREAM
  const explicit = options?.['explicit_http_config'] as JsonObject | undefined
  return explicit?.['http2_protocol_options'] === undefined ? HTTP11 : HTTP2
}

type Holder = JsonObject & { typed_per_filter_config?: { [filter: string]: TypedConfig } }

function withAlpn<T extends Holder>(holder: T, cluster: unknown, clusters: ReadonlyMap<string, Cluster>): T {
  const protocols = typeof cluster === 'string' ? protocolsFor(clusters.get(cluster)) : null
  if (protocols === null) return holder
  return {
    ...holder,
    typed_per_filter_config: { ...holder.typed_per_filter_config, [ALPN_FILTER]: offering(protocols) },
  }
}

function routeWithAlpn(route: Route, clusters: ReadonlyMap<string, Cluster>): Route {
  const action = route.route
  const weighted = action?.['weighted_clusters'] as (JsonObject & { clusters: Holder[] }) | undefined
  if (action === undefined || weighted === undefined) return withAlpn(route, action?.['cluster'], clusters)
  const each = weighted.clusters.map(target => withAlpn(target, target['name'], clusters))
  return { ...route, route: { ...action, weighted_clusters: { ...weighted, clusters: each } } }
}

/** The routes, each with the ALPN of the cluster that it leads to. */
export function withAlpnOfClusters(
  routes: RouteConfiguration,
  clusters: ReadonlyMap<string, Cluster>,
): RouteConfiguration {
  const hosts = routes.virtual_hosts?.map(host =>
    host.routes ? { ...host, routes: host.routes.map(route => routeWithAlpn(route, clusters)) } : host,
  )
  return hosts ? { ...routes, virtual_hosts: hosts } : routes
}
