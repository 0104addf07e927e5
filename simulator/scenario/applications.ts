// Puts an application behind each pod's ports: the behaviour that the scenario describes, or the plainest one. Nothing
// here recognises a name: an undescribed workload answers 200 with its own name at once, and the report says so.
import { parseDuration } from '../engine/index.ts'
import type { Recorder } from '../observation/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import { Application, type BehaviourSpec, RateLimiter } from '../world/apps/index.ts'
import type { Pod, PodApplications, World } from '../world/index.ts'
import { workloadOf } from './directory.ts'
import { rateLimitsOf } from './rate-limits.ts'
import type { ExternalHostSpec, WorkloadBehaviourSpec } from './schema.ts'

/** The applications of one run: those of the pods at the start, and those of pods that are born later. */
export class Applications implements PodApplications {
  /** By `name.namespace` of the pod. */
  readonly byPod = new Map<string, Application>()
  private readonly world: World
  private readonly recorder: Recorder
  private readonly behaviours: readonly WorkloadBehaviourSpec[]
  /** What is wrong with configurations that behaviours name, in words. */
  readonly wrong: string[] = []
  private readonly limiters = new Map<string, RateLimiter>()
  private readonly nobody = new Set<string>()
  private readonly used = new Set<number>()

  constructor(
    world: World,
    recorder: Recorder,
    behaviours: readonly WorkloadBehaviourSpec[],
    clients: ReadonlySet<string>,
  ) {
    this.world = world
    this.recorder = recorder
    this.behaviours = behaviours
    for (const pod of world.pods.values()) this.attach(pod, clients)
    world.applications = this
  }

  /** Puts applications behind the hosts outside of the cluster. */
  serveExternal(hosts: readonly ExternalHostSpec[]): void {
    for (const { name, hosts: names, ports, behaviour = {}, tls } of hosts) {
      const pod = this.world.pod(name)
      if (pod === null) continue
      if (tls !== undefined) {
        const certificate = tls.certificate ?? { names }
        this.serve(pod, name, tls.ports, { ...(tls.behaviour ?? behaviour), certificate })
      }
      this.serve(pod, name, ports, behaviour)
    }
  }

  /** `workload.namespace` that no behaviour matched, in order of the pods. */
  get undescribed(): string[] {
    return [...this.nobody]
  }

  /** Indices of behaviours that matched no pod. */
  get unused(): number[] {
    return this.behaviours.map((_behaviour, i) => i).filter(i => !this.used.has(i))
  }

  start(pod: Pod): void {
    this.attach(pod, new Set())
  }

  stop(pod: Pod): void {
    for (const port of portsOf(pod, this.world.currentResources())) pod.unlisten(port)
  }

  load(pod: Pod): { busy: number; waiting: number } {
    return this.byPod.get(pod.id)?.load ?? { busy: 0, waiting: 0 }
  }

  crash(pod: Pod): void {
    this.stop(pod)
    this.byPod.get(pod.id)?.crash()
  }

  /** An application without a port takes no connections, and lives. */
  probe(pod: Pod, path: string, answer: (good: boolean) => void): void {
    const application = this.byPod.get(pod.id)
    if (path === '' || application === undefined) answer(application?.crashed !== true)
    else application.probe(path, status => answer(status >= 200 && status < 400))
  }

  startUp({ workload }: Pod): number | null {
    const behaviour = this.behaviours.find(spec => describes(spec, workload))?.behaviour
    return behaviour?.startUp === undefined ? null : parseDuration(behaviour.startUp)
  }

  private attach(pod: Pod, clients: ReadonlySet<string>): void {
    if (pod.workload.gateway) return
    const { behaviours, world } = this
    const index = behaviours.findIndex(behaviour => describes(behaviour, pod.workload))
    if (index >= 0) this.used.add(index)
    const { namespace, name } = pod.workload
    const ports = portsOf(pod, world.currentResources())
    if (ports.length === 0) return
    const workload = workloadOf(name)
    if (index < 0 && !clients.has(pod.id)) this.nobody.add(`${workload}.${namespace}`)
    this.serve(pod, workload, ports, behaviours[index]?.behaviour ?? {})
  }

  /** One for all replicas of a workload: their counters are in one store. */
  private limiterOf({ workload }: Pod, name: string, configMap: string): RateLimiter {
    const { namespace } = workload
    const key = `${name}.${namespace}`
    let limiter = this.limiters.get(key)
    if (limiter === undefined) {
      const { domains, wrong } = rateLimitsOf(this.world.currentResources(), namespace, configMap)
      if (wrong !== null) this.wrong.push(`rateLimiter of ${key}: ${wrong}`)
      limiter = new RateLimiter(domains)
      this.limiters.set(key, limiter)
    }
    return limiter
  }

  private serve(pod: Pod, name: string, ports: readonly number[], behaviour: BehaviourSpec): void {
    const { world } = this
    const { rateLimiter } = behaviour
    const application = new Application({
      scheduler: world.engine,
      tree: world.tree,
      recorder: this.recorder,
      network: pod.network,
      resolve: host => world.resolveIn(pod, host),
      name,
      pod: pod.id,
      behaviour,
      rateLimiter: rateLimiter === undefined ? null : this.limiterOf(pod, name, rateLimiter.configMap),
    })
    for (const port of ports) pod.listen(port, application)
    this.byPod.set(pod.id, application)
  }
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
