// `matrix`: who may call whom. Each pair that it names must have been tried, and each of its requests must have ended so.
import { z } from 'zod'
import type { Observation } from '../../observation/index.ts'
import { sampleOf } from '../sample.ts'
import { expectationKind, type Judgement, type Meter, type MeterContext } from './types.ts'

/** A status; or `allowed` (any answer but 403, a kept connection) or `denied` (403, or no answer at all). */
const Outcome = z.union([z.number().int().min(0).max(599), z.literal('allowed'), z.literal('denied')])
type OutcomeSpec = z.output<typeof Outcome>

const Matrix = z.strictObject({
  path: z.string().optional(),
  /** Caller (label `app`, or a load's name) -> service -> outcome. For a load the service is left out: `'*'`. */
  calls: z.record(z.string(), z.record(z.string(), Outcome)),
})
type MatrixSpec = z.output<typeof Matrix>

export const matrix = expectationKind({
  schema: Matrix,
  meter: (spec, context) => new MatrixMeter(spec, context),
})

interface Cell {
  source: string
  destination: string
  expected: OutcomeSpec
  tried: number
  wrong: number
  status: number
}

class MatrixMeter implements Meter {
  readonly looksAt = ['stream', 'client'] as const
  private readonly context: MeterContext
  private readonly path: string | undefined
  private readonly cells: Cell[]

  constructor(spec: MatrixSpec, context: MeterContext) {
    this.context = context
    this.path = spec.path
    this.cells = Object.entries(spec.calls).flatMap(([source, row]) =>
      Object.entries(row).map(([destination, expected]) => ({
        source,
        destination,
        expected,
        tried: 0,
        wrong: 0,
        status: 0,
      })),
    )
  }

  observe(observation: Observation): void {
    for (const cell of this.cells) {
      const { source, destination } = cell
      const byLoad = destination === '*'
      if (byLoad !== (observation.kind === 'client')) continue
      const of = { ...(byLoad ? { load: source } : { source, destination }), path: this.path }
      const sample = sampleOf(observation, of, this.context.statistics)
      if (sample === null || sample.start < this.context.from || sample.start >= this.context.to) continue
      cell.tried++
      if (isAs(sample.status, cell.expected)) continue
      cell.wrong++
      cell.status = sample.status
    }
  }

  judge(): Judgement {
    const bad = this.cells.filter(cell => cell.tried === 0 || cell.wrong > 0)
    const seen = bad.map(({ source, destination, tried, wrong, status }) =>
      tried === 0
        ? `${source} -> ${destination}: not tried`
        : `${source} -> ${destination}: ${wrong} of ${tried} ${status}`,
    )
    const all = this.cells.map(({ source, destination, expected }) => `${source} -> ${destination} ${expected}`)
    return {
      ok: bad.length === 0,
      expected: all.join(', '),
      seen: seen.join('; ') || `${all.length} of ${all.length} so`,
    }
  }
}

function isAs(status: number, expected: OutcomeSpec): boolean {
  if (typeof expected === 'number') return status === expected
  const denied = status === 403 || status === 0
  return denied === (expected === 'denied')
}
