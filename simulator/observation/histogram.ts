// Counts of durations in log-linear buckets, as HdrHistogram keeps them: exact below 128 µs, above that 64 buckets for
// each doubling, so that a percentile is at most 1.6 % above the true value. Integer operations only.

const EXACT = 128
const PER_DOUBLING = 64
/** 2^31 µs, some 35 minutes; what is longer counts as this long (min, max and sum stay exact). */
const LONGEST = 2 ** 31 - 1

function bucketOf(us: number): number {
  if (us < EXACT) return us
  const shift = 25 - Math.clz32(us)
  return shift * PER_DOUBLING + (us >> shift)
}

/** The greatest value of a bucket. */
function upperEdge(bucket: number): number {
  if (bucket < EXACT) return bucket
  const shift = Math.floor(bucket / PER_DOUBLING) - 1
  const top = bucket - shift * PER_DOUBLING
  return (top + 1) * 2 ** shift - 1
}

export class LatencyHistogram {
  count = 0
  sumUs = 0
  minUs = 0
  maxUs = 0
  private counts: number[] = []

  /** Adds one duration in whole microseconds (>= 0). */
  add(us: number): void {
    if (this.count === 0 || us < this.minUs) this.minUs = us
    if (us > this.maxUs) this.maxUs = us
    this.count++
    this.sumUs += us
    const bucket = bucketOf(Math.min(us, LONGEST))
    while (this.counts.length <= bucket) this.counts.push(0)
    this.counts[bucket]!++
  }

  /** Adds all that another histogram holds. */
  merge(other: LatencyHistogram): void {
    if (other.count === 0) return
    if (this.count === 0 || other.minUs < this.minUs) this.minUs = other.minUs
    if (other.maxUs > this.maxUs) this.maxUs = other.maxUs
    this.count += other.count
    this.sumUs += other.sumUs
    while (this.counts.length < other.counts.length) this.counts.push(0)
    for (let bucket = 0; bucket < other.counts.length; bucket++) this.counts[bucket]! += other.counts[bucket]!
  }

  /** Mean in whole microseconds, 0 when empty. */
  get meanUs(): number {
    return this.count === 0 ? 0 : Math.round(this.sumUs / this.count)
  }

  /** The least duration that at least `percent` (0..100) of all do not exceed; 0 when empty. */
  percentile(percent: number): number {
    if (this.count === 0) return 0
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count - 1e-9))
    let seen = 0
    for (const [bucket, count] of this.counts.entries()) {
      seen += count
      if (seen >= rank) return Math.max(this.minUs, Math.min(this.maxUs, upperEdge(bucket)))
    }
    return this.maxUs
  }
}
