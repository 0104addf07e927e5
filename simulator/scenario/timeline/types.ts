// What one kind of event in a timeline is. A new kind is a file of its own and a line in `kinds.ts`.
import type { z } from 'zod'
import type { Diagnostic, Path } from '../../diagnostics/types.ts'
import type { Resource } from '../../resources/types.ts'
import type { Application } from '../../world/apps/index.ts'
import type { World } from '../../world/index.ts'
import type { LoadGenerator } from '../../world/load/index.ts'
import type { Behaviour, Load } from '../schema-apps.ts'

/** Everything that an event may act on. */
export interface Stage {
  readonly world: World
  readonly loads: ReadonlyMap<string, LoadGenerator>
  /** By `name.namespace` of the pod. */
  readonly applications: ReadonlyMap<string, Application>
  /** Puts a line into the report's timeline and on the screen. */
  mark(what: string): void
}

/** An event made ready before the run. */
export interface Act {
  /** In words, for the timeline of report and page. */
  what: string
  run(stage: Stage): void
}

/** What an event's own check may know of the rest of the scenario. */
export interface EventSurroundings {
  readonly loads: readonly z.output<typeof Load>[]
  readonly behaviours: readonly { name?: string | undefined; behaviour: z.output<typeof Behaviour> }[]
}

export interface Preparation {
  /** Where the event stands, for diagnostics: `timeline at 30s`. */
  readonly where: string
  /** The mesh's own documents as they are before the run. */
  readonly resources: readonly Resource[]
  report(diagnostic: Diagnostic): void
}

export interface EventKind<S extends z.ZodType = z.ZodType> {
  /** The value under the event's key. */
  schema: S
  /** What the schema cannot say; `path` counts from the value. */
  check?(value: z.output<S>, around: EventSurroundings, error: (path: Path, message: string) => void): void
  /** Reads documents and the like once, before the run. */
  prepare(value: z.output<S>, preparation: Preparation): Act
}

/** Keeps the schema's type. */
export const eventKind = <S extends z.ZodType>(kind: EventKind<S>): EventKind<S> => kind
