// When an open loop sends. Gaps are exponential or equal; a rate that changes with time is followed exactly: one unit
// of (exponential or fixed) area is laid under the curve of the rate, and the request goes where the area is used up.
import { invariant, parseDuration, type RandomStream, SECOND } from '../../engine/index.ts'
import type { PatternSpec } from './types.ts'

export interface Arrivals {
  readonly stream: RandomStream
  /** Time zero of the stages, µs. */
  startAt(us: number): void
  /** Time of the request after one at `from`, in whole µs; Infinity = none. */
  after(from: number): number
}

type OpenPattern = Exclude<PatternSpec, { users: number }>

export function compileArrivals(pattern: OpenPattern, stream: RandomStream): Arrivals {
  if ('stages' in pattern) return new StagedArrivals(pattern.stages, stream)
  if ('constant' in pattern) return new SteadyArrivals(pattern.constant, () => 1, stream)
  return new SteadyArrivals(pattern.poisson, () => stream.exponential(), stream)
}

class SteadyArrivals implements Arrivals {
  readonly stream: RandomStream
  private readonly meanGapUs: number
  private readonly units: () => number
  /** Exact time of the last request: rounding to whole microseconds does not add up. */
  private exact = 0

  constructor(perSecond: number, units: () => number, stream: RandomStream) {
    invariant(perSecond >= 0, 'load: a rate is not negative', { perSecond })
    this.meanGapUs = perSecond === 0 ? Infinity : SECOND / perSecond
    this.units = units
    this.stream = stream
  }

  startAt(us: number): void {
    this.exact = us
  }

  after(from: number): number {
    if (this.meanGapUs === Infinity) return Infinity
    if (from > this.exact + 1) this.exact = from
    this.exact += this.meanGapUs * this.units()
    return Math.max(from, Math.floor(this.exact + 0.5))
  }
}

interface Stage {
  from: number
  until: number
  /** Requests per µs at both ends. */
  rate: number
  slope: number
}

class StagedArrivals implements Arrivals {
  readonly stream: RandomStream
  private readonly stages: Stage[] = []
  private origin = 0

  constructor(stages: readonly { for: string; rate: number; to?: number }[], stream: RandomStream) {
    this.stream = stream
    let from = 0
    for (const stage of stages) {
      const length = parseDuration(stage.for)
      invariant(length !== null && length > 0, 'load: a stage needs a duration', { for: stage.for })
      const rate = stage.rate / SECOND
      const slope = ((stage.to ?? stage.rate) / SECOND - rate) / length
      this.stages.push({ from, until: from + length, rate, slope })
      from += length
    }
  }

  startAt(us: number): void {
    this.origin = us
  }

  after(from: number): number {
    let area = this.stream.exponential()
    let at = from - this.origin
    for (const stage of this.stages) {
      if (at >= stage.until) continue
      const rate = stage.rate + stage.slope * (at - stage.from)
      const length = stage.until - at
      const available = rate * length + 0.5 * stage.slope * length * length
      if (available >= area) return Math.floor(this.origin + at + gapFor(area, rate, stage.slope) + 0.5)
      area -= available
      at = stage.until
    }
    return Infinity
  }
}

/** x with rate·x + slope·x²/2 = area, in the form that loses no digits. */
function gapFor(area: number, rate: number, slope: number): number {
  const root = Math.sqrt(Math.max(0, rate * rate + 2 * slope * area))
  return (2 * area) / (rate + root)
}
