// `thresholds` as k6 writes them: `http_req_duration: ['p(95)<500', 'avg<200']` (milliseconds),
// `http_req_failed: ['rate<0.01']`, `http_reqs: ['count>100', 'rate>=20']`. All must hold.
import { z } from 'zod'
import { isError, LatencyHistogram } from '../../observation/index.ts'
import type { Sample } from '../sample.ts'
import { Selector } from '../schema-requests.ts'
import { knownLoad, RequestMeter } from './requests.ts'
import { expectationKind, type Judgement, type MeterContext } from './types.ts'

/** Figures that each metric has, as k6 has them for its kinds trend, rate and counter. */
const FIGURES = {
  http_req_duration: /^(?:avg|min|med|max|count|p\(\d{1,2}(?:\.\d+)?\)|p\(100\))$/,
  http_req_failed: /^rate$/,
  http_reqs: /^(?:count|rate)$/,
} as const
type Metric = keyof typeof FIGURES

const FORM = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(<=|>=|<|>|===?|!==?)\s*(-?\d+(?:\.\d+)?)\s*$/

interface Threshold {
  figure: string
  operator: string
  bound: number
}

function parse(text: string, metric: Metric): Threshold | null {
  const match = FORM.exec(text)
  if (match === null || !FIGURES[metric].test(match[1]!)) return null
  return { figure: match[1]!, operator: match[2]!, bound: Number(match[3]) }
}

const list = (metric: Metric, example: string) =>
  z
    .array(z.string().refine(text => parse(text, metric) !== null, `is no threshold such as '${example}'`))
    .min(1)
    .optional()

const Thresholds = z.strictObject({
  of: Selector,
  http_req_duration: list('http_req_duration', 'p(95)<500'),
  http_req_failed: list('http_req_failed', 'rate<0.01'),
  http_reqs: list('http_reqs', 'count>100'),
})
type ThresholdsSpec = z.output<typeof Thresholds>

export const thresholds = expectationKind({
  schema: Thresholds,
  check: knownLoad,
  meter: (spec, context) => new ThresholdMeter(spec, context),
})

function compare(value: number, { operator, bound }: Threshold): boolean {
  if (operator === '<') return value < bound
  if (operator === '<=') return value <= bound
  if (operator === '>') return value > bound
  if (operator === '>=') return value >= bound
  return operator.startsWith('!') ? value !== bound : value === bound
}

class ThresholdMeter extends RequestMeter {
  private readonly spec: ThresholdsSpec
  private readonly histogram = new LatencyHistogram()
  private errors = 0

  constructor(spec: ThresholdsSpec, context: MeterContext) {
    super(spec.of, context)
    this.spec = spec
  }

  protected take(sample: Sample): void {
    this.histogram.add(sample.latencyUs)
    if (isError(sample.status, sample.flags)) this.errors++
  }

  judge(): Judgement {
    const words: string[] = []
    let ok = this.total > 0
    for (const metric of Object.keys(FIGURES) as Metric[]) {
      for (const text of this.spec[metric] ?? []) {
        const threshold = parse(text, metric)
        if (threshold === null) continue
        const value = this.value(metric, threshold.figure)
        if (!compare(value, threshold)) ok = false
        words.push(`${threshold.figure}=${Number(value.toFixed(4))}`)
      }
    }
    const expected = (Object.keys(FIGURES) as Metric[]).flatMap(metric => this.spec[metric] ?? []).join(', ')
    return { ok, expected, seen: this.total === 0 ? 'no requests' : `${words.join(', ')} ${this.ofAll}` }
  }

  private value(metric: Metric, figure: string): number {
    const { histogram, total, context } = this
    if (metric === 'http_req_failed') return total === 0 ? 0 : this.errors / total
    if (metric === 'http_reqs') return figure === 'count' ? total : total / ((context.to - context.from) / 1_000_000)
    if (figure === 'count') return total
    return this.microseconds(figure, histogram) / 1_000
  }

  private microseconds(figure: string, histogram: LatencyHistogram): number {
    if (figure === 'avg') return histogram.meanUs
    if (figure === 'min') return histogram.minUs
    if (figure === 'max') return histogram.maxUs
    return histogram.percentile(figure === 'med' ? 50 : Number(figure.slice(2, -1)))
  }
}
