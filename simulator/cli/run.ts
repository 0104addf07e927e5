// `run` and `test`: scenarios from beginning to end, their reports on stdout, everything else on stderr.
import { parseDuration } from '../engine/index.ts'
import { bareScenario, printReport, type Report, runScenario } from '../scenario/index.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report, type ScenarioFolder, scenariosBelow, wantsColour } from './files.ts'

export interface RunFlags {
  filename?: string[]
  seed?: string
  duration?: string
  output: 'text' | 'json'
}

/** One scenario, or plain documents. Returns the exit code. */
export function run(scenario: string | undefined, flags: RunFlags): number {
  const folder = folderFor(scenario, flags)
  const outcome = execute(folder, flags)
  process.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify(outcome, null, 2)}\n`
      : printReport(outcome, { color: wantsColour(process.stdout) }),
  )
  return outcome.ok ? EXIT.good : EXIT.expectationFailed
}

/** All scenarios below the folders: a line each, and a closing line. */
export function test(dirs: readonly string[], flags: RunFlags): number {
  const folders = dirs.flatMap(scenariosBelow)
  if (folders.length === 0) throw new CommandFailure(EXIT.inputData, `${dirs.join(', ')}: no scenario.yaml below`)
  const reports: Report[] = []
  let unreadable = 0
  for (const name of folders) {
    try {
      const outcome = execute(readScenario(name), flags)
      reports.push(outcome)
      if (flags.output === 'text') process.stdout.write(lineOf(outcome))
    } catch (error) {
      if (!(error instanceof CommandFailure) || error.code !== EXIT.inputData) throw error
      process.stderr.write(`${error.message}\n`)
      unreadable++
    }
  }
  const failed = reports.filter(outcome => !outcome.ok).length
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`)
  else process.stdout.write(`${reports.length - failed} passed, ${failed + unreadable} failed\n`)
  if (unreadable > 0) return EXIT.inputData
  return failed === 0 ? EXIT.good : EXIT.expectationFailed
}

function lineOf(outcome: Report): string {
  const bad = outcome.expectations.filter(verdict => !verdict.ok)
  const good = outcome.expectations.length - bad.length
  const head = `${outcome.ok ? '✓' : '✗'} ${outcome.scenario}: ${good} of ${outcome.expectations.length} expectations hold\n`
  return head + bad.map(v => `    ✗ ${v.name} (${v.window}): expected ${v.expected}, seen ${v.seen}\n`).join('')
}

function folderFor(scenario: string | undefined, flags: RunFlags): ScenarioFolder {
  if (flags.filename === undefined) {
    if (scenario === undefined) throw new CommandFailure(EXIT.usage, 'give a scenario folder, or documents with -f')
    return readScenario(scenario)
  }
  const files = readSources(flags.filename)
  if (scenario === undefined) return { scenario: bareScenario('documents'), files, sources: files }
  const folder = readScenario(scenario)
  return { ...folder, files: [...folder.files, ...files], sources: [...folder.sources, ...files] }
}

function execute(folder: ScenarioFolder, flags: RunFlags): Report {
  const duration = flags.duration === undefined ? null : parseDuration(flags.duration)
  if (flags.duration !== undefined && (duration === null || duration <= 0))
    throw new CommandFailure(EXIT.usage, `--duration: "${flags.duration}" is no duration such as 30s or 2m`)
  const result = runScenario({
    scenario: folder.scenario,
    files: folder.files,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(duration === null ? {} : { duration }),
  })
  report(result.diagnostics, folder.sources)
  if (result.report === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors and was not run')
  return result.report
}
