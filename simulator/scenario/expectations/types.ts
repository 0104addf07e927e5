// What one kind of expectation is: a schema, and a meter that counts while the run goes on. A new kind is a file of its own
// and a line in `kinds.ts`.
import type { z } from 'zod'
import type { Path } from '../../diagnostics/types.ts'
import type { Observation, TrafficStatistics } from '../../observation/index.ts'
import type { World } from '../../world/index.ts'

/** What was expected and what was seen, in words. */
export interface Judgement {
  ok: boolean
  expected: string
  seen: string
}

export interface Meter {
  /** Kinds of observations that it looks at. */
  readonly looksAt: readonly Observation['kind'][]
  observe(observation: Observation): void
  /** Requests that it has counted; absent where it counts none. */
  readonly requests?: number
  /** Looks at the mesh itself, once, at the end of the window. */
  inspect?(world: World): void
  judge(): Judgement
}

export interface MeterContext {
  /** Names the parties of a stream. */
  readonly statistics: TrafficStatistics
  /** The window, µs: what began in [from, to) counts. */
  readonly from: number
  readonly to: number
  /** The run has the scenario's own seed: counts that hold for it alone may be judged. */
  readonly ownSeed: boolean
}

export interface ExpectationKind<S extends z.ZodType = z.ZodType> {
  /** The value under the kind's key. */
  schema: S
  /** What the schema cannot say; `path` counts from the value. */
  check?(value: z.output<S>, loads: ReadonlySet<string>, error: (path: Path, message: string) => void): void
  meter(value: z.output<S>, context: MeterContext): Meter
}

/** Keeps the schema's type. */
export const expectationKind = <S extends z.ZodType>(kind: ExpectationKind<S>): ExpectationKind<S> => kind
