// The scenario's events, run inside the engine: scheduled before the first step, so that neither pausing nor chopping a
// run moves them, and checked before the first step, so that a bad document is found before anything runs.
import type { Diagnostic } from '../diagnostics/types.ts'
import { type EventHandler, parseDuration } from '../engine/index.ts'
import { loadResources } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import { validateAll } from '../validation/index.ts'
import type { World } from '../world/index.ts'
import type { LoadGenerator } from '../world/load/index.ts'
import type { TimelineEventSpec } from './schema.ts'

export interface PreparedEvent {
  at: number
  spec: TimelineEventSpec
  upsert: Resource[]
  what: string
}

/** Documents loaded and validated, in order of the file. */
export function prepareTimeline(events: readonly TimelineEventSpec[]): {
  prepared: PreparedEvent[]
  diagnostics: Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
  const prepared = events.map(spec => {
    const file = { name: `timeline at ${spec.at}`, content: spec.apply ?? '' }
    const loaded = loadResources([file])
    diagnostics.push(...loaded.diagnostics, ...validateAll(loaded.resources))
    return { at: parseDuration(spec.at) ?? 0, spec, upsert: loaded.resources, what: inWords(spec, loaded.resources) }
  })
  return { prepared, diagnostics }
}

function inWords(spec: TimelineEventSpec, upsert: readonly Resource[]): string {
  if (spec.note !== undefined) return spec.note
  return [
    upsert.length === 0 ? '' : `apply ${upsert.map(r => `${r.kind} ${r.metadata.name}`).join(', ')}`,
    spec.delete === undefined ? '' : `delete ${spec.delete.map(r => `${r.kind} ${r.name}`).join(', ')}`,
    spec.rate === undefined ? '' : `rate of ${spec.rate.load} ${spec.rate.perSecond}/s`,
    spec.kill === undefined ? '' : `kill ${spec.kill.join(', ')}`,
  ]
    .filter(word => word !== '')
    .join('; ')
}

export class Timeline implements EventHandler {
  private readonly world: World
  private readonly loads: ReadonlyMap<string, LoadGenerator>
  private readonly mark: (what: string) => void

  constructor(world: World, loads: ReadonlyMap<string, LoadGenerator>, mark: (what: string) => void) {
    this.world = world
    this.loads = loads
    this.mark = mark
  }

  start(events: readonly PreparedEvent[]): void {
    for (const event of events) this.world.engine.schedule(event.at, this, 1, event)
  }

  onEvent(_kind: number, subject: unknown): void {
    const { spec, upsert, what } = subject as PreparedEvent
    this.mark(what)
    const remove = (spec.delete ?? []).map(gone => ({ ...gone, namespace: gone.namespace ?? 'default' }))
    if (upsert.length > 0 || remove.length > 0) this.world.apply({ upsert, remove })
    if (spec.rate !== undefined) this.loads.get(spec.rate.load)?.setRate(spec.rate.perSecond)
    for (const id of spec.kill ?? []) this.world.setWorkload({ id, killed: true })
  }
}
