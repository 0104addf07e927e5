// Flagger as a controller in the event world (fluxcd/flagger: pkg/controller/scheduler.go):
//
//   initializing ──► waiting ──new template──► progressing ──maxWeight held──► promoting ──primary ready──► succeeded ─► waiting
//                                                 └── threshold failed checks ──► failed (weights back, canary scaled to 0)
//
// It looks at each interval. Metrics are those of requests to the canary since a metric's own interval; no traffic means no
// value, and the canary does not advance.
import { type EventHandler, parseDuration, type SimTime } from '../engine/index.ts'
import { isError, LatencyHistogram, type Observation, type Recorder, serviceOfCluster } from '../observation/index.ts'
import type { Canary } from '../resources/delivery/canary.ts'
import type { Resource } from '../resources/types.ts'
import type { World } from '../world/index.ts'
import { primaryOf, replicasOf, routeOf, servicesOf, templateOf, withReplicas } from './objects.ts'

type Phase = 'initializing' | 'waiting' | 'progressing' | 'promoting' | 'failed'

interface Sample {
  at: SimTime
  latency: SimTime
  failed: boolean
}

const KEPT = 120_000_000

/** All Canaries of a mesh. Hears the streams of the proxies, as Prometheus would. */
export class Flagger implements Recorder, EventHandler {
  private world: World | null = null
  private mark: (what: string) => void = () => {}
  private readonly runs: CanaryRun[] = []

  /** The Canaries among the objects begin. */
  start(world: World, mark: (what: string) => void): void {
    this.world = world
    this.mark = mark
    for (const resource of world.currentResources()) {
      if (resource.kind !== 'Canary') continue
      const run = new CanaryRun(world, resource, what => this.mark(what))
      this.runs.push(run)
      world.engine.after(0, this, 1, run)
    }
  }

  onEvent(_kind: number, subject: unknown): void {
    const run = subject as CanaryRun
    run.look()
    this.world?.engine.after(run.interval, this, 1, run)
  }

  wants(kind: Observation['kind']): boolean {
    return kind === 'stream' && this.runs.length > 0
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind !== 'stream' || observation.direction === 'inbound') return
    const service = serviceOfCluster(observation.cluster)
    for (const run of this.runs) {
      if (service !== `${run.name}-canary`) continue
      const { end, start, status, flags } = observation
      run.sample({ at: end, latency: end - start, failed: isError(status, flags) })
    }
  }
}

class CanaryRun {
  readonly name: string
  readonly interval: SimTime
  private readonly world: World
  private readonly spec: Canary
  private readonly namespace: string
  private readonly mark: (what: string) => void
  private phase: Phase = 'initializing'
  private weight = 0
  private failures = 0
  private hurt = 0
  private wished = 1
  /** Template that the primary runs. */
  private stable = ''
  /** Template that has failed: not tried again. */
  private refused = ''
  private samples: Sample[] = []

  constructor(world: World, resource: Resource, mark: (what: string) => void) {
    this.world = world
    this.spec = resource.spec as Canary
    this.name = this.spec.service.name ?? this.spec.targetRef.name
    this.namespace = resource.metadata.namespace
    this.interval = parseDuration(this.spec.analysis.interval ?? '60s') ?? 60_000_000
    this.mark = what => mark(`canary ${resource.metadata.name}: ${what}`)
  }

  sample(sample: Sample): void {
    this.samples.push(sample)
    if (sample.failed) this.hurt++
  }

  look(): void {
    const target = this.deployment(this.spec.targetRef.name)
    if (target === null) return
    switch (this.phase) {
      case 'initializing':
        this.initialize(target)
        return
      case 'waiting':
      case 'failed':
        this.wait(target)
        return
      case 'progressing':
        this.progress(target)
        return
      case 'promoting':
        this.finish(target)
    }
  }

  private initialize(target: Resource): void {
    const primary = this.deployment(`${target.metadata.name}-primary`)
    if (primary === null) {
      this.wished = replicasOf(target)
      this.stable = JSON.stringify(templateOf(target))
      this.world.apply({ upsert: [primaryOf(target, this.wished)] })
      this.mark('Initializing, the primary starts')
      return
    }
    if (!this.allReady(primary)) return
    this.world.apply({ upsert: servicesOf(this.name, this.namespace, target.metadata.name, this.spec) })
    this.route(0)
    this.world.apply({ upsert: [withReplicas(target, 0)] })
    this.phase = 'waiting'
    this.mark('Initialized')
  }

  private wait(target: Resource): void {
    const template = JSON.stringify(templateOf(target))
    if (template === this.stable || template === this.refused) return
    this.phase = 'progressing'
    this.failures = 0
    this.hurt = 0
    this.weight = 0
    this.samples = []
    if (replicasOf(target) === 0) this.world.apply({ upsert: [withReplicas(target, this.wished)] })
    this.mark('Progressing, a new revision was detected')
  }

  private progress(target: Resource): void {
    const { stepWeight = 5, maxWeight = 50, threshold = 10 } = this.spec.analysis
    if (this.failures >= threshold) {
      this.rollBack(target)
      return
    }
    if (!this.allReady(target)) return
    if (this.weight > 0) {
      const wrong = this.check()
      if (wrong !== '') {
        this.failures++
        this.mark(`Halt advancement, ${wrong} (${this.failures} of ${threshold})`)
        if (this.failures >= threshold) this.rollBack(target)
        return
      }
    }
    if (this.weight >= maxWeight) {
      this.promote(target)
      return
    }
    this.route(Math.min(this.weight + stepWeight, maxWeight))
    this.mark(`Advance, weight ${this.weight}`)
  }

  /** What is wrong with the canary's metrics; '' = nothing. */
  private check(): string {
    const { now } = this.world.engine
    this.samples = this.samples.filter(sample => sample.at > now - KEPT)
    for (const metric of this.spec.analysis.metrics ?? []) {
      const since = now - (parseDuration(metric.interval ?? '60s') ?? 60_000_000)
      const seen = this.samples.filter(sample => sample.at > since)
      if (seen.length === 0) return `no values found for ${metric.name}`
      const value = measure(metric.name, seen)
      const { min, max } = metric.thresholdRange ?? {}
      if (value === null) return `metric ${metric.name} is not known`
      if ((min !== undefined && value < min) || (max !== undefined && value > max))
        return `${metric.name} ${value.toFixed(2)} ${min !== undefined && value < min ? `< ${min}` : `> ${max}`}`
    }
    return ''
  }

  private rollBack(target: Resource): void {
    this.route(0)
    this.world.apply({ upsert: [withReplicas(target, 0)] })
    this.refused = JSON.stringify(templateOf(target))
    this.phase = 'failed'
    this.mark(`Failed, rolled back; ${this.hurt} requests were hurt`)
  }

  private promote(target: Resource): void {
    this.stable = JSON.stringify(templateOf(target))
    this.world.apply({ upsert: [primaryOf(target, this.wished)] })
    this.phase = 'promoting'
    this.mark('Promoting, the primary takes the new template')
  }

  private finish(target: Resource): void {
    const primary = this.deployment(`${target.metadata.name}-primary`)
    if (primary === null || !this.allReady(primary)) return
    this.route(0)
    this.world.apply({ upsert: [withReplicas(target, 0)] })
    this.phase = 'waiting'
    this.mark(`Succeeded; ${this.hurt} requests were hurt`)
  }

  private route(weight: number): void {
    this.weight = weight
    this.world.apply({ upsert: routeOf(this.name, this.namespace, this.spec, weight) })
  }

  /** All pods that the Deployment asks for run its template and are ready. */
  private allReady(deployment: Resource): boolean {
    return this.world.rolledOut(deployment.metadata.name, this.namespace)
  }

  private deployment(name: string): Resource | null {
    const same = (r: Resource): boolean =>
      r.kind === 'Deployment' && r.metadata.name === name && r.metadata.namespace === this.namespace
    return this.world.currentResources().find(same) ?? null
  }
}

/** Flagger's built-in metrics: percent of answers without a server error; p99 in milliseconds. */
function measure(name: string, samples: readonly Sample[]): number | null {
  if (name === 'request-success-rate') return (100 * samples.filter(sample => !sample.failed).length) / samples.length
  if (name !== 'request-duration') return null
  const latency = new LatencyHistogram()
  for (const sample of samples) latency.add(sample.latency)
  return latency.percentile(99) / 1_000
}
