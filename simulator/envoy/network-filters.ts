// What a filter chain does with a connection, compiled once: filters that decide whether its bytes may go on, then HTTP
// through a connection manager, or bytes through tcp_proxy.
import type { FilterChain } from '../xds/types.ts'
import { unwrap } from './filters/http/registry.ts'
import { NetworkExtAuthz } from './filters/network/ext-authz.ts'
import type { NetworkFilter } from './filters/network/filter.ts'
import { NetworkRbac } from './filters/network/rbac.ts'
import { compileTcp, type TcpSettings } from './filters/network/tcp-settings.ts'
import { ConnectionManager } from './http/connection-manager.ts'
import { object } from './json.ts'
import type { ProxyCore } from './proxy.ts'

export interface NetworkFilters {
  manager: ConnectionManager | null
  tcp: TcpSettings | null
  /** In order, before either. */
  gates: readonly NetworkFilter[]
}

const RBAC = 'envoy.extensions.filters.network.rbac.v3.RBAC'
const EXT_AUTHZ = 'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz'

export function compileNetworkFilters(filters: FilterChain['filters'], core: ProxyCore): NetworkFilters {
  const configs = filters.map(filter => unwrap(object(filter.typed_config)))
  const { type, value } = configs.at(-1) ?? { type: '', value: {} }
  const gates: NetworkFilter[] = []
  for (const config of configs) {
    if (config.type === RBAC) gates.push(new NetworkRbac(config.value, core.stats.counter))
    if (config.type === EXT_AUTHZ) gates.push(new NetworkExtAuthz(config.value))
  }
  return {
    manager: type.endsWith('HttpConnectionManager') ? new ConnectionManager(value, core) : null,
    tcp: type.endsWith('TcpProxy') ? compileTcp(value) : null,
    gates,
  }
}
