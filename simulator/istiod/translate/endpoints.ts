// Assignments of endpoints to a proxy's clusters (pilot/pkg/xds/eds.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { Cluster, ClusterLoadAssignment } from '../../xds/types.ts'
import { buildClusters } from './clusters.ts'
import { loadAssignment } from './endpoint-groups.ts'

/** `outbound|9080|v1|host` or `outbound_.9080_.v1_.host` -> its parts. */
function parseName(name: string): { port: number; subset: string; host: string } | null {
  const [direction = '', port = '', subset = '', host = ''] = name.includes('|') ? name.split('|') : name.split('_.')
  if (direction !== 'outbound' || host === '') return null
  const rest = name.includes('|') ? host : name.split('_.').slice(3).join('_.')
  return { port: Number(port), subset, host: rest }
}

/** Assignments of all EDS clusters of the proxy, sorted by name. */
export function buildEndpoints(
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
  clusters: readonly Cluster[] = buildClusters(snapshot, proxy),
): ClusterLoadAssignment[] {
  const scope = snapshot.sidecarScope(proxy)
  return clusters
    .filter(cluster => cluster.type === 'EDS')
    .map(cluster => {
      const source = cluster['eds_cluster_config'] as { service_name?: string } | undefined
      const name = source?.service_name || cluster.name
      const parts = parseName(name)
      const service = parts ? scope.servicesByHostname.get(parts.host) : undefined
      if (!parts || !service) return { cluster_name: name }
      const rule = snapshot.destinationRuleFor(proxy, service)
      return loadAssignment(snapshot, proxy, name, { service, port: parts.port, subset: parts.subset, rule })
    })
    .sort((a, b) => compareText(a.cluster_name, b.cluster_name))
}
