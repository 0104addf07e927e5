// Patches on clusters (pilot/pkg/networking/core/envoyfilter/cluster_patch.go).
import type { Cluster, JsonObject, NamedFilter } from '../../xds/types.ts'
import { deepCopy, mergeMessage, mergeTyped } from './envoy-filter-merge.ts'
import { addsIn, inContext, merges, type Patch, type PatchContext, type Patches } from './envoy-filter-patches.ts'

/** Hosts of the services behind an inbound cluster's port. */
export type InboundHosts = (port: number) => readonly string[]

function clusterMatches(patch: Patch, cluster: Cluster, inboundHosts: InboundHosts): boolean {
  const match = patch.match.cluster
  if (!match) return true
  if (match.name) return match.name === cluster.name
  let [direction = '', port = '', subset = '', host = ''] = cluster.name.split('|')
  if (cluster.name.startsWith('outbound_.'))
    [direction = '', port = '', subset = '', host = ''] = cluster.name.split('_.')
  const number = Number(port) || 0
  const hosts = direction === 'inbound' ? inboundHosts(number) : []
  if (match.subset && match.subset !== subset) return false
  if (match.service && !(hosts.length > 0 ? hosts : [host]).includes(match.service)) return false
  return !match.portNumber || match.portNumber === number
}

/** Clusters of one context, patched; additions are made at the end. */
export function patchClusters(
  patches: Patches,
  context: PatchContext,
  clusters: readonly Cluster[],
  inboundHosts: InboundHosts,
): Cluster[] {
  const list = patches.get('CLUSTER') ?? []
  const kept = clusters.filter(cluster => {
    for (const patch of list) {
      if (!inContext(patch, context) || !clusterMatches(patch, cluster, inboundHosts)) continue
      if (patch.operation === 'REMOVE') return false
      if (merges(patch) && !mergeTransportSocket(cluster, patch.value)) {
        mergeMessage(cluster, patch.value, patch.operation === 'MERGE_AND_REPLACE_LIST')
      }
    }
    return true
  })
  for (const patch of list) if (addsIn(patch, context)) kept.push(deepCopy(patch.value) as unknown as Cluster)
  return kept
}

/** TLS is merged into the socket of the same kind, also in the list of matches; nothing else of such a patch counts. */
function mergeTransportSocket(cluster: Cluster, value: JsonObject): boolean {
  const given = value['transport_socket'] as NamedFilter | undefined
  if (!given) return false
  const matches = (cluster['transport_socket_matches'] ?? []) as { transport_socket?: NamedFilter }[]
  let own: NamedFilter | undefined
  if (matches.length > 0) {
    own = matches.map(match => match.transport_socket).find(socket => socket?.name === given.name)
    if (!own) return true
  } else {
    const single = cluster['transport_socket'] as NamedFilter | undefined
    own = single?.name === given.name ? single : undefined
  }
  if (!own) cluster['transport_socket'] = deepCopy(given)
  else if (own.typed_config && given.typed_config) mergeTyped(own.typed_config, given.typed_config)
  return true
}
