// Expectations as meters: each listens to the run and counts what falls into its window, so that nothing has to be kept
// and a verdict is ready the moment the run ends. A share is judged as a binomial count (mean n*p, deviation
// sqrt(n*p*(1-p))): with a fixed seed the verdict is exact, and over seeds a true share fails about once in 16 000
// runs at 4 deviations.
import { formatDuration, parseDuration } from '../engine/index.ts'
import {
  type ClientRecord,
  isError,
  LatencyHistogram,
  type Observation,
  type StreamRecord,
  type TrafficStatistics,
} from '../observation/index.ts'
import type { ConditionSpec, ExpectationSpec, SelectorSpec } from './schema.ts'

export interface Verdict {
  name: string
  ok: boolean
  /** What was expected and what was seen, in words. */
  expected: string
  seen: string
  /** Virtual time of the window, text. */
  window: string
}

interface Sample {
  start: number
  latencyUs: number
  status: number
  flags: readonly string[]
  details: string
  version: string
  body: string
}

const us = (text: string): number => parseDuration(text) ?? 0

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`

export class ExpectationMeter {
  readonly spec: ExpectationSpec
  private readonly statistics: TrafficStatistics
  private readonly from: number
  private readonly to: number
  private readonly of: SelectorSpec
  private readonly condition: ConditionSpec | undefined
  private readonly latency: LatencyHistogram | null
  private total = 0
  private held = 0
  private errors = 0
  /** The first request that tells against (always) or for (never). */
  private witness = ''

  constructor(spec: ExpectationSpec, statistics: TrafficStatistics, durationUs: number) {
    this.spec = spec
    this.statistics = statistics
    this.from = us(spec.from ?? '0s')
    this.to = spec.to === undefined ? durationUs : us(spec.to)
    const check = spec.expect
    this.of = Object.values(check)[0]!.of
    this.condition =
      'share' in check
        ? { version: check.share.version }
        : 'errorRate' in check || 'latency' in check
          ? {}
          : conditionOf(check)
    this.latency = 'latency' in check ? new LatencyHistogram() : null
  }

  /** Looks at one observation. */
  observe(observation: Observation): void {
    const sample = this.sampleOf(observation)
    if (sample === null || sample.start < this.from || sample.start >= this.to) return
    this.total++
    if (isError(sample.status, sample.flags)) this.errors++
    this.latency?.add(sample.latencyUs)
    const holds = satisfies(sample, this.condition ?? {})
    if (holds) this.held++
    const telling = 'always' in this.spec.expect ? !holds : holds
    if (telling && this.witness === '') this.witness = describe(sample)
  }

  verdict(): Verdict {
    const { name } = this.spec
    const window = `${formatDuration(this.from)}..${formatDuration(this.to)}`
    return { name, window, ...this.judge() }
  }

  private judge(): { ok: boolean; expected: string; seen: string } {
    const check = this.spec.expect
    const { total, held } = this
    const of = `of ${total} requests`
    if ('share' in check) {
      const { is, version } = check.share
      const sigmas = check.share.sigmas ?? 4
      const deviation = Math.sqrt(total * is * (1 - is))
      const ok = total > 0 && Math.abs(held - total * is) <= sigmas * deviation + 1e-9
      const band = total === 0 ? '' : ` ± ${percent((sigmas * deviation) / total)}`
      const seen = total === 0 ? 'no requests' : `${percent(held / total)} (${held} ${of})`
      return { ok, expected: `${version} answers ${percent(is)}${band}`, seen }
    }
    if ('errorRate' in check) {
      const { max, min } = check.errorRate
      const rate = total === 0 ? 0 : this.errors / total
      const ok = total > 0 && rate <= max && rate >= (min ?? 0)
      const expected = min === undefined ? `errors <= ${percent(max)}` : `errors ${percent(min)}..${percent(max)}`
      return { ok, expected, seen: total === 0 ? 'no requests' : `${percent(rate)} (${this.errors} ${of})` }
    }
    if ('latency' in check) {
      const { percentile, max, min } = check.latency
      const value = this.latency?.percentile(percentile) ?? 0
      const ok = total > 0 && (max === undefined || value <= us(max)) && (min === undefined || value >= us(min))
      const bounds = [min === undefined ? '' : `>= ${min}`, max === undefined ? '' : `<= ${max}`].filter(b => b !== '')
      const seen = total === 0 ? 'no requests' : `${formatDuration(value)} ${of}`
      return { ok, expected: `p${percentile} ${bounds.join(' and ')}`, seen }
    }
    if ('count' in check) {
      const { equals, min, max, is } = check.count
      const ok =
        (equals === undefined || held === equals) &&
        (min === undefined || held >= min) &&
        (max === undefined || held <= max)
      const bounds = [
        equals === undefined ? '' : `= ${equals}`,
        min === undefined ? '' : `>= ${min}`,
        max === undefined ? '' : `<= ${max}`,
      ].filter(b => b !== '')
      return { ok, expected: `count of ${inWords(is ?? {})} ${bounds.join(' and ')}`, seen: `${held} ${of}` }
    }
    if ('always' in check) {
      const seen =
        total === 0
          ? 'no requests'
          : held === total
            ? `${of.slice(3)}, all`
            : `${total - held} ${of} did not: ${this.witness}`
      return { ok: total > 0 && held === total, expected: `always ${inWords(check.always.is)}`, seen }
    }
    if ('never' in check) {
      const seen = held === 0 ? `${of.slice(3)}, none` : `${held} ${of} did: ${this.witness}`
      return { ok: held === 0, expected: `never ${inWords(check.never.is)}`, seen }
    }
    const seen = held === 0 ? `none ${of}` : `${held} ${of}, first: ${this.witness}`
    return { ok: held > 0, expected: `eventually ${inWords(check.eventually.is)}`, seen }
  }

  private sampleOf(observation: Observation): Sample | null {
    const { load, source, destination, version, path } = this.of
    if (observation.kind === 'client') {
      if (load === undefined || observation.source !== load) return null
      if (path !== undefined && !pathMatches(observation.url, path)) return null
      return clientSample(observation)
    }
    if (observation.kind !== 'stream' || load !== undefined) return null
    const edge = this.statistics.edgeOf(observation)
    if (edge === null) return null
    if (source !== undefined && edge.source !== source) return null
    if (destination !== undefined && edge.destination !== destination) return null
    if (version !== undefined && edge.version !== version) return null
    if (path !== undefined && !pathMatches(observation.path, path)) return null
    return streamSample(observation, edge.version)
  }
}

function conditionOf(check: ExpectationSpec['expect']): ConditionSpec | undefined {
  if ('count' in check) return check.count.is
  if ('always' in check) return check.always.is
  if ('never' in check) return check.never.is
  return 'eventually' in check ? check.eventually.is : undefined
}

/** Query aside; a whole URL's path too. */
function pathMatches(text: string, path: string): boolean {
  const bare = text.split('?')[0] ?? ''
  const scheme = bare.indexOf('://')
  return (scheme < 0 ? bare : bare.slice(Math.max(bare.indexOf('/', scheme + 3), 0))) === path
}

function clientSample(record: ClientRecord): Sample {
  return {
    start: record.start,
    latencyUs: record.end - record.start,
    status: record.status,
    flags: record.failure === '' ? [] : [record.failure],
    details: '',
    version: '',
    body: record.body,
  }
}

function streamSample(record: StreamRecord, version: string): Sample {
  const { start, end, status, flags, details } = record
  return { start, latencyUs: end - start, status, flags, details, version, body: '' }
}

function satisfies(sample: Sample, is: ConditionSpec): boolean {
  if (is.status !== undefined && sample.status !== is.status) return false
  if (is.flag === '-' && sample.flags.length > 0) return false
  if (is.flag !== undefined && is.flag !== '-' && !sample.flags.includes(is.flag)) return false
  if (is.version !== undefined && sample.version !== is.version) return false
  if (is.details !== undefined && sample.details !== is.details) return false
  if (is.bodyContains !== undefined && !sample.body.includes(is.bodyContains)) return false
  if (is.bodyLacks !== undefined && sample.body.includes(is.bodyLacks)) return false
  if (is.latency === undefined) return true
  return sample.latencyUs >= us(is.latency[0]) && sample.latencyUs <= us(is.latency[1])
}

function inWords(is: ConditionSpec): string {
  const words = [
    is.status === undefined ? '' : `status ${is.status}`,
    is.flag === undefined ? '' : is.flag === '-' ? 'no flag' : `flag ${is.flag}`,
    is.version === undefined ? '' : `version ${is.version}`,
    is.details === undefined ? '' : `details ${is.details}`,
    is.bodyContains === undefined ? '' : `body with "${is.bodyContains}"`,
    is.bodyLacks === undefined ? '' : `body without "${is.bodyLacks}"`,
    is.latency === undefined ? '' : `latency ${is.latency[0]}..${is.latency[1]}`,
  ].filter(word => word !== '')
  return words.length === 0 ? 'requests' : words.join(', ')
}

function describe(sample: Sample): string {
  const flags = sample.flags.length === 0 ? '' : ` ${sample.flags.join(',')}`
  const body = sample.body === '' ? '' : ` "${sample.body.slice(0, 60).replaceAll('\n', ' | ')}"`
  return `at ${formatDuration(sample.start)}: ${sample.status}${flags} after ${formatDuration(sample.latencyUs)}${body}`
}
