// Recorders that keep and that pass on. Watching costs only what somebody wants.
import type { Observation, Recorder } from './types.ts'

export interface MemoryOptions {
  /** Kinds to keep; all when absent. */
  kinds?: readonly Observation['kind'][]
  /** Keep the decision chains too. */
  trails?: boolean
  /** The oldest go when there are more. Default 100 000. */
  capacity?: number
}

/** Keeps the last observations in order. */
export class MemoryRecorder implements Recorder {
  private readonly kinds: ReadonlySet<Observation['kind']> | null
  private readonly trails: boolean
  private readonly capacity: number
  private kept: Observation[] = []

  constructor(options: MemoryOptions = {}) {
    this.kinds = options.kinds === undefined ? null : new Set(options.kinds)
    this.trails = options.trails ?? false
    this.capacity = options.capacity ?? 100_000
  }

  get observations(): readonly Observation[] {
    return this.kept.length > this.capacity ? this.kept.slice(-this.capacity) : this.kept
  }

  /** All kept observations of one kind. */
  of<K extends Observation['kind']>(kind: K): Extract<Observation, { kind: K }>[] {
    return this.observations.filter((o): o is Extract<Observation, { kind: K }> => o.kind === kind)
  }

  clear(): void {
    this.kept = []
  }

  wants(kind: Observation['kind']): boolean {
    return this.kinds === null || this.kinds.has(kind)
  }

  wantsTrail(): boolean {
    return this.trails
  }

  record(observation: Observation): void {
    if (!this.wants(observation.kind)) return
    this.kept.push(observation)
    if (this.kept.length >= 2 * this.capacity) this.kept = this.kept.slice(-this.capacity)
  }
}

/** Hands each observation to those of its recorders that want its kind, in the order given. */
export class FanOut implements Recorder {
  private readonly recorders: readonly Recorder[]

  constructor(recorders: readonly Recorder[]) {
    this.recorders = recorders
  }

  wants(kind: Observation['kind']): boolean {
    return this.recorders.some(recorder => recorder.wants(kind))
  }

  wantsTrail(traceId: number): boolean {
    return this.recorders.some(recorder => recorder.wantsTrail(traceId))
  }

  record(observation: Observation): void {
    for (const recorder of this.recorders) if (recorder.wants(observation.kind)) recorder.record(observation)
  }
}
