// The only place of the command line that reads files: what `-f` names, and the folders of scenarios.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { globSync, isDynamicPattern } from 'tinyglobby'
import { printDiagnostics } from '../diagnostics/index.ts'
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import { loadScenario, type ScenarioSpec, scenarioOfRun } from '../scenario/index.ts'
import type { ShelfEntry } from '../stream/index.ts'
import { wantsColour } from './colour.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readRunFile } from './run-files.ts'

const DOCUMENT = /\.(?:ya?ml|json)$/
/** What a scenario may name beside documents: recordings. */
const BESIDE = /\.(?:ya?ml|json|har|csv|log|txt)$/

/** As the loader has it: a larger file is not even read. */
const MAX_BYTES = 64 * 1024 * 1024

/** `-f` as kubectl understands it: a file, a directory (recursive), a glob in quotes, `-` for stdin. */
export function readSources(names: readonly string[]): SourceFile[] {
  return names.flatMap(name => {
    if (name === '-') return [{ name: 'stdin', content: readText(0, 'stdin') }]
    if (/^https?:\/\//.test(name))
      throw new CommandFailure(EXIT.usage, `${name}: addresses are not read; download the file and give its path`)
    if (!existsSync(name)) return matching(name).map(path => ({ name: path, content: readText(path) }))
    if (!statSync(name).isDirectory()) return [{ name, content: readText(name) }]
    return documentsBelow(name).map(path => ({ name: path, content: readText(path) }))
  })
}

/** Files that a pattern such as `mesh/*.yaml` means, in order of their names. */
function matching(pattern: string): string[] {
  const found = isDynamicPattern(pattern) ? globSync(pattern, { expandDirectories: false }) : []
  if (found.length > 0) return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const what = isDynamicPattern(pattern) ? 'no file matches this pattern' : 'no such file or directory'
  throw new CommandFailure(EXIT.inputData, `${pattern}: ${what}`)
}

/** UTF-8 text. Bytes that are none become U+FFFD, which the loader refuses at its line and column. */
function readText(path: string | number, name = String(path)): string {
  try {
    const size = typeof path === 'string' ? statSync(path).size : 0
    const bytes = size > MAX_BYTES ? null : readFileSync(path)
    if (bytes === null || bytes.length > MAX_BYTES)
      throw new CommandFailure(EXIT.inputData, `${name}: larger than 64 MiB; split the file`)
    return bytes.toString('utf8')
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(EXIT.inputData, `${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function documentsBelow(dir: string, pattern = DOCUMENT): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap(entry => {
      const path = join(dir, entry.name)
      if (entry.isDirectory()) return documentsBelow(path, pattern)
      return pattern.test(entry.name) ? [path] : []
    })
}

export interface ScenarioFolder {
  scenario: ScenarioSpec
  /** scenario.yaml; null: plain documents. */
  file: SourceFile | null
  /** The mesh's documents. */
  files: SourceFile[]
  /** What scenario.yaml may name beside it. */
  beside: SourceFile[]
  /** All text, for carets under diagnostics; the scenario file first. */
  sources: SourceFile[]
}

/** Where the scenarios that come with the program lie. */
export function ownScenarios(): string {
  for (const up of ['../scenarios', '../../scenarios']) {
    const dir = fileURLToPath(new URL(up, import.meta.url))
    if (existsSync(dir)) return dir
  }
  return 'scenarios'
}

/** A scenario by its folder, its scenario.yaml, a run file, or the name of one of our own. */
export function readScenario(name: string): ScenarioFolder {
  if (isRunFile(name)) return folderOfRun(name)
  const { file, beside, files } = textsOf(folderOf(name))
  const loaded = loadScenario(file, beside)
  const sources = [file, ...files]
  report(loaded.diagnostics, sources)
  if (loaded.scenario === null) throw new CommandFailure(EXIT.inputData, `${file.name}: the scenario cannot be run`)
  return { scenario: loaded.scenario, file, files, beside, sources }
}

/** All texts of a scenario's folder, unread. */
function textsOf(dir: string): { file: SourceFile; beside: SourceFile[]; files: SourceFile[] } {
  const path = join(dir, 'scenario.yaml')
  const file = { name: shown(path), content: readFileSync(path, 'utf8') }
  const mesh = join(dir, 'mesh')
  const files = existsSync(mesh) ? readSources([mesh]).map(f => ({ ...f, name: shown(f.name) })) : []
  const beside = documentsBelow(dir, BESIDE).map(p => ({ name: relative(dir, p), content: readFileSync(p, 'utf8') }))
  return { file, beside, files }
}

/** The scenarios that come with the program, as texts; none where the folder is missing. */
export function ownShelf(): ShelfEntry[] {
  const own = ownScenarios()
  if (!existsSync(own)) return []
  return scenariosBelow(own).map(dir => {
    const { file, beside, files } = textsOf(dir)
    const readme = join(dir, 'README.md')
    const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
    return { name: basename(dir), readme: text, file, beside, mesh: files }
  })
}

/** A run file stands for the scenario that it recorded. */
const isRunFile = (name: string): boolean =>
  /\.json(?:\.gz)?$/.test(name) && existsSync(name) && statSync(name).isFile()

function folderOfRun(path: string): ScenarioFolder {
  const { inputs } = readRunFile(path)
  const { scenario, diagnostics } = scenarioOfRun(inputs)
  const sources = [...(inputs.scenario === null ? [] : [inputs.scenario]), ...inputs.mesh]
  report(diagnostics, sources)
  if (scenario === null) throw new CommandFailure(EXIT.inputData, `${path}: the recorded scenario cannot be run`)
  return { scenario, file: inputs.scenario, files: inputs.mesh, beside: inputs.beside, sources }
}

function folderOf(name: string): string {
  if (existsSync(name) && !statSync(name).isDirectory() && basename(name) === 'scenario.yaml') return join(name, '..')
  const candidates = [name, join(ownScenarios(), name)]
  const found = candidates.find(dir => existsSync(join(dir, 'scenario.yaml')))
  if (found !== undefined) return found
  if (!existsSync(name)) {
    throw new CommandFailure(
      EXIT.inputData,
      `${name}: there is no such scenario; \`meshsim scenario list\` shows those that come with meshsim`,
    )
  }
  const why = statSync(name).isDirectory() ? 'the directory holds no scenario.yaml' : 'this is no scenario.yaml'
  throw new CommandFailure(EXIT.inputData, `${name}: ${why}; to run plain documents: meshsim run -f ${name}`)
}

/** Folders at or below `dir` that hold a scenario.yaml, in order of their names. */
export function scenariosBelow(dir: string): string[] {
  if (!existsSync(dir)) throw new CommandFailure(EXIT.inputData, `${dir}: no such file or directory`)
  if (!statSync(dir).isDirectory()) return [dir]
  if (existsSync(join(dir, 'scenario.yaml'))) return [dir]
  return readdirSync(dir, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .flatMap(entry => scenariosBelow(join(dir, entry.name)))
}

/** A path as the user would write it. */
function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}

/** Talk goes to stderr, with the offending lines. */
export function report(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): void {
  process.stderr.write(printDiagnostics(diagnostics, sources, { color: wantsColour(process.stderr) }))
}

/** The folders and files that names given on the command line stand for, e.g. to watch them. */
export function pathsOf(names: readonly string[]): string[] {
  return names.map(name => (existsSync(name) ? name : join(ownScenarios(), name))).filter(path => existsSync(path))
}
