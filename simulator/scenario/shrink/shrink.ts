// The smallest scenario that still shows a failure: documents, fields and load that the failure does not need are left
// out, numbers become small, the run short. Every step is a run; nothing is guessed.
import type { Path } from '../../diagnostics/types.ts'
import { parseDocuments } from '../../documents/index.ts'
import { formatDuration, InvariantViolation, parseDuration } from '../../engine/index.ts'
import type { SourceFile } from '../../resources/types.ts'
import { loadScenario } from '../load-scenario.ts'
import { reduceTree } from './delta.ts'
import { type Failure, type FailureSpec, failureOf, type Mesh } from './failure.ts'
import { leavesOf, type Part, sizeOf, withLeaf } from './tree.ts'

export interface ShrinkOptions {
  /** scenario.yaml. */
  scenario: SourceFile
  /** What it names beside it. */
  beside: readonly SourceFile[]
  files: readonly SourceFile[]
  seed?: string
  failure: FailureSpec
  /** Runs that may be spent; 400 when absent. */
  runs?: number
  /** Told after each run: runs spent, fields and items left. Cannot change the outcome. */
  onProgress?: (runs: number, size: number) => void
}

export interface Shrunk {
  /** The failure in words, as the whole scenario showed it. */
  failure: string
  /** The document of scenario.yaml, and those of the mesh. */
  scenario: unknown
  mesh: unknown[]
  /** Fields and items before and after. */
  before: number
  after: number
  runs: number
  /** False: the runs were spent before nothing more could go. */
  finished: boolean
}

/** The two halves of what is shrunk. */
interface Whole {
  scenario: unknown
  mesh: unknown[]
}

const DEFAULT_RUNS = 400

/** The smallest scenario, or a sentence about why there is no failure to look for. */
export function shrink(options: ShrinkOptions): Shrunk | string {
  const { scenario: file, beside, seed } = options
  const mostRuns = options.runs ?? DEFAULT_RUNS
  const whole: Whole = {
    scenario: parseDocuments(file.name, file.content, 'core').documents[0]?.value,
    mesh: options.files.flatMap(({ name, content }) => parseDocuments(name, content).documents.map(d => d.value)),
  }
  const meshOf = (value: unknown): Mesh | null => {
    const { scenario, mesh } = value as Whole
    const read = loadScenario({ name: file.name, content: JSON.stringify(scenario) }, beside)
    if (read.scenario === null) return null
    const content = (mesh ?? []).map(document => JSON.stringify(document)).join('\n---\n')
    return { scenario: read.scenario, files: [{ name: 'mesh.yaml', content }], ...(seed === undefined ? {} : { seed }) }
  }
  const first = meshOf(whole)
  if (first === null) return 'the scenario has errors'
  const failure = failureOf(first, options.failure)
  if (typeof failure === 'string') return failure
  let runs = 0
  const known = new Map<string, boolean>()
  const shows = (value: unknown): boolean => {
    const key = JSON.stringify(value)
    const before = known.get(key)
    if (before !== undefined) return before
    if (runs >= mostRuns) return false
    const mesh = meshOf(value)
    if (mesh !== null) options.onProgress?.(++runs, sizeOf(value))
    const found = mesh !== null && shownBy(failure, mesh)
    known.set(key, found)
    return found
  }
  let now: unknown = shortened(whole, failure, shows)
  for (let before = -1; before !== sizeOf(now) && runs < mostRuns; ) {
    before = sizeOf(now)
    now = reduceTree(now, shows, part => mustStay(part, now, failure))
    now = lessLoad(now, shows)
  }
  const { scenario, mesh } = now as Whole
  return {
    failure: failure.words,
    scenario,
    mesh: mesh ?? [],
    before: sizeOf(whole),
    after: sizeOf(now),
    runs,
    finished: runs < mostRuns,
  }
}

/** A mesh that runs wild (a closed loop that is refused at once) shows nothing. */
function shownBy(failure: Failure, mesh: Mesh): boolean {
  try {
    return failure.shownBy(mesh)
  } catch (error) {
    if (error instanceof InvariantViolation) return false
    throw error
  }
}

/** The envelope that makes a document one, and the expectation that is looked at. */
function mustStay({ path }: Part, value: unknown, { expectation }: Failure): boolean {
  const [half, ...below] = path
  if (below.length === 0) return true
  const inside = half === 'scenario' ? below : below.slice(1)
  const [first, second, third] = inside
  if (first === 'apiVersion' || first === 'kind') return true
  if (first === 'metadata') return second === undefined || second === 'name' || second === 'namespace'
  if (half !== 'scenario' || first !== 'spec') return false
  if (second === undefined || second === 'title' || second === 'duration') return true
  if (second !== 'expectations' || expectation === null) return false
  if (third === undefined) return true
  const { spec } = (value as Whole).scenario as { spec: { expectations: { name: unknown }[] } }
  return spec.expectations[third as number]?.name === expectation
}

const DURATION: Path = ['scenario', 'spec', 'duration']

/** A shorter run: up to the moment that is looked for, or halved as long as the failure stays. */
function shortened(whole: unknown, { until }: Failure, shows: (value: unknown) => boolean): unknown {
  if (until !== null) {
    const short = withLeaf(whole, DURATION, formatDuration((Math.floor(until / 1_000_000) + 1) * 1_000_000))
    return shows(short) ? short : whole
  }
  let now = whole
  for (;;) {
    const { spec } = (now as Whole).scenario as { spec: { duration: string } }
    const half = Math.floor((parseDuration(spec.duration) ?? 0) / 2 / 1_000_000) * 1_000_000
    if (half <= 0) return now
    const shorter = withLeaf(now, DURATION, formatDuration(half))
    if (!shows(shorter)) return now
    now = shorter
  }
}

/** Numbers of the loads become as small as the failure lets them: 1, or halved again and again. */
function lessLoad(whole: unknown, shows: (value: unknown) => boolean): unknown {
  let now = whole
  for (const { path, value } of leavesOf(whole)) {
    if (path[0] !== 'scenario' || path[2] !== 'loads' || typeof value !== 'number' || value <= 1) continue
    const least = withLeaf(now, path, 1)
    if (shows(least)) {
      now = least
      continue
    }
    for (let half = Math.floor(value / 2); half > 1; half = Math.floor(half / 2)) {
      const smaller = withLeaf(now, path, half)
      if (!shows(smaller)) break
      now = smaller
    }
  }
  return now
}
