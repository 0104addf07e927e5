// A run as a file: all that it was made of, and marks along its way by which another machine can tell that it went the
// same way, or where it first went another.
import { z } from 'zod'
import type { Diagnostic } from '../../diagnostics/types.ts'
import type { SourceFile } from '../../resources/types.ts'
import { bareScenario, loadScenario } from '../load-scenario.ts'
import { MODEL, type Report, reportOf, VERSION } from '../report.ts'
import type { ScenarioSpec } from '../schema.ts'
import { createSimulation } from '../simulation.ts'
import { Journal } from './journal.ts'

const Source = z.strictObject({ name: z.string(), content: z.string() })

const RunDocument = z.strictObject({
  apiVersion: z.literal('meshsim.io/v1alpha1'),
  kind: z.literal('Run'),
  /** Of the program, and what it is a model of: another may run another way. */
  version: z.string(),
  model: z.string(),
  seed: z.string(),
  /** Virtual time that was run, µs. */
  duration: z.number().int().min(1),
  inputs: z.strictObject({
    /** scenario.yaml; null: plain documents were run. */
    scenario: Source.nullable(),
    /** What scenario.yaml names beside it. */
    beside: z.array(Source),
    mesh: z.array(Source),
  }),
  ok: z.boolean(),
  events: z.number().int(),
  fingerprint: z.string(),
  /** Evenly over the run: virtual time (µs), events until then, fingerprint. */
  checkpoints: z.array(z.tuple([z.number(), z.number(), z.string()])),
  /** What was seen, in order; the first 20,000 lines. */
  journal: z.array(z.string()),
  journalComplete: z.boolean(),
})

export type RunFile = z.output<typeof RunDocument>
export type RunInputs = RunFile['inputs']

/** Checkpoints of one run. */
const CHECKPOINTS = 200

/** Text of a run file -> the run, or a sentence about what is wrong with it. */
export function parseRunFile(text: string): RunFile | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `this is no JSON: ${error instanceof Error ? error.message : String(error)}`
  }
  const read = RunDocument.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  return `this is no run file: ${issue?.path.join('.') || 'the document'}: ${issue?.message ?? ''}`
}

/** The scenario that a run's inputs describe; null when they are broken, which the diagnostics tell. */
export function scenarioOfRun(inputs: RunInputs): { scenario: ScenarioSpec | null; diagnostics: Diagnostic[] } {
  if (inputs.scenario === null) return { scenario: bareScenario('documents'), diagnostics: [] }
  return loadScenario(inputs.scenario, inputs.beside)
}

export interface RecordOptions {
  inputs: RunInputs
  /** The scenario's own when absent. */
  seed?: string
  /** µs; the scenario's own when absent. */
  duration?: number
}

export interface Recorded {
  /** Both null when there is an error among the diagnostics. */
  run: RunFile | null
  report: Report | null
  diagnostics: Diagnostic[]
}

/** Runs the inputs and writes down the way. */
export function recordRun({ inputs, seed, duration }: RecordOptions): Recorded {
  const read = scenarioOfRun(inputs)
  if (read.scenario === null) return { run: null, report: null, diagnostics: read.diagnostics }
  const journal = new Journal()
  const made = createSimulation({
    scenario: read.scenario,
    files: inputs.mesh as SourceFile[],
    recorder: journal,
    ...(seed === undefined ? {} : { seed }),
  })
  const diagnostics = [...read.diagnostics, ...made.diagnostics]
  const { simulation } = made
  if (simulation === null) return { run: null, report: null, diagnostics }
  const end = duration ?? simulation.duration
  const checkpoints: RunFile['checkpoints'] = []
  for (let i = 1; i <= CHECKPOINTS; i++) {
    simulation.runUntil(Math.floor((end * i) / CHECKPOINTS))
    checkpoints.push([simulation.now, simulation.engine.eventsRun, simulation.fingerprint()])
  }
  const report = reportOf(simulation, diagnostics)
  const run: RunFile = {
    apiVersion: 'meshsim.io/v1alpha1',
    kind: 'Run',
    version: VERSION,
    model: MODEL,
    seed: simulation.seed,
    duration: end,
    inputs,
    ok: report.ok,
    events: report.events,
    fingerprint: report.fingerprint,
    checkpoints,
    journal: journal.lines,
    journalComplete: journal.complete,
  }
  return { run, report, diagnostics }
}
