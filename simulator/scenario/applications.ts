// Puts an application behind each pod's ports: the behaviour that the scenario describes, or the plainest one. Nothing
// here recognises a name: an undescribed workload answers 200 with its own name at once, and the report says so.
import type { Recorder } from '../observation/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import { Application, type BehaviourSpec } from '../world/apps/index.ts'
import type { Pod, World } from '../world/index.ts'
import { workloadOf } from './directory.ts'
import type { WorkloadBehaviourSpec } from './schema.ts'

export interface Applications {
  /** By `name.namespace` of the pod. */
  byPod: Map<string, Application>
  /** `workload.namespace` that no behaviour matched, in order of the pods. */
  undescribed: string[]
  /** Indices of behaviours that matched no pod. */
  unused: number[]
}

export function attachApplications(
  world: World,
  recorder: Recorder,
  behaviours: readonly WorkloadBehaviourSpec[],
  resources: readonly Resource[],
  clients: ReadonlySet<string>,
): Applications {
  const byPod = new Map<string, Application>()
  const undescribed = new Set<string>()
  const used = new Set<number>()
  for (const pod of world.pods.values()) {
    if (pod.workload.gateway) continue
    const index = behaviours.findIndex(behaviour => describes(behaviour, pod.workload))
    if (index >= 0) used.add(index)
    const { namespace, name } = pod.workload
    const ports = portsOf(pod, resources)
    if (ports.length === 0) continue
    const workload = workloadOf(name)
    if (index < 0 && !clients.has(pod.id)) undescribed.add(`${workload}.${namespace}`)
    const behaviour: BehaviourSpec = behaviours[index]?.behaviour ?? {}
    const application = new Application({
      scheduler: world.engine,
      tree: world.tree,
      recorder,
      network: pod.network,
      resolve: host => world.resolve(host, namespace),
      name: workload,
      pod: pod.id,
      behaviour,
    })
    for (const port of ports) pod.listen(port, application)
    byPod.set(pod.id, application)
  }
  const unused = behaviours.map((_behaviour, i) => i).filter(i => !used.has(i))
  return { byPod, undescribed: [...undescribed], unused }
}

/** Does the scenario's behaviour mean this pod? */
export function describes(behaviour: WorkloadBehaviourSpec, workload: Workload): boolean {
  const { name, namespace, labels } = workload
  if (behaviour.namespace !== undefined && behaviour.namespace !== namespace) return false
  if (behaviour.name !== undefined && behaviour.name !== workloadOf(name) && behaviour.name !== name) return false
  return Object.entries(behaviour.labels ?? {}).every(([key, value]) => labels[key] === value)
}

/** Container ports, and the target ports of the Services that select the pod (a container need not declare its ports). */
function portsOf(pod: Pod, resources: readonly Resource[]): number[] {
  const { workload } = pod
  const ports = new Set(workload.containerPorts.map(port => port.port).filter(port => port > 0))
  for (const resource of resources) {
    if (resource.kind !== 'Service' || resource.metadata.namespace !== workload.namespace) continue
    const spec = isObject(resource.spec) ? resource.spec : {}
    const selector = isObject(spec['selector']) ? Object.entries(spec['selector']) : []
    if (selector.length === 0 || !selector.every(([key, value]) => workload.labels[key] === value)) continue
    for (const port of Array.isArray(spec['ports']) ? spec['ports'] : []) {
      if (!isObject(port)) continue
      const target = port['targetPort'] ?? port['port']
      if (typeof target === 'number') ports.add(target)
    }
  }
  return [...ports]
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
