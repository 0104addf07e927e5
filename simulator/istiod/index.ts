// The door of the istiod room: one proxy's complete configuration out of a snapshot of the mesh.
import type { MeshSnapshot } from '../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../registry/types.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { buildClusters } from './translate/clusters.ts'
import { buildEndpoints } from './translate/endpoints.ts'
import { applyEnvoyFilters } from './translate/envoy-filter.ts'
import { buildListeners } from './translate/listeners.ts'
import { buildRoutes } from './translate/routes.ts'

/**
 * Listeners, routes, clusters and endpoints that istiod would push to `proxy`, each sorted by name, with EnvoyFilters
 * applied. Endpoints are those of the clusters that are left then, since Envoy asks for no others.
 */
export function translateProxy(snapshot: MeshSnapshot, proxy: ProxyNode): ProxyConfiguration {
  const listeners = buildListeners(snapshot, proxy)
  const routes = buildRoutes(snapshot, proxy, listeners)
  const clusters = buildClusters(snapshot, proxy)
  const patched = applyEnvoyFilters({ listeners, routes, clusters, endpoints: [] }, snapshot, proxy)
  return { ...patched, endpoints: buildEndpoints(snapshot, proxy, patched.clusters) }
}
