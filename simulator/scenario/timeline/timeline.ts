// The scenario's events, run inside the engine. Those with a time are scheduled before the first step, so that neither
// pausing nor chopping a run moves them; all are checked before the first step, so that a bad document is found before
// anything runs. Those with a condition watch the observations of the run and are scheduled when it holds.
import type { Diagnostic } from '../../diagnostics/types.ts'
import { type EventHandler, parseDuration } from '../../engine/index.ts'
import type { Observation, Recorder, TrafficStatistics } from '../../observation/index.ts'
import type { Resource } from '../../resources/types.ts'
import { EVENT_KINDS } from './kinds.ts'
import type { TimelineEventSpec } from './schema.ts'
import type { Act, EventKind, Stage } from './types.ts'
import { type Watch, type WhenSpec, watchFor } from './when.ts'

export interface PreparedEvent {
  /** µs; null: when the condition holds. */
  at: number | null
  when: WhenSpec | null
  /** µs after the condition. */
  delay: number
  what: string
  acts: Act[]
}

/** Documents loaded and validated, in order of the file. */
export function prepareTimeline(
  events: readonly TimelineEventSpec[],
  resources: readonly Resource[],
): { prepared: PreparedEvent[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const prepared = events.map((spec, i): PreparedEvent => {
    const where = spec.at === undefined ? `timeline event ${i + 1}` : `timeline at ${spec.at}`
    const acts = actsOf(spec, { where, resources, report: found => diagnostics.push(found) })
    return {
      at: spec.at === undefined ? null : (parseDuration(spec.at) ?? 0),
      when: spec.when ?? null,
      delay: parseDuration(spec.after ?? '0s') ?? 0,
      what: spec.note ?? acts.map(act => act.what).join('; '),
      acts,
    }
  })
  return { prepared, diagnostics }
}

function actsOf(spec: TimelineEventSpec, preparation: Parameters<EventKind['prepare']>[1]): Act[] {
  const values: Readonly<Record<string, unknown>> = spec
  return Object.entries<EventKind>(EVENT_KINDS)
    .filter(([key]) => values[key] !== undefined)
    .map(([key, kind]) => kind.prepare(values[key], preparation))
}

const RUN = 1

/** Also a recorder: conditions see what reports see. */
export class Timeline implements EventHandler, Recorder {
  private waiting: { event: PreparedEvent; watch: Watch }[]
  private readonly timed: readonly PreparedEvent[]
  private stage: Stage | null = null

  constructor(events: readonly PreparedEvent[], statistics: TrafficStatistics) {
    this.timed = events.filter(event => event.at !== null)
    this.waiting = events.flatMap(event =>
      event.when === null ? [] : [{ event, watch: watchFor(event.when, statistics) }],
    )
  }

  start(stage: Stage): void {
    this.stage = stage
    for (const event of this.timed) stage.world.engine.schedule(event.at ?? 0, this, RUN, event)
  }

  onEvent(_kind: number, subject: unknown): void {
    const { what, acts } = subject as PreparedEvent
    const { stage } = this
    if (stage === null) return
    stage.mark(what)
    for (const act of acts) act.run(stage)
  }

  wants(kind: Observation['kind']): boolean {
    return this.waiting.length > 0 && (kind === 'stream' || kind === 'client')
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (this.waiting.length === 0) return
    this.waiting = this.waiting.filter(({ event, watch }) => {
      if (!watch.observe(observation)) return true
      this.stage?.mark(`${watch.words}: holds`)
      this.stage?.world.engine.after(event.delay, this, RUN, event)
      return false
    })
  }
}
