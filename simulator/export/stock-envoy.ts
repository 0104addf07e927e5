// A proxy's whole configuration as one static bootstrap that an Envoy without Istio's own filters accepts. What is left out
// or replaced is what the recordings of real Envoys left out (Istio's telemetry), and is told in words.
import type { ProxyNode } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import type {
  Cluster,
  ClusterLoadAssignment,
  FilterChain,
  JsonObject,
  Listener,
  NamedFilter,
  ProxyConfiguration,
  RouteConfiguration,
} from '../xds/types.ts'
import { ALPN_FILTER, alpnByFilterState, withAlpnOfClusters } from './alpn.ts'
import { envoyNode, RUNTIME_FLAGS } from './node.ts'
import { StaticSecrets } from './static-secrets.ts'

/** Filters that only Istio's build of Envoy has and that do not route. */
const TELEMETRY_FILTERS = new Set(['istio.metadata_exchange', 'istio.stats'])

export interface StockEnvoyExport {
  /** Envoy's Bootstrap, as JSON with proto field names. */
  bootstrap: JsonObject
  /** What was left out, replaced or must be provided, one sentence each. */
  notes: string[]
}

/**
 * The bootstrap of one proxy. Routes, endpoints and secrets stand in the resources that name them; certificates of the
 * mesh are files `certs/ca.pem` and `certs/NAMESPACE/SERVICEACCOUNT/{cert,key}.pem`.
 */
export function stockEnvoyBootstrap(
  configuration: ProxyConfiguration,
  node: ProxyNode,
  resources: readonly Resource[],
): StockEnvoyExport {
  const writer = new StockWriter(configuration, node, resources)
  const clusters = configuration.clusters.map(cluster => writer.cluster(cluster))
  const listeners = configuration.listeners.map(listener => writer.listener(listener))
  return {
    bootstrap: {
      node: envoyNode(node),
      layered_runtime: { layers: [{ name: 'global config', static_layer: RUNTIME_FLAGS }] },
      static_resources: { listeners, clusters },
    },
    notes: writer.notes(),
  }
}

class StockWriter {
  private readonly routes: ReadonlyMap<string, RouteConfiguration>
  private readonly assignments: ReadonlyMap<string, ClusterLoadAssignment>
  private readonly clusters: ReadonlyMap<string, Cluster>
  private readonly secrets: StaticSecrets
  private readonly dropped = new Map<string, number>()
  private replacedAlpn = 0

  constructor(configuration: ProxyConfiguration, node: ProxyNode, resources: readonly Resource[]) {
    this.routes = new Map(configuration.routes.map(route => [route.name, route]))
    this.assignments = new Map(configuration.endpoints.map(assignment => [assignment.cluster_name, assignment]))
    this.clusters = new Map(configuration.clusters.map(cluster => [cluster.name, cluster]))
    this.secrets = new StaticSecrets(node, resources)
  }

  notes(): string[] {
    const dropped = [...this.dropped].map(
      ([name, places]) => `${name}: left out at ${places} places; only Istio's Envoy has it, and it does not route`,
    )
    const alpn =
      this.replacedAlpn === 0
        ? []
        : [
            `${ALPN_FILTER}: replaced at ${this.replacedAlpn} places by set_filter_state with the same ALPN for each route`,
          ]
    return [...dropped, ...alpn, ...this.secrets.notes()]
  }

  listener(listener: Listener): Listener {
    const written: Listener = { ...listener }
    if (listener.filter_chains) written.filter_chains = listener.filter_chains.map(chain => this.chain(chain))
    if (listener.default_filter_chain) written.default_filter_chain = this.chain(listener.default_filter_chain)
    return written
  }

  private chain(chain: FilterChain): FilterChain {
    const names = chain.filter_chain_match?.server_names ?? []
    const written = {
      ...chain,
      filters: this.stockFilters(chain.filters ?? []).map(filter => this.networkFilter(filter)),
    }
    if (chain.transport_socket) written.transport_socket = this.secrets.inline(chain.transport_socket, names)
    return written
  }

  private networkFilter(filter: NamedFilter): NamedFilter {
    const config = filter.typed_config
    const httpFilters = config?.['http_filters'] as NamedFilter[] | undefined
    if (!config || !httpFilters) return filter
    const { rds, route_config, ...rest } = config
    const name = (rds as { route_config_name?: string } | undefined)?.route_config_name
    const routes = name === undefined ? route_config : (this.routes.get(name) ?? { name, virtual_hosts: [] })
    const byAlpn = httpFilters.some(candidate => candidate.name === ALPN_FILTER)
    if (byAlpn) this.replacedAlpn++
    const stock = this.stockFilters(httpFilters).map(http => (http.name === ALPN_FILTER ? alpnByFilterState() : http))
    return {
      ...filter,
      typed_config: {
        ...rest,
        '@type': config['@type'],
        route_config: byAlpn ? withAlpnOfClusters(routes as RouteConfiguration, this.clusters) : routes,
        http_filters: stock,
      },
    }
  }

  private stockFilters(filters: readonly NamedFilter[]): NamedFilter[] {
    return filters.filter(({ name }) => {
      if (!TELEMETRY_FILTERS.has(name)) return true
      this.dropped.set(name, (this.dropped.get(name) ?? 0) + 1)
      return false
    })
  }

  cluster(cluster: Cluster): Cluster {
    const written: Cluster = this.withEndpoints(cluster)
    const filters = this.stockFilters((cluster['filters'] as NamedFilter[] | undefined) ?? [])
    if (filters.length > 0) written['filters'] = filters
    else delete written['filters']
    const matches = cluster['transport_socket_matches'] as { transport_socket: NamedFilter }[] | undefined
    if (matches) {
      written['transport_socket_matches'] = matches.map(match => ({
        ...match,
        transport_socket: this.secrets.inline(match.transport_socket, []),
      }))
    }
    const socket = cluster['transport_socket'] as NamedFilter | undefined
    if (socket) written['transport_socket'] = this.secrets.inline(socket, [])
    return written
  }

  /** Endpoints of EDS stand in the cluster itself. */
  private withEndpoints(cluster: Cluster): Cluster {
    if (cluster.type !== 'EDS') return { ...cluster }
    const { eds_cluster_config, ...rest } = cluster
    const source = eds_cluster_config as { service_name?: string } | undefined
    const assignment = this.assignments.get(source?.service_name || cluster.name)
    const endpoints: JsonObject = { ...assignment, cluster_name: cluster.name }
    return { ...rest, name: cluster.name, type: 'STATIC', load_assignment: endpoints }
  }
}
