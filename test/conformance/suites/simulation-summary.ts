// A proxy's configuration in the short form that the suite records as `observedEnvoy`.
import type {
  Cluster,
  FilterChain,
  JsonObject,
  Listener,
  NamedFilter,
  ProxyConfiguration,
  Route,
  RouteConfiguration,
} from '../../../simulator/xds/types.ts'

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), camelCased(item)]))
}

const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.map(object) : [])

const config = (filters: readonly NamedFilter[], name: string): JsonObject | undefined =>
  filters.find(filter => filter.name === name)?.typed_config

const routeSummary = (route: Route): unknown => ({
  ...(route.name ? { name: route.name } : {}),
  match: camelCased(route.match),
  ...(route.route ? { cluster: route.route['cluster'] } : {}),
  ...(route.direct_response ? { directResponse: camelCased(route.direct_response) } : {}),
})

const routesSummary = (routes: RouteConfiguration): unknown => ({
  name: routes.name,
  virtualHosts: (routes.virtual_hosts ?? []).map(host => ({
    name: host.name,
    domains: host.domains,
    ...(host.require_tls ? { requireTls: host.require_tls } : {}),
    routes: (host.routes ?? []).map(routeSummary),
  })),
})

function tlsSummary(socket: NamedFilter): unknown {
  const context = object(socket.typed_config?.['common_tls_context'])
  const combined = object(context['combined_validation_context'])
  const validation = object(combined['default_validation_context'])
  const secret = object(combined['validation_context_sds_secret_config'])
  return {
    name: socket.name,
    alpn: context['alpn_protocols'],
    secrets: list(context['tls_certificate_sds_secret_configs']).map(one => one['name']),
    requireClientCertificate: socket.typed_config?.['require_client_certificate'],
    ...(Object.keys(validation).length > 0 ? { validation: camelCased(validation) } : {}),
    ...(secret['name'] ? { validationSecret: secret['name'] } : {}),
  }
}

function chainSummary(chain: FilterChain): unknown {
  const manager = config(chain.filters, 'envoy.filters.network.http_connection_manager')
  const proxy = config(chain.filters, 'envoy.filters.network.tcp_proxy')
  const match = chain.filter_chain_match
  const rds = object(manager?.['rds'])['route_config_name']
  return {
    name: chain.name ?? '',
    ...(match && Object.keys(match).length > 0 ? { match: camelCased(match) } : {}),
    ...(chain.transport_socket ? { tls: tlsSummary(chain.transport_socket) } : {}),
    ...(manager
      ? { http: rds ? { rds } : { routeConfig: routesSummary(manager['route_config'] as RouteConfiguration) } }
      : {}),
    ...(proxy ? { tcp: { cluster: proxy['cluster'] } } : {}),
  }
}

const listenerSummary = (listener: Listener): unknown => {
  const { address, port_value: port } = listener.address.socket_address
  const filters = (listener.listener_filters ?? []).map(filter => filter.name)
  return {
    name: listener.name,
    address: `${address}:${port}`,
    direction: listener.traffic_direction,
    ...(listener.bind_to_port === false ? { bindToPort: false } : {}),
    ...(filters.length > 0 ? { listenerFilters: filters } : {}),
    filterChains: (listener.filter_chains ?? []).map(chainSummary),
    ...(listener.default_filter_chain ? { defaultFilterChain: chainSummary(listener.default_filter_chain) } : {}),
  }
}

/** `address:port` of the endpoints that a cluster carries in itself. */
export function inlinedEndpoints(cluster: Cluster): string[] {
  const assignment = object(cluster['load_assignment'])
  return list(assignment['endpoints']).flatMap(group =>
    list(group['lb_endpoints']).map(endpoint => {
      const address = object(object(endpoint['endpoint'])['address'])
      const socket = object(address['socket_address'])
      const path = object(address['pipe'])['path']
      return typeof path === 'string' ? path : `${String(socket['address'])}:${String(socket['port_value'])}`
    }),
  )
}

const clusterSummary = (cluster: Cluster): unknown => {
  const endpoints = inlinedEndpoints(cluster)
  const matches = list(cluster['transport_socket_matches']).map(match => match['name'])
  return {
    name: cluster.name,
    type: cluster.type ?? 'STATIC',
    ...(cluster['lb_policy'] ? { lbPolicy: cluster['lb_policy'] } : {}),
    ...(endpoints.length > 0 ? { endpoints } : {}),
    ...(matches.length > 0 ? { transportSocketMatches: matches } : {}),
  }
}

export interface Summary {
  listeners: unknown[]
  routes: unknown[]
  clusters: unknown[]
}

export const summary = (configuration: ProxyConfiguration): Summary => ({
  listeners: configuration.listeners.map(listenerSummary),
  routes: configuration.routes.map(routesSummary),
  clusters: configuration.clusters.map(clusterSummary),
})
