// Which filters of a configuration the model acts on, for whoever has to tell the user what has no effect.

import type { JsonObject } from '../../xds/types.ts'
import { object } from '../json.ts'
import { hasHttpFilter, unwrap } from './http/registry.ts'

/** Network filters that act, and those whose absence changes nothing that a run shows. */
const NETWORK = new Set([
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.tcp.metadataexchange.config.MetadataExchange',
  'stats.PluginConfig',
])

/** Type of a filter (`envoy.extensions...`) that has no effect in this model, '' when it acts or shows nothing. */
export function filterWithoutEffect(kind: 'http' | 'network', filter: JsonObject): string {
  const { type } = unwrap(object(filter.typed_config))
  const known = kind === 'http' ? hasHttpFilter(type) : NETWORK.has(type)
  return known ? '' : type
}
