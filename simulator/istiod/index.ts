// The door of the istiod room: one proxy's complete configuration out of a snapshot of the mesh.
import type { MeshSnapshot } from '../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../registry/types.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import { buildClusters } from './translate/clusters.ts'
import { buildEndpoints } from './translate/endpoints.ts'
import { applyEnvoyFilters } from './translate/envoy-filter.ts'
import { buildListeners } from './translate/listeners.ts'
import { buildRoutes } from './translate/routes.ts'

/** Listeners, routes, clusters and endpoints that istiod would push to `proxy`, each sorted by name. */
export function translateProxy(snapshot: MeshSnapshot, proxy: ProxyNode): ProxyConfiguration {
  const listeners = buildListeners(snapshot, proxy)
  const clusters = buildClusters(snapshot, proxy)
  return applyEnvoyFilters(
    {
      listeners,
      routes: buildRoutes(snapshot, proxy, listeners),
      clusters,
      endpoints: buildEndpoints(snapshot, proxy),
    },
    snapshot,
    proxy,
  )
}
