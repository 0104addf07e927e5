// One run from files and flags to a report; diagnostics go to stderr on the way.
import { overlay } from '../diff/index.ts'
import { bareScenario, type Report, runScenario } from '../scenario/index.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readScenario, readSources, report, type ScenarioFolder } from './files.ts'

export interface RunFlags {
  filename?: string[]
  seed?: string
  /** µs */
  duration?: number
}

/** The scenario that arguments and `-f` name (its objects of the same name give way); documents alone make a bare one. */
export function folderFor(scenario: string | undefined, flags: RunFlags): ScenarioFolder {
  if (flags.filename === undefined) {
    if (scenario === undefined) throw new CommandFailure(EXIT.usage, 'give a scenario folder, or documents with -f')
    return readScenario(scenario)
  }
  const files = readSources(flags.filename)
  if (scenario === undefined)
    return { scenario: bareScenario('documents'), file: null, files, beside: [], sources: files }
  const folder = readScenario(scenario)
  return { ...folder, files: overlay(folder.files, files), sources: [...folder.sources, ...files] }
}

/** Runs it; a mesh with errors ends the command. `talk`: diagnostics go to stderr. */
export function execute(folder: ScenarioFolder, flags: RunFlags, talk = true): Report {
  const result = runScenario({
    scenario: folder.scenario,
    files: folder.files,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.duration === undefined ? {} : { duration: flags.duration }),
  })
  if (talk) report(result.diagnostics, folder.sources)
  if (result.report === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors and was not run')
  return result.report
}
