// `errorRate`: 5xx and requests without an answer, as a share of all.
import { z } from 'zod'
import { isError } from '../../observation/index.ts'
import type { Sample } from '../sample.ts'
import { Selector } from '../schema-requests.ts'
import { knownLoad, percent, RequestMeter } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

const ErrorRate = z.strictObject({
  of: Selector,
  max: z.number().min(0).max(1),
  min: z.number().min(0).max(1).optional(),
})

export const errorRate = expectationKind({
  schema: ErrorRate,
  check: knownLoad,
  meter: (spec, context) => new ErrorRateMeter(spec, context),
})

class ErrorRateMeter extends RequestMeter {
  private readonly spec: z.output<typeof ErrorRate>
  private errors = 0

  constructor(spec: z.output<typeof ErrorRate>, context: MeterContext) {
    super(spec.of, context)
    this.spec = spec
  }

  protected take(sample: Sample): void {
    if (isError(sample.status, sample.flags)) this.errors++
  }

  judge(): Judgement {
    const { total, errors } = this
    const { max, min } = this.spec
    const rate = total === 0 ? 0 : errors / total
    const ok = total > 0 && rate <= max && rate >= (min ?? 0)
    const expected = min === undefined ? `errors <= ${percent(max)}` : `errors ${percent(min)}..${percent(max)}`
    return { ok, expected, seen: total === 0 ? 'no requests' : `${percent(rate)} (${errors} ${this.ofAll})` }
  }
}
