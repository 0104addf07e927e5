// scenario.yaml -> ScenarioSpec, or diagnostics with positions. Also the bare scenario that runs documents without one.
import type { z } from 'zod'
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { parseDocuments } from '../documents/index.ts'
import { parseDuration } from '../engine/index.ts'
import type { SourceFile } from '../resources/types.ts'
import { type BehaviourSpec, checkBehaviour } from '../world/apps/index.ts'
import type { LoadSpec } from '../world/load/index.ts'
import { complaintsOf } from './complaints.ts'
import { kindOf } from './expectations/index.ts'
import { replayOf } from './replay/index.ts'
import { externalAddress, ScenarioDocument, type ScenarioSpec } from './schema.ts'
import { EVENT_KINDS } from './timeline/kinds.ts'
import type { TimelineEventSpec } from './timeline/schema.ts'
import type { EventKind } from './timeline/types.ts'

export interface LoadedScenario {
  /** Null when there is an error among the diagnostics. */
  scenario: ScenarioSpec | null
  diagnostics: Diagnostic[]
}

/** Reads one scenario file. `beside`: the other files of its folder, for `applyFile`. */
export function loadScenario(file: SourceFile, beside: readonly SourceFile[] = []): LoadedScenario {
  const parsed = parseDocuments(file.name, file.content, 'core')
  const diagnostics = [...parsed.diagnostics]
  const start = { file: file.name, line: 1, column: 1 }
  const document = parsed.documents[0]
  const error = (path: Path, message: string): void => {
    const at = document?.locate(path) ?? start
    diagnostics.push({ code: 'SIM0501', level: 'error', message, resource: '', path, at })
  }
  if (document === undefined) {
    if (diagnostics.length === 0) error([], 'the file holds no Scenario document')
    return { scenario: null, diagnostics }
  }
  if (parsed.documents.length > 1) error([], 'a scenario file holds one document; the mesh belongs in files beside it')
  const checked = ScenarioDocument.safeParse(document.value)
  if (!checked.success) {
    for (const { path, message, hint } of complaintsOf(checked.error.issues, ScenarioDocument, document.value)) {
      const at = document.locate(path) ?? start
      const help = hint === undefined ? {} : { hint }
      diagnostics.push({ code: 'SIM0501', level: 'error', message, resource: '', path, at, ...help })
    }
    return { scenario: null, diagnostics }
  }
  const { loads, ...spec } = checked.data.spec
  const scenario: ScenarioSpec = { name: checked.data.metadata.name, ...spec }
  if (loads !== undefined) scenario.loads = readRecordings(loads, beside, error)
  readFiles(scenario, beside, error)
  checkMeaning(scenario, error)
  const failed = diagnostics.some(found => found.level === 'error')
  return { scenario: failed ? null : scenario, diagnostics }
}

/** Documents without a scenario: no load, no expectations, every workload answers at once. */
export function bareScenario(name: string, duration = '60s'): ScenarioSpec {
  return { name, title: name, duration }
}

function checkMeaning(scenario: ScenarioSpec, error: (path: Path, message: string) => void): void {
  const end = parseDuration(scenario.duration) ?? 0
  const loads = new Set<string>()
  for (const [i, load] of (scenario.loads ?? []).entries()) {
    if (loads.has(load.name)) error(['spec', 'loads', i, 'name'], `there are two loads named ${load.name}`)
    loads.add(load.name)
    if (load.requests.every(request => request.weight === 0))
      error(['spec', 'loads', i, 'requests'], 'all weights are 0: nothing could be sent')
  }
  for (const [i, workload] of (scenario.workloads ?? []).entries()) {
    const path = ['spec', 'workloads', i]
    if (workload.name === undefined && workload.labels === undefined) error(path, 'name or labels are needed')
    const wrong = checkBehaviour(workload.behaviour)
    if (wrong !== null) error([...path, 'behaviour', ...wrong.path], wrong.message)
  }
  checkExternalHosts(scenario, error)
  for (const [i, event] of (scenario.timeline ?? []).entries())
    checkEvent(event, scenario, end, (path, message) => error(['spec', 'timeline', i, ...path], message))
  for (const [i, { from, to, expect }] of (scenario.expectations ?? []).entries()) {
    const path = ['spec', 'expectations', i]
    const begin = parseDuration(from ?? '0s') ?? 0
    if (begin >= (parseDuration(to ?? scenario.duration) ?? 0))
      error([...path, 'from'], 'the window is empty: from is not before to')
    const { key, kind, value } = kindOf(expect)
    kind.check?.(value, loads, (below, message) => error([...path, 'expect', key, ...below], message))
  }
}

function checkExternalHosts({ externalHosts = [] }: ScenarioSpec, error: (path: Path, message: string) => void): void {
  const names = new Set<string>()
  for (const [i, host] of externalHosts.entries()) {
    const { name, hosts, ports, behaviour, tls } = host
    const own = [name, ...hosts, externalAddress(host, i)]
    const path = ['spec', 'externalHosts', i]
    for (const taken of own.filter(word => names.has(word))) error(path, `there are two external hosts named ${taken}`)
    for (const word of own) names.add(word)
    for (const port of tls?.ports ?? [])
      if (ports.includes(port)) error([...path, 'tls', 'ports'], `port ${port} speaks plain text already`)
    const check = (spec: BehaviourSpec | undefined, at: Path): void => {
      const wrong = spec === undefined ? null : checkBehaviour(spec)
      if (wrong !== null) error([...at, 'behaviour', ...wrong.path], wrong.message)
    }
    check(behaviour, path)
    check(tls?.behaviour, [...path, 'tls'])
  }
}

function checkEvent(
  event: TimelineEventSpec,
  scenario: ScenarioSpec,
  end: number,
  error: (path: Path, message: string) => void,
): void {
  if ((event.at === undefined) === (event.when === undefined)) error([], 'an event needs either `at` or `when`')
  if (event.after !== undefined && event.when === undefined) error(['after'], 'counts from `when`, which is absent')
  if (event.at !== undefined && (parseDuration(event.at) ?? 0) > end)
    error(['at'], `lies beyond the run's end at ${scenario.duration}`)
  const around = { loads: scenario.loads ?? [], behaviours: scenario.workloads ?? [] }
  const values: Readonly<Record<string, unknown>> = event
  for (const [key, kind] of Object.entries<EventKind>(EVENT_KINDS)) {
    if (values[key] === undefined) continue
    kind.check?.(values[key], around, (path, message) => error([key, ...path], message))
  }
}

const fileNamed = (name: string, beside: readonly SourceFile[]): SourceFile | undefined =>
  beside.find(file => file.name === name || file.name.endsWith(`/${name}`))

/** Loads that are recordings become loads like all others. */
function readRecordings(
  loads: NonNullable<z.output<typeof ScenarioDocument>['spec']['loads']>,
  beside: readonly SourceFile[],
  error: (path: Path, message: string) => void,
): LoadSpec[] {
  return loads.flatMap((load, i) => {
    if (!('replay' in load)) return [load]
    const { replay, ...rest } = load
    const path = ['spec', 'loads', i, 'replay']
    const file = fileNamed(replay.file, beside)
    const read = file === undefined ? `there is no file ${replay.file}` : replayOf(replay.file, file.content, replay)
    if (typeof read !== 'string') return [{ ...rest, ...read }]
    error([...path, 'file'], read)
    return []
  })
}

/** `applyFile` becomes `apply`: inside, a scenario knows no files. */
function readFiles(
  scenario: ScenarioSpec,
  beside: readonly SourceFile[],
  error: (path: Path, message: string) => void,
): void {
  for (const [i, event] of (scenario.timeline ?? []).entries()) {
    if (event.applyFile === undefined) continue
    const wanted = event.applyFile
    const found = fileNamed(wanted, beside)
    if (found === undefined) error(['spec', 'timeline', i, 'applyFile'], `there is no file ${wanted}`)
    else event.apply = event.apply === undefined ? found.content : `${event.apply}\n---\n${found.content}`
    delete event.applyFile
  }
}
