// What a filter chain does with a connection, compiled once: filters that decide whether its bytes may go on, then HTTP
// through a connection manager, or bytes through tcp_proxy.
import type { FilterChain, JsonObject } from '../xds/types.ts'
import { unwrap } from './filters/http/registry.ts'
import { NetworkExtAuthz } from './filters/network/ext-authz.ts'
import type { NetworkFilter } from './filters/network/filter.ts'
import { NetworkRbac } from './filters/network/rbac.ts'
import { compileTcp, type TcpSettings } from './filters/network/tcp-settings.ts'
import { createStats } from './filters/stats/create.ts'
import type { IstioStats } from './filters/stats/istio-stats.ts'
import { ConnectionManager } from './http/connection-manager.ts'
import { object } from './json.ts'
import type { ProxyCore } from './proxy.ts'

export interface NetworkFilters {
  manager: ConnectionManager | null
  tcp: TcpSettings | null
  /** In order, before either. */
  gates: readonly NetworkFilter[]
  /** Istio's statistics filters of TCP; null = nobody asks for metrics. */
  stats: readonly IstioStats[] | null
}

type Factory = (config: JsonObject, core: ProxyCore) => NetworkFilter

const GATES: ReadonlyMap<string, Factory> = new Map<string, Factory>([
  ['envoy.extensions.filters.network.rbac.v3.RBAC', (config, core) => new NetworkRbac(config, core.stats.counter)],
  ['envoy.extensions.filters.network.ext_authz.v3.ExtAuthz', config => new NetworkExtAuthz(config)],
])

/** The last filters of a chain, and those whose absence changes nothing that a run shows. */
const OTHERS: ReadonlySet<string> = new Set([
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.tcp.metadataexchange.config.MetadataExchange',
  'stats.PluginConfig',
])

/** Is a filter of this type acted on, or is there nothing of it to be seen? */
export const hasNetworkFilter = (type: string): boolean => GATES.has(type) || OTHERS.has(type)

export function compileNetworkFilters(filters: FilterChain['filters'], core: ProxyCore): NetworkFilters {
  const configs = filters.map(filter => unwrap(object(filter.typed_config)))
  const { type, value } = configs.at(-1) ?? { type: '', value: {} }
  const gates = configs.flatMap(config => GATES.get(config.type)?.(config.value, core) ?? [])
  return {
    manager: type.endsWith('HttpConnectionManager') ? new ConnectionManager(value, core) : null,
    tcp: type.endsWith('TcpProxy') ? compileTcp(value) : null,
    gates,
    stats: createStats(filters, core.options.metrics),
  }
}
