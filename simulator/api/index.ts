// meshsim as a library: a mesh from YAML, asked and run in a few lines of a test. Equal inputs and seeds give equal answers.
import { readScenario, readSources } from '../cli/files.ts'
import { printDiagnostics } from '../diagnostics/index.ts'
import type { Diagnostic } from '../diagnostics/types.ts'
import { type Diff, diffMeshes, overlay } from '../diff/index.ts'
import { parseDuration } from '../engine/index.ts'
import type { SourceFile } from '../resources/types.ts'
import {
  bareScenario,
  createSimulation,
  type Explanation,
  examine,
  explain,
  loadScenario,
  type Remark,
  type Report,
  runScenario,
  type ScenarioSpec,
  type Simulation,
} from '../scenario/index.ts'
import '../validation/envoy/all.ts'

export type { Diagnostic } from '../diagnostics/types.ts'
export type { Diff } from '../diff/index.ts'
export type { SourceFile } from '../resources/types.ts'
export type { Explanation, Remark, Report, Simulation, TrafficRow, Verdict } from '../scenario/index.ts'

export interface MeshInput {
  /** Documents of Kubernetes and Istio as one text. */
  yaml?: string
  /** Files and directories of documents, as `-f` takes them. */
  paths?: readonly string[]
  /** A scenario: its folder, or the name of one that comes with meshsim. The documents are laid over its mesh. */
  scenario?: string
  /** Text of a scenario.yaml, instead of `scenario`. */
  scenarioYaml?: string
}

/** The input has errors; the message shows each with its line, what was expected and how to mend it. */
export class MeshError extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]) {
    const errors = diagnostics.filter(found => found.level === 'error')
    super(`the mesh has errors\n${printDiagnostics(errors, sources, { color: false })}`)
    this.name = 'MeshError'
    this.diagnostics = diagnostics
  }
}

export interface Request {
  /** `internet`, or a workload: `name` or `name.namespace`. */
  from: string
  /** `http://host[:port]/path` */
  to: string
  /** Connect to this host whatever the URL names: a gateway's Service. */
  via?: string
  method?: string
  headers?: Record<string, string>
  body?: string
  /** Within the running scenario, at this virtual time such as `90s`; a quiet mesh when absent. */
  at?: string
  seed?: string
}

export interface RunOptions {
  seed?: string
  /** Virtual time such as `30s`; the scenario's own when absent. */
  duration?: string
}

/** A mesh that can be asked and run; it never changes. Made by `mesh`. */
export class Mesh {
  readonly scenario: ScenarioSpec
  readonly files: readonly SourceFile[]

  constructor(scenario: ScenarioSpec, files: readonly SourceFile[]) {
    this.scenario = scenario
    this.files = files
  }

  /** Sends one request and tells every decision on its way. Throws MeshError. */
  request({ from, to, via, method = 'GET', headers = {}, body, at, seed }: Request): Explanation {
    const { host, ...rest } = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const { explanation, diagnostics } = explain({
      scenario: this.scenario,
      files: this.files,
      from: from === 'internet' || from.includes('.') ? from : `${from}.default`,
      request: {
        method,
        url: to,
        headers: rest,
        ...(host === undefined ? {} : { host }),
        ...(body === undefined ? {} : { body }),
      },
      ...(via === undefined ? {} : { via }),
      ...(at === undefined ? {} : { at: microseconds(at) }),
      ...(seed === undefined ? {} : { seed }),
    })
    if (explanation === null) throw new MeshError(diagnostics, this.files)
    return explanation
  }

  /** Runs the scenario from beginning to end. Throws MeshError. */
  run({ seed, duration }: RunOptions = {}): Report {
    const { report, diagnostics } = runScenario({
      scenario: this.scenario,
      files: this.files,
      ...(seed === undefined ? {} : { seed }),
      ...(duration === undefined ? {} : { duration: microseconds(duration) }),
    })
    if (report === null) throw new MeshError(diagnostics, this.files)
    return report
  }

  /** What `meshsim analyze` tells of the documents. */
  analyze(): Remark[] {
    return examine(this.files).remarks
  }

  /** The simulation at its beginning, for whoever steps it himself. Throws MeshError. */
  simulation(seed?: string): Simulation {
    const { simulation, diagnostics } = createSimulation({
      scenario: this.scenario,
      files: this.files,
      ...(seed === undefined ? {} : { seed }),
    })
    if (simulation === null) throw new MeshError(diagnostics, this.files)
    return simulation
  }

  /** This mesh with documents laid over it: objects of the same name give way. */
  with(yaml: string): Mesh {
    return new Mesh(this.scenario, overlay(this.files, [{ name: 'changed.yaml', content: yaml }]))
  }

  /** What changes for requests when `after` takes this mesh's place. Throws MeshError. */
  diff(after: Mesh): Diff {
    const { diff, diagnostics } = diffMeshes({ before: this.files, after: after.files, scenario: this.scenario })
    if (diff === null)
      throw new MeshError([...diagnostics.before, ...diagnostics.after], [...this.files, ...after.files])
    return diff
  }
}

/** A mesh from documents, a scenario, or both. Throws MeshError, and an Error for files that are not there. */
export function mesh({ yaml, paths = [], scenario, scenarioYaml }: MeshInput): Mesh {
  const folder = scenario === undefined ? null : readScenario(scenario)
  const own = yaml === undefined ? [] : [{ name: 'mesh.yaml', content: yaml }]
  const files = overlay(folder?.files ?? [], [...readSources(paths), ...own])
  if (scenarioYaml === undefined) return new Mesh(folder?.scenario ?? bareScenario('documents'), files)
  const source = { name: 'scenario.yaml', content: scenarioYaml }
  const loaded = loadScenario(source, files)
  if (loaded.scenario === null) throw new MeshError(loaded.diagnostics, [source])
  return new Mesh(loaded.scenario, files)
}

function microseconds(text: string): number {
  const us = parseDuration(text)
  if (us === null || us < 0) throw new TypeError(`"${text}" is no duration such as 30s`)
  return us
}
