// `count`: how many requests there were of which a condition is true. `golden`: the very number of the shipped seed, which
// another seed does not have; it changes only when the model does.
import { z } from 'zod'
import { conditionInWords } from '../sample.ts'
import { Condition, Selector } from '../schema-requests.ts'
import { boundFields, boundsInWords, within } from './bounds.ts'
import { ConditionMeter, knownLoad } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

const Count = z.strictObject({
  of: Selector,
  is: Condition.optional(),
  ...boundFields,
})
type CountSpec = z.output<typeof Count>

export const count = expectationKind({
  schema: Count,
  check: knownLoad,
  meter: (spec, context) => new CountMeter(spec, context),
})

export const golden = expectationKind({
  schema: z.strictObject({ of: Selector, is: Condition.optional(), equals: boundFields.equals.unwrap() }),
  check: knownLoad,
  meter: (spec, context) => new GoldenMeter(spec, context),
})

class CountMeter extends ConditionMeter {
  protected readonly spec: CountSpec

  constructor(spec: CountSpec, context: MeterContext) {
    super(spec.of, spec.is ?? {}, context)
    this.spec = spec
  }

  judge(): Judgement {
    return {
      ok: within(this.held, this.spec),
      expected: `count of ${conditionInWords(this.spec.is ?? {})} ${boundsInWords(this.spec)}`,
      seen: `${this.held} ${this.ofAll}`,
    }
  }
}

class GoldenMeter extends CountMeter {
  override judge(): Judgement {
    const judgement = super.judge()
    const expected = `golden ${judgement.expected}`
    if (this.context.ownSeed) return { ...judgement, expected }
    return { ok: true, expected, seen: `${judgement.seen} (another seed: not judged)` }
  }
}
