// Conditions of the timeline: watched while the run goes on, from the very observations that reports are made of, so that
// they hold at the same event in every run of the same seed.
import { z } from 'zod'
import { formatDuration, parseDuration } from '../../engine/index.ts'
import { isError, type Observation, type TrafficStatistics } from '../../observation/index.ts'
import { conditionInWords, sampleOf, satisfies, selectorInWords } from '../sample.ts'
import { Duration } from '../schema-apps.ts'
import { Condition, Selector } from '../schema-requests.ts'

const Over = {
  of: Selector,
  /** Length of the window that slides over the requests that ended. */
  over: Duration,
  /** Fewer requests than this in the window say nothing. 20 when absent. */
  atLeast: z.number().int().min(1).optional(),
}

export const When = z.union([
  z.strictObject({
    /** The n-th request (the first when absent) of which the condition is true has ended. */
    seen: z.strictObject({ of: Selector, is: Condition, times: z.number().int().min(1).optional() }),
  }),
  z.strictObject({ errorRate: z.strictObject({ ...Over, above: z.number().min(0).max(1) }) }),
  z.strictObject({
    latency: z.strictObject({ ...Over, percentile: z.number().gt(0).max(100), above: Duration }),
  }),
])
export type WhenSpec = z.output<typeof When>

/** Watches for one condition until it holds. */
export interface Watch {
  readonly words: string
  /** True at the observation that makes the condition hold. */
  observe(observation: Observation): boolean
}

const us = (text: string): number => parseDuration(text) ?? 0

export function watchFor(spec: WhenSpec, statistics: TrafficStatistics): Watch {
  if ('seen' in spec) {
    const { of, is, times = 1 } = spec.seen
    let count = 0
    return {
      words: `${selectorInWords(of)}: ${conditionInWords(is)}${times === 1 ? '' : ` ${times} times`}`,
      observe(observation) {
        const sample = sampleOf(observation, of, statistics)
        if (sample === null || !satisfies(sample, is)) return false
        return ++count === times
      },
    }
  }
  if ('errorRate' in spec) {
    const { of, over, above, atLeast = 20 } = spec.errorRate
    const window = new Window(us(over))
    return {
      words: `${selectorInWords(of)}: errors above ${above * 100} % over ${formatDuration(us(over))}`,
      observe(observation) {
        const sample = sampleOf(observation, of, statistics)
        if (sample === null) return false
        window.add(sample.start + sample.latencyUs, isError(sample.status, sample.flags) ? 1 : 0)
        return window.size >= atLeast && window.sum > above * window.size
      },
    }
  }
  const { of, over, above, percentile, atLeast = 20 } = spec.latency
  const window = new Window(us(over))
  return {
    words: `${selectorInWords(of)}: p${percentile} above ${above} over ${formatDuration(us(over))}`,
    observe(observation) {
      const sample = sampleOf(observation, of, statistics)
      if (sample === null) return false
      // The percentile lies above the bound when more than its rest of the requests do.
      window.add(sample.start + sample.latencyUs, sample.latencyUs > us(above) ? 1 : 0)
      return window.size >= atLeast && window.sum > (1 - percentile / 100) * window.size
    },
  }
}

/** Values of the last `length` µs and their sum. */
class Window {
  sum = 0
  private readonly length: number
  private times: number[] = []
  private values: number[] = []
  private first = 0

  constructor(length: number) {
    this.length = length
  }

  get size(): number {
    return this.times.length - this.first
  }

  add(at: number, value: number): void {
    this.times.push(at)
    this.values.push(value)
    this.sum += value
    while (this.times[this.first]! <= at - this.length) this.sum -= this.values[this.first++]!
    if (this.first < 1_000 || this.first * 2 < this.times.length) return
    this.times = this.times.slice(this.first)
    this.values = this.values.slice(this.first)
    this.first = 0
  }
}
