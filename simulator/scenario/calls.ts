// Who calls whom, as a scenario's behaviours and loads tell: what the linters of retries and timeouts need.
import type { Call } from '../lint/index.ts'
import { type MeshSnapshot, subsetOf, type Workload } from '../registry/index.ts'
import { callsOfHandling, parseUrl, type Target } from '../world/apps/index.ts'
import { describes } from './applications.ts'
import { workloadOf } from './directory.ts'
import type { ScenarioSpec, WorkloadBehaviourSpec } from './schema.ts'

type Pods = [Workload, ...Workload[]]

/** Calls of every workload, then those that loads bring into the mesh. */
export function callsOf(scenario: ScenarioSpec, snapshot: MeshSnapshot): Call[] {
  const { workloads } = snapshot.input
  const calls: Call[] = []
  for (const [caller, pods] of grouped(workloads)) {
    const described = (scenario.workloads ?? []).find(behaviour => describes(behaviour, pods[0]))
    if (described !== undefined && !pods[0].gateway) calls.push(...behaviourCalls(caller, pods, described))
  }
  return [...calls, ...loadCalls(scenario, snapshot)]
}

/** `workload.namespace` -> its pods, in order of arrival. */
function grouped(workloads: readonly Workload[]): Map<string, Pods> {
  const byName = new Map<string, Pods>()
  for (const workload of workloads) {
    const name = nameOf(workload)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, [workload])
    else known.push(workload)
  }
  return byName
}

const nameOf = ({ name, namespace }: Workload): string => `${workloadOf(name)}.${namespace}`

function behaviourCalls(caller: string, pods: Pods, { behaviour }: WorkloadBehaviourSpec): Call[] {
  const specs = [behaviour, ...(behaviour.routes ?? [])].flatMap(callsOfHandling)
  return specs.flatMap(({ url, attempts = 1, copies = 1 }) => {
    const target = parseUrl(url)
    return target === null ? [] : [callTo(caller, pods, target, attempts * copies)]
  })
}

function callTo(caller: string, pods: Pods, { host, port, path }: Target, times: number): Call {
  return { caller, pods, host, port, path: path.split('?')[0] ?? path, times }
}

/** A load from a pod is that pod's call; one from outside is the call of the gateway that it comes through. */
function loadCalls({ loads = [] }: ScenarioSpec, snapshot: MeshSnapshot): Call[] {
  const { workloads } = snapshot.input
  return loads.flatMap(({ source, via, requests }) => {
    const inside = workloads.filter(w => nameOf(w) === source || `${w.name}.${w.namespace}` === source)
    const gateway = workloads.filter(w => w.gateway && (via === undefined || behind(via, w, snapshot)))
    const [first, ...rest] = inside.length > 0 ? inside : gateway
    if (first === undefined) return []
    return requests.flatMap(({ url, host }) => {
      const target = parseUrl(url)
      return target === null
        ? []
        : [callTo(nameOf(first), [first, ...rest], { ...target, host: host ?? target.host }, 1)]
    })
  })
}

/** Does the Service that the load goes through, `name.namespace` or longer, select this pod? */
function behind(via: string, workload: Workload, snapshot: MeshSnapshot): boolean {
  const [name, namespace] = via.split('.')
  return snapshot.services.some(
    service =>
      service.name === name &&
      (namespace === undefined || service.namespace === namespace) &&
      service.namespace === workload.namespace &&
      service.selector !== null &&
      subsetOf(service.selector, workload.labels),
  )
}
