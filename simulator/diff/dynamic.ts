// Both meshes run with one seed, so that the n-th request of a load meets the same dice before and after; then request is
// held against request.
import type { Diagnostic } from '../diagnostics/types.ts'
import { isError } from '../observation/index.ts'
import type { SourceFile } from '../resources/types.ts'
import { createSimulation, type Estimate, estimate, type ScenarioSpec } from '../scenario/index.ts'
import { type Outcome, OutcomeRecorder } from './outcomes.ts'
import { signTest } from './paired.ts'

export interface DynamicOptions {
  scenario: ScenarioSpec
  before: readonly SourceFile[]
  after: readonly SourceFile[]
  seed?: string
  /** µs; the scenario's own when absent. */
  duration?: number
}

/** Requests that met the same change of fate. */
export interface FateChange {
  load: string
  before: string
  after: string
  count: number
  /** The first of them. */
  first: { number: number; at: number; method: string; url: string }
}

export interface LoadDifference {
  load: string
  /** Requests that both runs sent. */
  pairs: number
  /** Sent in one run only (a closed loop that became quicker or slower). */
  unpaired: { before: number; after: number }
  /** `worse`: good before, an error after. `p`: chance that the change has nothing to do with it. */
  errors: { before: number; after: number; worse: number; better: number; p: number }
  /** After minus before, µs, of the requests that both answered. */
  latency: Estimate
}

export interface ExpectationChange {
  name: string
  before: { ok: boolean; seen: string }
  after: { ok: boolean; seen: string }
}

export interface DynamicDiff {
  seed: string
  /** µs */
  duration: number
  changes: FateChange[]
  loads: LoadDifference[]
  /** Those whose verdict changed. */
  expectations: ExpectationChange[]
}

interface Run {
  loads: Map<string, Outcome[]>
  verdicts: { name: string; ok: boolean; seen: string }[]
  seed: string
  end: number
}

/** Null diff: one of the two has errors, told in its diagnostics. */
export function dynamicDiff(options: DynamicOptions): {
  diff: DynamicDiff | null
  diagnostics: { before: Diagnostic[]; after: Diagnostic[] }
} {
  const before = run(options, options.before)
  const after = run(options, options.after)
  const diagnostics = { before: before.diagnostics, after: after.diagnostics }
  if (before.run === null || after.run === null) return { diff: null, diagnostics }
  return { diff: compare(before.run, after.run), diagnostics }
}

function run(options: DynamicOptions, files: readonly SourceFile[]): { run: Run | null; diagnostics: Diagnostic[] } {
  const { scenario, seed, duration } = options
  const recorder = new OutcomeRecorder()
  const { simulation, diagnostics } = createSimulation({
    scenario,
    files,
    recorder,
    ...(seed === undefined ? {} : { seed }),
  })
  if (simulation === null) return { run: null, diagnostics }
  const end = duration ?? simulation.duration
  simulation.runUntil(end)
  const loads = recorder.byLoad(simulation.statistics.directory)
  return { run: { loads, verdicts: simulation.verdicts(), seed: simulation.seed, end }, diagnostics }
}

function compare(before: Run, after: Run): DynamicDiff {
  const names = [...new Set([...before.loads.keys(), ...after.loads.keys()])].sort((a, b) => (a < b ? -1 : 1))
  const changes = new Map<string, FateChange>()
  const loads = names.map(load => compareLoad(load, before.loads.get(load) ?? [], after.loads.get(load) ?? [], changes))
  const expectations = before.verdicts.flatMap((was, i) => {
    const is = after.verdicts[i]!
    const told = ({ ok, seen }: typeof was): ExpectationChange['before'] => ({ ok, seen })
    return was.ok === is.ok ? [] : [{ name: was.name, before: told(was), after: told(is) }]
  })
  const sorted = [...changes.values()].sort((a, b) => b.count - a.count || a.first.at - b.first.at)
  return { seed: before.seed, duration: before.end, changes: sorted, loads, expectations }
}

function compareLoad(
  load: string,
  before: readonly Outcome[],
  after: readonly Outcome[],
  changes: Map<string, FateChange>,
): LoadDifference {
  const pairs = Math.min(before.length, after.length)
  const errors = { before: 0, after: 0, worse: 0, better: 0, p: 1 }
  const latencies: number[] = []
  for (let i = 0; i < pairs; i++) {
    const [was, is] = [before[i]!, after[i]!]
    const [bad, worse] = [failed(was), failed(is)]
    if (bad) errors.before++
    if (worse) errors.after++
    if (worse && !bad) errors.worse++
    if (bad && !worse) errors.better++
    if (was.status > 0 && is.status > 0) latencies.push(is.latency - was.latency)
    if (fateOf(was) !== fateOf(is)) count(changes, was, is)
  }
  errors.p = signTest(errors.worse, errors.better)
  return {
    load,
    pairs,
    unpaired: { before: before.length - pairs, after: after.length - pairs },
    errors,
    latency: estimate(latencies),
  }
}

function count(changes: Map<string, FateChange>, was: Outcome, is: Outcome): void {
  const [before, after] = [fateOf(was), fateOf(is)]
  const key = `${was.load}\n${before}\n${after}`
  const known = changes.get(key)
  if (known !== undefined) known.count++
  else {
    const first = { number: was.number, at: was.start, method: was.method, url: was.url }
    changes.set(key, { load: was.load, before, after, count: 1, first })
  }
}

const failed = ({ status, failure }: Outcome): boolean => isError(status, [failure])

/** `200 by ratings v1, reviews v2`. */
function fateOf({ status, failure, servedBy }: Outcome): string {
  const answer = status === 0 ? `no answer (${failure})` : String(status)
  return servedBy === '' ? answer : `${answer} by ${servedBy}`
}
