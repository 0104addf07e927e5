// What a run came to, as plain data: equal for equal input and seed, byte for byte (no wall time, no paths, no speed).
import type { Diagnostic } from '../diagnostics/types.ts'
import { formatDuration } from '../engine/index.ts'
import type { Edge } from '../observation/index.ts'
import type { SourceFile } from '../resources/types.ts'
import type { Verdict } from './expectations/index.ts'
import type { ScenarioSpec } from './schema.ts'
import { createSimulation, type Simulation } from './simulation.ts'

/** What the model is a model of. */
export const MODEL = 'Istio 1.32-dev, Envoy 1.40'
export const VERSION = '0.1.0'

export interface Share {
  name: string
  count: number
}

export interface TrafficRow {
  source: string
  destination: string
  requests: number
  errors: number
  versions: Share[]
  statuses: Share[]
  flags: Share[]
  /** Microseconds. */
  latency: { p50: number; p90: number; p99: number; max: number; mean: number }
}

export interface Report {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'Report'
  version: string
  model: string
  scenario: string
  title: string
  seed: string
  /** Virtual time that was run, µs. */
  duration: number
  fingerprint: string
  events: number
  ok: boolean
  expectations: Verdict[]
  traffic: TrafficRow[]
  clients: TrafficRow[]
  marks: { at: number; what: string }[]
  pushes: { sent: number; rejected: number }
  undescribed: string[]
  diagnostics: { level: string; code: string; message: string; resource: string; at: string }[]
}

export interface RunOptions {
  scenario: ScenarioSpec
  files: readonly SourceFile[]
  seed?: string
  /** Runs shorter or longer than the scenario says, µs. */
  duration?: number
  /** Told now and then how far the run is, for a line on stderr. Cannot change the run. */
  onProgress?: (now: number, end: number) => void
}

export interface RunResult {
  /** Null when there is an error among the diagnostics. */
  report: Report | null
  diagnostics: Diagnostic[]
}

/** Parts of a run between two words to `onProgress`; a run in parts is the same run. */
const PARTS = 60

/** One scenario from beginning to end. */
export function runScenario(options: RunOptions): RunResult {
  const { scenario, files, seed } = options
  const { simulation, diagnostics } = createSimulation({ scenario, files, ...(seed === undefined ? {} : { seed }) })
  if (simulation === null) return { report: null, diagnostics }
  const end = options.duration ?? simulation.duration
  for (let part = 1; part <= PARTS; part++) {
    simulation.runUntil(Math.floor((end * part) / PARTS))
    options.onProgress?.(simulation.now, end)
  }
  return { report: reportOf(simulation, diagnostics), diagnostics }
}

/** The report of a simulation at this moment. */
export function reportOf(simulation: Simulation, diagnostics: readonly Diagnostic[]): Report {
  const { statistics, scenario } = simulation
  const expectations = simulation.verdicts()
  return {
    apiVersion: 'meshsim.io/v1alpha1',
    kind: 'Report',
    version: VERSION,
    model: MODEL,
    scenario: scenario.name,
    title: scenario.title,
    seed: simulation.seed,
    duration: simulation.now,
    fingerprint: simulation.fingerprint(),
    events: simulation.engine.eventsRun,
    ok: expectations.every(verdict => verdict.ok),
    expectations,
    traffic: statistics.sorted().map(row),
    clients: [...statistics.clients.values()].sort((a, b) => byText(a.source, b.source)).map(row),
    marks: simulation.marks.map(({ at, what }) => ({ at, what })),
    pushes: { sent: statistics.pushes, rejected: statistics.nacks },
    undescribed: [...simulation.undescribed],
    diagnostics: diagnostics.map(found => ({
      level: found.level,
      code: found.code,
      message: found.message,
      resource: found.resource,
      at: found.at === null ? '' : `${baseName(found.at.file)}:${found.at.line}:${found.at.column}`,
    })),
  }
}

function row(edge: Edge): TrafficRow {
  const { source, destination, requests, errors, latency } = edge
  const shares = (counts: ReadonlyMap<string | number, number>): Share[] =>
    [...counts].map(([name, count]) => ({ name: String(name), count })).sort((a, b) => byText(a.name, b.name))
  return {
    source,
    destination,
    requests,
    errors,
    versions: shares(edge.versions),
    statuses: shares(edge.statuses),
    flags: shares(edge.flags),
    latency: {
      p50: latency.percentile(50),
      p90: latency.percentile(90),
      p99: latency.percentile(99),
      max: latency.maxUs,
      mean: latency.meanUs,
    },
  }
}

/** Where a file lies is this machine's affair. */
function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Virtual time for people: at most three decimals of its unit. */
export function shortDuration(us: number): string {
  if (us < 1_000) return formatDuration(us)
  if (us < 1_000_000) return formatDuration(us < 100_000 ? Math.round(us / 10) * 10 : Math.round(us / 1_000) * 1_000)
  return formatDuration(Math.round(us / 10_000) * 10_000)
}
