// The horizontal pod autoscaler (kubernetes: pkg/controller/podautoscaler/horizontal.go): every 15 s it compares the pods' use
// of their CPU requests with the target, and scales. A worker of an application that is busy uses one core.
import { type EventHandler, type SimTime, Timer } from '../../engine/index.ts'
import type { Resource } from '../../resources/types.ts'
import { type Fields, fields, list, number, text } from '../fields.ts'
import type { PodRun } from './kubelet.ts'
import { quantity } from './nodes.ts'
import type { KubernetesHost } from './types.ts'

const SECOND = 1_000_000
/** Use is looked at so often, and averaged over a period of decisions. */
const SAMPLE = SECOND
const SAMPLES_PER_DECISION = 15
/** Ratios this near to 1 change nothing (--horizontal-pod-autoscaler-tolerance). */
const TOLERANCE = 0.1
/** scaleDown.stabilizationWindowSeconds. */
const DOWN_WINDOW = 300
/** scaleUp's default policies: so many pods, or twice as many, whichever is more. */
const UP_PODS = 4

export interface Autoscaled {
  /** Pods of the target. */
  pods(kind: string, name: string, namespace: string): { owner: Resource; alive: readonly PodRun[] } | null
}

export class Autoscalers implements EventHandler {
  private readonly host: KubernetesHost
  private readonly targets: Autoscaled
  private readonly timer: Timer
  private readonly states = new Map<string, State>()
  private ticks = 0

  constructor(host: KubernetesHost, targets: Autoscaled) {
    this.host = host
    this.targets = targets
    this.timer = new Timer(host.scheduler, this, 1)
  }

  /** Begins when there is anything to scale; called whenever objects change. */
  wake(): void {
    if (!this.timer.armed && this.objects().length > 0) this.timer.arm(SAMPLE)
  }

  onEvent(): void {
    const objects = this.objects()
    if (objects.length === 0) return
    this.timer.arm(SAMPLE)
    this.ticks++
    for (const object of objects) {
      const state = this.stateOf(object)
      const spec = fields(object.spec)
      const { kind, name } = fields(spec.scaleTargetRef)
      const target = this.targets.pods(text(kind), text(name), object.metadata.namespace)
      if (target === null) continue
      const ready = target.alive.filter(pod => pod.ready)
      for (const pod of ready) state.used += this.host.busyWorkers(pod.id)
      state.seen += ready.length
      if (this.ticks % SAMPLES_PER_DECISION === 0) this.decide(spec, state, target.owner, ready.length)
    }
  }

  private decide(spec: Fields, state: State, owner: Resource, ready: number): void {
    const { used, seen } = state
    state.used = 0
    state.seen = 0
    const current = number(fields(owner.spec).replicas, 1)
    const goal = targetUtilisation(spec)
    const request = cpuRequest(owner)
    if (seen === 0 || goal === null || request === 0) return
    const ratio = (100 * used) / seen / request / goal
    const wanted = Math.abs(ratio - 1) <= TOLERANCE ? current : Math.ceil(ready * ratio)
    const least = number(spec.minReplicas, 1)
    const most = number(spec.maxReplicas, Number.MAX_SAFE_INTEGER)
    const bounded = Math.max(least, Math.min(most, wanted))
    const { now } = this.host.scheduler
    const window = number(fields(fields(spec.behavior).scaleDown).stabilizationWindowSeconds, DOWN_WINDOW) * SECOND
    state.wishes.push({ at: now, replicas: bounded })
    state.wishes = state.wishes.filter(wish => wish.at > now - Math.max(window, 1))
    const next =
      bounded > current
        ? Math.min(bounded, Math.max(current * 2, current + UP_PODS))
        : Math.min(current, Math.max(...state.wishes.map(wish => wish.replicas)))
    if (next !== current) this.host.scale(owner, next)
  }

  private objects(): Resource[] {
    return this.host.objects().filter(object => object.kind === 'HorizontalPodAutoscaler')
  }

  private stateOf({ metadata }: Resource): State {
    const key = `${metadata.namespace}/${metadata.name}`
    let state = this.states.get(key)
    if (state === undefined) {
      state = { used: 0, seen: 0, wishes: [] }
      this.states.set(key, state)
    }
    return state
  }
}

interface State {
  /** Busy workers and pods, summed over the samples of a period. */
  used: number
  seen: number
  wishes: { at: SimTime; replicas: number }[]
}

/** Percent of the CPU request: autoscaling/v2's resource metric, or v1's field; null = it scales on something else. */
function targetUtilisation(spec: Fields): number | null {
  const old = number(spec.targetCPUUtilizationPercentage, 0)
  if (old > 0) return old
  for (const metric of list(spec.metrics).map(fields)) {
    const resource = fields(metric.resource)
    const target = number(fields(resource.target).averageUtilization, 0)
    if (text(metric.type) === 'Resource' && text(resource.name) === 'cpu' && target > 0) return target
  }
  return null
}

/** Cores that the application's container asks for: `500m` or `2`; 0 = nothing said, and so nothing to scale by. */
function cpuRequest(owner: Resource): number {
  const containers = list(fields(fields(fields(owner.spec).template).spec).containers).map(fields)
  const app = containers.find(container => text(container.name) !== 'istio-proxy')
  return quantity(fields(fields(app?.resources).requests).cpu, 0)
}
