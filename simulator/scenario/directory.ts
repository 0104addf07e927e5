// Who stands behind an address: the names by which reports and pictures speak of pods.
import type { Directory, Party } from '../observation/index.ts'
import { type Pod, type World, workloadOf } from '../world/index.ts'
import type { LoadSpec } from '../world/load/index.ts'

export { workloadOf } from '../world/index.ts'

export function partyOf(pod: Pod): Party {
  const { name, namespace, labels } = pod.workload
  const workload = workloadOf(name)
  return {
    workload,
    app: labels['app'] ?? labels['app.kubernetes.io/name'] ?? workload,
    version: labels['version'] ?? labels['app.kubernetes.io/version'] ?? '',
    namespace,
  }
}

/** Pods are looked up by the world's own tables; a pod that has gone keeps its name for the requests under way. */
export function directoryOf(world: World, loads: readonly LoadSpec[]): Directory {
  const byId = new Map<string, Party>()
  const byIp = new Map<string, Party>()
  const learn = (): void => {
    for (const pod of world.pods.values()) {
      if (byId.has(pod.id)) continue
      const party = partyOf(pod)
      byId.set(pod.id, party)
      byIp.set(pod.ip, party)
    }
  }
  learn()
  const known = new Map(loads.map(load => [load.name, load]))
  return {
    byPod(id) {
      if (!byId.has(id)) learn()
      return byId.get(id) ?? null
    },
    byIp(ip) {
      if (!byIp.has(ip)) learn()
      return byIp.get(ip) ?? null
    },
    byLoad(name) {
      const load = known.get(name)
      if (load === undefined) return null
      const pod = sourcePod(world, load.source)
      if (pod !== null && pod.proxy !== null) return null
      const url = load.requests[0]?.url ?? ''
      const host = load.via ?? (url.split('/')[2] ?? '').split(':')[0] ?? ''
      return { source: pod === null ? load.source : partyOf(pod).app, destination: host.split('.')[0] ?? host }
    },
  }
}

/** The pod that `name.namespace` means: a pod's own id, or the first pod of a workload of that name. */
export function sourcePod(world: World, source: string): Pod | null {
  const exact = world.pods.get(source)
  if (exact !== undefined) return exact
  for (const pod of world.pods.values()) {
    if (`${workloadOf(pod.workload.name)}.${pod.workload.namespace}` === source) return pod
  }
  return null
}
