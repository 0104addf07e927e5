// How long something takes. A spec is plain JSON (durations as text); it is compiled once into a sampler of whole
// microseconds that draws from the stream given to it. Constants draw nothing.
import { formatDuration, parseDuration } from './duration.ts'
import { exactExp, exactLog } from './exact-math.ts'
import { invariant } from './invariant.ts'
import type { RandomStream } from './types.ts'

/** One point of a cumulative distribution: a share `p` (0..1) of all values is at most `value`. */
export interface EmpiricalPoint {
  p: number
  value: string
}

/** So many values above the bucket before and at most `upTo`. */
export interface HistogramBucket {
  upTo: string
  count: number
}

export type DistributionSpec =
  /** A bare duration is a constant: "5ms". */
  | string
  | { constant: string }
  /** Evenly between the two. */
  | { uniform: [from: string, to: string] }
  /** Exponential with this mean. */
  | { exponential: string }
  /** Lognormal by its median and 99th percentile. */
  | { lognormal: { p50: string; p99: string } }
  /** Points with rising p, straight lines between them; below the first and beyond the last their values. */
  | { empirical: EmpiricalPoint[] }
  /** Buckets as they were counted, in rising order; values lie evenly within each, the first begins at 0. */
  | { histogram: HistogramBucket[] }

/** 99 % quantile of the standard normal. */
const NORMAL_P99 = 2.3263478740408408

/** What is wrong with a spec, as a sentence, or null. */
export function checkDistribution(spec: DistributionSpec): string | null {
  const texts = durationsIn(spec)
  for (const text of texts) {
    const value = parseDuration(text)
    if (value === null) return `"${text}" is not a duration such as 5ms`
    if (value < 0) return `"${text}" is negative`
  }
  if (typeof spec === 'string' || 'constant' in spec || 'exponential' in spec) return null
  if ('uniform' in spec)
    return microseconds(spec.uniform[0]) <= microseconds(spec.uniform[1])
      ? null
      : 'uniform: the first bound exceeds the second'
  if ('lognormal' in spec) {
    const p50 = microseconds(spec.lognormal.p50)
    if (p50 <= 0) return 'lognormal: p50 must be above 0'
    return microseconds(spec.lognormal.p99) >= p50 ? null : 'lognormal: p99 is below p50'
  }
  if ('histogram' in spec) return checkHistogram(spec.histogram)
  if (spec.empirical.length === 0) return 'empirical: no points'
  for (const [i, point] of spec.empirical.entries()) {
    if (!(point.p >= 0 && point.p <= 1)) return `empirical: p ${point.p} is not within 0..1`
    const previous = spec.empirical[i - 1]
    if (previous === undefined) continue
    if (point.p <= previous.p) return 'empirical: p must rise from point to point'
    if (microseconds(point.value) < microseconds(previous.value)) return 'empirical: values must not fall'
  }
  return null
}

/** A sampler of whole microseconds. The spec must pass `checkDistribution`. */
export function compileDistribution(spec: DistributionSpec, stream: RandomStream): () => number {
  const wrong = checkDistribution(spec)
  invariant(wrong === null, `distribution: ${wrong}`)
  if (typeof spec === 'string') return constant(microseconds(spec))
  if ('constant' in spec) return constant(microseconds(spec.constant))
  if ('uniform' in spec) {
    const from = microseconds(spec.uniform[0])
    const width = microseconds(spec.uniform[1]) - from
    return () => Math.floor(from + width * stream.next() + 0.5)
  }
  if ('exponential' in spec) {
    const mean = microseconds(spec.exponential)
    return () => Math.floor(mean * stream.exponential() + 0.5)
  }
  if ('lognormal' in spec) {
    const median = microseconds(spec.lognormal.p50)
    const sigma = exactLog(microseconds(spec.lognormal.p99) / median) / NORMAL_P99
    return () => Math.floor(median * exactExp(sigma * stream.normal()) + 0.5)
  }
  return empirical('histogram' in spec ? pointsOf(spec.histogram) : spec.empirical, stream)
}

/** A spec in words, for reports: "5ms", "exponential 5ms", "lognormal p50 5ms p99 40ms". */
export function describeDistribution(spec: DistributionSpec): string {
  const print = (text: string) => formatDuration(microseconds(text))
  if (typeof spec === 'string') return print(spec)
  if ('constant' in spec) return print(spec.constant)
  if ('uniform' in spec) return `uniform ${print(spec.uniform[0])} to ${print(spec.uniform[1])}`
  if ('exponential' in spec) return `exponential ${print(spec.exponential)}`
  if ('lognormal' in spec) return `lognormal p50 ${print(spec.lognormal.p50)} p99 ${print(spec.lognormal.p99)}`
  if ('histogram' in spec) return `histogram of ${spec.histogram.length} buckets`
  return `empirical of ${spec.empirical.length} points`
}

function checkHistogram(buckets: readonly HistogramBucket[]): string | null {
  let before = -1
  for (const { upTo, count } of buckets) {
    if (!(count >= 0)) return `histogram: the count ${count} is negative`
    if (microseconds(upTo) <= before) return 'histogram: upTo must rise from bucket to bucket'
    before = microseconds(upTo)
  }
  return buckets.some(bucket => bucket.count > 0) ? null : 'histogram: all counts are 0'
}

/** The same as a cumulative distribution; empty buckets make a jump, which no point stands for. */
function pointsOf(buckets: readonly HistogramBucket[]): EmpiricalPoint[] {
  const all = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
  const points: EmpiricalPoint[] = []
  let seen = 0
  let floor = '0s'
  for (const { upTo, count } of buckets) {
    if (count > 0) {
      points.push({ p: seen / all, value: floor })
      seen += count
      points.push({ p: seen / all, value: upTo })
    }
    floor = upTo
  }
  return points
}

function constant(value: number): () => number {
  return () => value
}

function empirical(points: readonly EmpiricalPoint[], stream: RandomStream): () => number {
  const shares = points.map(point => point.p)
  const values = points.map(point => microseconds(point.value))
  const last = points.length - 1
  return () => {
    const u = stream.next()
    if (u <= shares[0]!) return values[0]!
    for (let i = 1; i <= last; i++) {
      if (u > shares[i]!) continue
      const within = (u - shares[i - 1]!) / (shares[i]! - shares[i - 1]!)
      return Math.floor(values[i - 1]! + within * (values[i]! - values[i - 1]!) + 0.5)
    }
    return values[last]!
  }
}

function durationsIn(spec: DistributionSpec): string[] {
  if (typeof spec === 'string') return [spec]
  if ('constant' in spec) return [spec.constant]
  if ('uniform' in spec) return [...spec.uniform]
  if ('exponential' in spec) return [spec.exponential]
  if ('lognormal' in spec) return [spec.lognormal.p50, spec.lognormal.p99]
  if ('histogram' in spec) return spec.histogram.map(bucket => bucket.upTo)
  return spec.empirical.map(point => point.value)
}

function microseconds(text: string): number {
  return parseDuration(text) ?? -1
}
