// A moment of a run: a time (`12.5s`), or the event at which something is seen, such as `first(status==503)`,
// `nth(3, latency>1s && destination==reviews)`. A run stopped there is the very run, standing still.
import { formatDuration, parseDuration } from '../../engine/index.ts'
import { FanOut, type Observation, type Recorder } from '../../observation/index.ts'
import { observationInWords } from '../run-file/journal.ts'
import { createSimulation, type Simulation, type SimulationOptions, type SimulationResult } from '../simulation.ts'
import { type Expression, ExpressionError, ExpressionReader, holds, tokensOf } from './expression.ts'
import { fieldOf } from './fields.ts'

export type Moment =
  /** µs */
  { at: number } | { nth: number; seen: Expression; words: string }

const HOW = 'a time such as 12.5s, first(status==503) or nth(3, latency>1s && destination==reviews)'

/** The moment that a text means, or a sentence about what is wrong with it. */
export function parseMoment(text: string): Moment | string {
  const time = parseDuration(text.trim())
  if (time !== null) return time >= 0 ? { at: time } : `"${text}" lies before the beginning`
  const tokens = tokensOf(text)
  if (typeof tokens === 'string') return `${tokens}; expected ${HOW}`
  const reader = new ExpressionReader(tokens)
  try {
    const name = reader.word(HOW)
    if (name !== 'first' && name !== 'nth') throw new ExpressionError(`"${name}" is unknown; expected ${HOW}`)
    reader.needs('(')
    const nth = name === 'first' ? 1 : Number(reader.word('a count'))
    if (!Number.isInteger(nth) || nth < 1) throw new ExpressionError('nth counts from 1')
    if (name === 'nth') reader.needs(',')
    const seen = reader.expression()
    reader.needs(')')
    if (!reader.done) throw new ExpressionError(`nothing may follow, found ${reader.rest()}`)
    return { nth, seen, words: text.trim() }
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
}

/** Watches a run for a moment; the engine stops after the event at which it comes. */
export class MomentWatch implements Recorder {
  /** The observation that made it so. */
  witness: Observation | null = null
  private readonly moment: Moment
  private simulation: Simulation | null = null
  private left: number

  constructor(moment: Moment) {
    this.moment = moment
    this.left = 'at' in moment ? 0 : moment.nth
  }

  /** From here on: what is seen while the mesh is built counts for nothing. */
  start(simulation: Simulation): void {
    this.simulation = simulation
  }

  wants(kind: Observation['kind']): boolean {
    return this.simulation !== null && this.left > 0 && kind !== 'xds' && kind !== 'served'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    const { moment, simulation } = this
    if ('at' in moment || simulation === null) return
    if (!holds(moment.seen, field => fieldOf(observation, field, simulation.statistics))) return
    if (--this.left > 0) return
    this.witness = observation
    simulation.engine.stop()
  }
}

export interface Stop {
  /** Did the moment come before the run's end? */
  reached: boolean
  /** µs */
  at: number
  /** What was seen then, in words; '' for a time. */
  witness: string
  /** The very observation. */
  seen: Observation | null
}

/** A simulation that stands at the moment, or at the end of the scenario when it never came. Null when the mesh has errors. */
export function simulationAt(
  options: SimulationOptions & { duration?: number },
  moment: Moment,
): SimulationResult & { stop: Stop | null } {
  const watch = new MomentWatch(moment)
  const { recorder } = options
  const watched = recorder === undefined ? watch : new FanOut([watch, recorder])
  const result = createSimulation({ ...options, recorder: watched })
  const { simulation } = result
  if (simulation === null) return { ...result, stop: null }
  watch.start(simulation)
  const end = options.duration ?? simulation.duration
  simulation.runUntil('at' in moment ? moment.at : end)
  const reached = 'at' in moment || watch.witness !== null
  const witness = watch.witness === null ? '' : observationInWords(watch.witness)
  return { ...result, stop: { reached, at: simulation.now, witness, seen: watch.witness } }
}

/** `stopped at 12.5s: ...`, or that the moment never came. */
export function stopInWords({ reached, at, witness }: Stop, moment: Moment): string {
  if (!reached && 'words' in moment) return `${moment.words} was not seen until ${formatDuration(at)}`
  return `stopped at ${formatDuration(at)}${witness === '' ? '' : `: ${witness}`}`
}
