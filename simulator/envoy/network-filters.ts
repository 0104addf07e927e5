// What a filter chain does with a connection, compiled once: HTTP through a connection manager, or bytes through
// tcp_proxy, with the network RBAC in front.
import type { FilterChain } from '../xds/types.ts'
import { compileTcp, type TcpSettings } from './filters/network/tcp-settings.ts'
import { ConnectionManager } from './http/connection-manager.ts'
import { object, text } from './json.ts'
import type { ProxyCore } from './proxy.ts'
import { compileRbac, type RbacCheck } from './rbac.ts'

export interface NetworkFilters {
  manager: ConnectionManager | null
  tcp: TcpSettings | null
  check: RbacCheck | null
}

const RBAC = 'envoy.extensions.filters.network.rbac.v3.RBAC'

export function compileNetworkFilters(filters: FilterChain['filters'], core: ProxyCore): NetworkFilters {
  const configs = filters.map(filter => object(filter.typed_config))
  const last = configs.at(-1) ?? {}
  const type = text(last['@type'])
  const rules = configs.filter(config => text(config['@type']).endsWith(RBAC))
  return {
    manager: type.endsWith('HttpConnectionManager') ? new ConnectionManager(last, core) : null,
    tcp: type.endsWith('TcpProxy') ? compileTcp(last) : null,
    check: rules.length > 0 ? compileRbac(rules) : null,
  }
}
