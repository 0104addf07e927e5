// The base of all meters that look at requests: picks those of the window, and counts them and those that hold.
import { parseDuration } from '../../engine/index.ts'
import type { Observation } from '../../observation/index.ts'
import { didYouMean } from '../../resources/nearest-name.ts'
import { type Sample, sampleInWords, sampleOf, satisfies } from '../sample.ts'
import type { ConditionSpec, SelectorSpec } from '../schema-requests.ts'
import type { ExpectationKind, Judgement, Meter, MeterContext } from './types.ts'

export const us = (text: string): number => parseDuration(text) ?? 0

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`

export abstract class RequestMeter implements Meter {
  readonly looksAt: readonly Observation['kind'][]
  protected readonly context: MeterContext
  protected total = 0
  private readonly of: SelectorSpec

  constructor(of: SelectorSpec, context: MeterContext) {
    this.of = of
    this.context = context
    this.looksAt = [of.load === undefined ? 'stream' : 'client']
  }

  observe(observation: Observation): void {
    const sample = sampleOf(observation, this.of, this.context.statistics)
    if (sample === null || sample.start < this.context.from || sample.start >= this.context.to) return
    this.total++
    this.take(sample)
  }

  get requests(): number {
    return this.total
  }

  protected abstract take(sample: Sample): void

  abstract judge(): Judgement

  /** `of 120 requests` */
  protected get ofAll(): string {
    return `of ${this.total} requests`
  }
}

/** Counts requests of which a condition is true, and remembers the first that tells something. */
export abstract class ConditionMeter extends RequestMeter {
  protected held = 0
  protected witness: string | null = null
  protected firstHeldUs = -1
  private readonly is: ConditionSpec
  private readonly tellsWhenHeld: boolean

  constructor(of: SelectorSpec, is: ConditionSpec, context: MeterContext, tellsWhenHeld = true) {
    super(of, context)
    this.is = is
    this.tellsWhenHeld = tellsWhenHeld
  }

  protected take(sample: Sample): void {
    const holds = satisfies(sample, this.is)
    if (holds && this.held++ === 0) this.firstHeldUs = sample.start + sample.latencyUs
    if (holds === this.tellsWhenHeld) this.witness ??= sampleInWords(sample)
  }
}

/** A selector must name a load that there is. */
export const knownLoad: NonNullable<ExpectationKind['check']> = (value, loads, error) => {
  const { load } = (value as { of: SelectorSpec }).of
  if (load === undefined || loads.has(load)) return
  const near = didYouMean(load, [...loads])
  error(['of', 'load'], `there is no load named ${load}${near === null ? '' : `; did you mean ${near}?`}`)
}
