// The expectations of one run: built before it, counted while it goes on (so that nothing has to be kept), judged any time.
import { type EventHandler, formatDuration } from '../../engine/index.ts'
import type { Observation, Recorder, TrafficStatistics } from '../../observation/index.ts'
import type { World } from '../../world/index.ts'
import { EXPECTATION_KINDS } from './kinds.ts'
import { us } from './requests.ts'
import type { CheckSpec, ExpectationSpec } from './schema.ts'
import type { ExpectationKind, Judgement, Meter, MeterContext } from './types.ts'

export interface Verdict extends Judgement {
  name: string
  /** Virtual time of the window, text. */
  window: string
  /** Requests that were looked at; null where the expectation looks at none. */
  requests: number | null
}

/** The kind and the value of a check. */
export function kindOf(check: CheckSpec): { key: string; kind: ExpectationKind; value: unknown } {
  const [key, value] = Object.entries(check)[0]!
  return { key, kind: EXPECTATION_KINDS[key as keyof typeof EXPECTATION_KINDS] as unknown as ExpectationKind, value }
}

interface Entry {
  spec: ExpectationSpec
  from: number
  to: number
  meter: Meter
}

export class Expectations implements Recorder, EventHandler {
  private readonly entries: readonly Entry[]
  private readonly byKind = new Map<Observation['kind'], Meter[]>()
  private world: World | null = null

  /** `durationUs`: the end of windows that name none. */
  constructor(specs: readonly ExpectationSpec[], statistics: TrafficStatistics, durationUs: number, ownSeed: boolean) {
    this.entries = specs.map(spec => {
      const from = us(spec.from ?? '0s')
      const to = spec.to === undefined ? durationUs : us(spec.to)
      const context: MeterContext = { statistics, from, to, ownSeed }
      const { kind, value } = kindOf(spec.expect)
      return { spec, from, to, meter: kind.meter(value, context) }
    })
    for (const { meter } of this.entries)
      for (const kind of meter.looksAt) this.byKind.set(kind, [...(this.byKind.get(kind) ?? []), meter])
  }

  /** Looks at the mesh itself are taken when their windows end. */
  start(world: World): void {
    this.world = world
    for (const { meter, to } of this.entries) if (meter.inspect !== undefined) world.engine.schedule(to, this, 1, meter)
  }

  onEvent(_kind: number, subject: unknown): void {
    if (this.world !== null) (subject as Meter).inspect?.(this.world)
  }

  wants(kind: Observation['kind']): boolean {
    return this.byKind.has(kind)
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    for (const meter of this.byKind.get(observation.kind) ?? []) meter.observe(observation)
  }

  verdicts(): Verdict[] {
    return this.entries.map(({ spec, from, to, meter }) => ({
      name: spec.name,
      window: `${formatDuration(from)}..${formatDuration(to)}`,
      requests: meter.requests ?? null,
      ...meter.judge(),
    }))
  }
}
