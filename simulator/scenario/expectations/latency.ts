// `latency`: a percentile of all durations lies within bounds.
import { z } from 'zod'
import { formatDuration } from '../../engine/index.ts'
import { LatencyHistogram } from '../../observation/index.ts'
import type { Sample } from '../sample.ts'
import { Duration } from '../schema-apps.ts'
import { Selector } from '../schema-requests.ts'
import { knownLoad, RequestMeter, us } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

const Latency = z.strictObject({
  of: Selector,
  percentile: z.number().gt(0).max(100),
  max: Duration.optional(),
  min: Duration.optional(),
})

export const latency = expectationKind({
  schema: Latency,
  check: knownLoad,
  meter: (spec, context) => new LatencyMeter(spec, context),
})

class LatencyMeter extends RequestMeter {
  private readonly spec: z.output<typeof Latency>
  private readonly histogram = new LatencyHistogram()

  constructor(spec: z.output<typeof Latency>, context: MeterContext) {
    super(spec.of, context)
    this.spec = spec
  }

  protected take(sample: Sample): void {
    this.histogram.add(sample.latencyUs)
  }

  judge(): Judgement {
    const { percentile, max, min } = this.spec
    const value = this.histogram.percentile(percentile)
    const ok = this.total > 0 && (max === undefined || value <= us(max)) && (min === undefined || value >= us(min))
    const bounds = [min === undefined ? '' : `>= ${min}`, max === undefined ? '' : `<= ${max}`].filter(b => b !== '')
    const seen = this.total === 0 ? 'no requests' : `${formatDuration(value)} ${this.ofAll}`
    return { ok, expected: `p${percentile} ${bounds.join(' and ')}`, seen }
  }
}
