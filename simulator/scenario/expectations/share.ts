// `share`: a binomial count. The answers of one version lie within so many standard deviations of n*p; with a fixed seed the
// verdict is exact, and over seeds a true share fails about once in 16 000 runs at 4 deviations.
import { z } from 'zod'
import { conditionInWords } from '../sample.ts'
import { Condition, Selector } from '../schema-requests.ts'
import { ConditionMeter, knownLoad, percent } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

const Share = z
  .strictObject({
    of: Selector,
    /** Answers of this version are counted; or `having`. */
    version: z.string().optional(),
    /** Requests of which this is true are counted. */
    having: Condition.optional(),
    is: z.number().min(0).max(1),
    /** Standard deviations to either side; 4 when absent. */
    sigmas: z.number().positive().optional(),
  })
  .refine(spec => (spec.version === undefined) !== (spec.having === undefined), 'give either version or having')
type ShareSpec = z.output<typeof Share>

export const share = expectationKind({
  schema: Share,
  check: knownLoad,
  meter: (spec, context) => new ShareMeter(spec, context),
})

class ShareMeter extends ConditionMeter {
  private readonly spec: ShareSpec

  constructor(spec: ShareSpec, context: MeterContext) {
    super(spec.of, spec.having ?? { version: spec.version }, context)
    this.spec = spec
  }

  judge(): Judgement {
    const { total, held } = this
    const { is, version, having, sigmas = 4 } = this.spec
    const deviation = Math.sqrt(total * is * (1 - is))
    const ok = total > 0 && Math.abs(held - total * is) <= sigmas * deviation + 1e-9
    const band = total === 0 ? '' : ` ± ${percent((sigmas * deviation) / total)}`
    const what = version === undefined ? `${conditionInWords(having ?? {})}:` : `${version} answers`
    const seen = total === 0 ? 'no requests' : `${percent(held / total)} (${held} ${this.ofAll})`
    return { ok, expected: `${what} ${percent(is)}${band}`, seen }
  }
}
