// All clusters of a proxy (pilot/pkg/networking/core/cluster.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText, isWildcard } from '../../registry/names.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { Cluster } from '../../xds/types.ts'
import { ClusterBuilder } from './cluster-builder.ts'
import { inboundClusters } from './cluster-inbound.ts'
import { blackHole, dynamicDnsForAny, inboundPassthrough, passthrough } from './cluster-special.ts'

/** Outbound, inbound and special clusters, sorted by name; of equal names the first stays. */
export function buildClusters(snapshot: MeshSnapshot, proxy: ProxyNode): Cluster[] {
  const builder = new ClusterBuilder(snapshot, proxy)
  const clusters: Cluster[] = outboundClusters(builder)
  clusters.push(blackHole(snapshot.meshConfig))
  if (proxy.type === 'sidecar') {
    clusters.push(passthrough(builder))
    if (String(snapshot.sidecarScope(proxy).outboundTrafficPolicy.mode) === 'ALLOW_ANY_DYNAMIC_DNS') {
      clusters.push(dynamicDnsForAny(builder))
    }
    clusters.push(...inboundClusters(builder), inboundPassthrough(builder))
  } else if (passesThroughBySni(snapshot, proxy)) clusters.push(...sniDnatClusters(builder))
  const byName = new Map<string, Cluster>()
  for (const cluster of clusters) if (!byName.has(cluster.name)) byName.set(cluster.name, cluster)
  return [...byName.values()].sort((a, b) => compareText(a.name, b.name))
}

function outboundClusters(builder: ClusterBuilder): Cluster[] {
  const clusters: Cluster[] = []
  for (const service of builder.scope.services) {
    if (service.resolution === 'Alias') continue
    for (const port of service.ports) {
      if (port.protocol === 'UDP') continue
      if (isWildcard(service.hostname) && service.resolution === 'DynamicDNS') {
        const dynamic = builder.dynamicCluster(service, port)
        if (dynamic) clusters.push(dynamic)
      } else clusters.push(...builder.serviceClusters(service, port, 'outbound'))
    }
  }
  return clusters
}

const passesThroughBySni = (snapshot: MeshSnapshot, proxy: ProxyNode): boolean =>
  snapshot
    .gatewaysFor(proxy)
    .some(gateway => (gateway.spec.servers ?? []).some(server => server.tls?.mode === 'AUTO_PASSTHROUGH'))

/** Clusters named by SNI: traffic of other clusters of the mesh passes through untouched. */
function sniDnatClusters(builder: ClusterBuilder): Cluster[] {
  const clusters: Cluster[] = []
  for (const service of builder.scope.services) {
    if (service.meshExternal || service.resolution === 'Alias') continue
    for (const port of service.ports) {
      if (port.protocol !== 'UDP') clusters.push(...builder.serviceClusters(service, port, 'sni-dnat'))
    }
  }
  return clusters
}
