// When an open loop sends. Gaps are exponential or equal; a rate that changes with time is followed exactly: one unit
// of (exponential or fixed) area is laid under the curve of the rate, and the request goes where the area is used up.
import { invariant, parseDuration, type RandomStream, SECOND } from '../../engine/index.ts'
import type { PatternSpec, RecordedSpec } from './types.ts'

export interface Arrivals {
  readonly stream: RandomStream
  /** Time zero of the stages, µs. */
  startAt(us: number): void
  /** Which request of the mix comes next, when that is not left to dice. */
  readonly request?: number
  /** Time of the request after one at `from`, in whole µs; Infinity = none. */
  after(from: number): number
}

export type OpenPattern = Exclude<PatternSpec, { users: number } | { connections: number }>

/** Does it send by the clock, whatever becomes of the answers? */
export const isOpen = (pattern: PatternSpec): pattern is OpenPattern =>
  !('users' in pattern || 'connections' in pattern)

export function compileArrivals(pattern: OpenPattern, stream: RandomStream): Arrivals {
  if ('constant' in pattern) return new SteadyArrivals(pattern.constant, () => 1, stream)
  if ('poisson' in pattern) return new SteadyArrivals(pattern.poisson, () => stream.exponential(), stream)
  if ('recorded' in pattern) return new RecordedArrivals(pattern.recorded, pattern.speed ?? 1, stream)
  return new StagedArrivals(stagesOf(pattern), stream)
}

/** What is wrong with a pattern, or null. */
export function checkPattern(pattern: PatternSpec): string | null {
  if ('steps' in pattern) {
    const { from, to, by } = pattern.steps
    if (by === 0 || (to - from) * by < 0) return `steps: by ${by} never leads from ${from} to ${to}`
    if (Math.abs((to - from) / by) > MAX_STEPS) return `steps: more than ${MAX_STEPS} steps`
  }
  if ('stages' in pattern && pattern.stages.some(stage => !(microseconds(stage.for) > 0)))
    return 'stages: a stage takes more than no time'
  if ('speed' in pattern && pattern.speed !== undefined && !(pattern.speed > 0)) return 'speed: must be above 0'
  return null
}

const MAX_STEPS = 10_000

const microseconds = (text: string): number => parseDuration(text) ?? -1

type StagedPattern = Exclude<OpenPattern, { constant: number } | { poisson: number } | { recorded: unknown }>

/** Stretches from time 0; what is not covered sends nothing. */
function stagesOf(pattern: StagedPattern): Stage[] {
  const stages: Stage[] = []
  let from = 0
  const add = (length: number, rate: number, to: number): void => {
    const perUs = rate / SECOND
    const slope = length === Infinity ? 0 : (to / SECOND - perUs) / length
    if (length > 0) stages.push({ from, until: from + length, rate: perUs, slope })
    from += length
  }
  if ('stages' in pattern)
    for (const { for: length, rate, to } of pattern.stages) add(microseconds(length), rate, to ?? rate)
  else if ('rampTo' in pattern) {
    let rate = pattern.startRate ?? 0
    for (const { target, duration } of pattern.rampTo) {
      add(microseconds(duration), rate, target)
      rate = target
    }
  } else {
    const { from: first, to, by, every } = pattern.steps
    const count = Math.floor(Math.abs((to - first) / by))
    for (let i = 0; i < count; i++) add(microseconds(every), first + i * by, first + i * by)
    add(Infinity, first + count * by, first + count * by)
  }
  return stages
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
  private readonly stages: readonly Stage[]
  private origin = 0

  constructor(stages: readonly Stage[], stream: RandomStream) {
    this.stream = stream
    this.stages = stages
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
      if (stage.until === Infinity)
        return stage.rate === 0 ? Infinity : Math.floor(this.origin + at + area / stage.rate + 0.5)
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

/** Times and requests as they were recorded; behind the last nothing more is sent. */
class RecordedArrivals implements Arrivals {
  readonly stream: RandomStream
  request = 0
  private readonly entries: readonly { at: number; request: number }[]
  private origin = 0
  private next = 0

  constructor(recorded: readonly RecordedSpec[], speed: number, stream: RandomStream) {
    this.stream = stream
    this.entries = recorded
      .map(({ at, request }) => ({ at: Math.floor(microseconds(at) / speed), request }))
      .sort((a, b) => a.at - b.at || a.request - b.request)
  }

  startAt(us: number): void {
    this.origin = us
  }

  after(from: number): number {
    const entry = this.entries[this.next]
    if (entry === undefined) return Infinity
    this.next++
    this.request = entry.request
    return Math.max(from, this.origin + entry.at)
  }
}
