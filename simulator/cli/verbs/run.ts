// `run`: one scenario from beginning to end, its report on stdout, everything else on stderr.
import { Option } from 'commander'
import {
  formatReports,
  type Moment,
  printReport,
  printState,
  printStudy,
  REPORT_FORMATS,
  type Report,
  type ReportFormat,
  recordRun,
  reportOf,
  simulationAt,
  stateOf,
  stopInWords,
  studyOf,
} from '../../scenario/index.ts'
import { wantsColour } from '../colour.ts'
import { execute, folderFor, type RunFlags } from '../execute.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { pathsOf, report, type ScenarioFolder } from '../files.ts'
import { runInputs, writeRunFile } from '../run-files.ts'
import { type DefineVerb, examples, filename, momentOf, output, virtualTime, wholeNumber } from '../verb.ts'
import { type Answer, answering, watchFlag } from '../watch.ts'

interface Flags extends RunFlags {
  output: 'text' | 'json' | ReportFormat
  /** How many seeds, counted up from the first. */
  seeds?: number
  watch?: boolean
  /** Where the run file goes. */
  record?: string
  until?: Moment
}

export const defineRun: DefineVerb = (program, { end }) => {
  program
    .command('run')
    .description('run one scenario (or plain documents) and print its report')
    .argument('[scenario]', 'folder or name of a scenario')
    .addOption(filename())
    .option('--seed <seed>', 'seed of all dice')
    .option('--seeds <count>', 'run so many seeds and tell means with 95 % confidence', wholeNumber(2))
    .option('--duration <time>', 'virtual time to run, e.g. 90s', virtualTime)
    .option('--record <file>', 'write a run file that `meshsim replay` runs again (.json or .json.gz)')
    .addOption(
      new Option('--until <moment>', "stop there and show the mesh's state: 12.5s or 'first(status==503)'").argParser(
        momentOf,
      ),
    )
    .addOption(watchFlag())
    .addOption(output('text', 'json', ...REPORT_FORMATS))
    .addHelpText(
      'after',
      examples(
        'meshsim run bookinfo-canary',
        'meshsim run scenarios/bookinfo --seeds 20 -o json',
        "meshsim run circuit-breaking --until 'first(flag==UO)' --record run.json",
      ),
    )
    .action(async (scenario: string | undefined, flags: Flags) => {
      const watched =
        flags.watch === true
          ? pathsOf([...(scenario === undefined ? [] : [scenario]), ...(flags.filename ?? [])])
          : null
      end(await answering(watched, () => run(scenario, flags)))
    })
}

function run(scenario: string | undefined, flags: Flags): Answer {
  const folder = folderFor(scenario, flags)
  if (flags.seeds !== undefined) return runSeeds(folder, flags, flags.seeds)
  if (flags.until !== undefined) return runUntil(folder, flags, flags.until)
  const outcome = flags.record === undefined ? execute(folder, flags) : recorded(folder, flags, flags.record)
  return { text: textOf(outcome, flags.output), code: outcome.ok ? EXIT.good : EXIT.expectationFailed }
}

function textOf(outcome: Report, format: Flags['output']): string {
  if (format === 'json') return `${JSON.stringify(outcome, null, 2)}\n`
  if (format === 'text') return printReport(outcome, { color: wantsColour(process.stdout) })
  return formatReports([outcome], format)
}

/** The run, and its file. */
function recorded(folder: ScenarioFolder, { seed, duration }: Flags, path: string): Report {
  const {
    run,
    report: outcome,
    diagnostics,
  } = recordRun({
    inputs: runInputs(folder),
    ...(seed === undefined ? {} : { seed }),
    ...(duration === undefined ? {} : { duration }),
  })
  report(diagnostics, folder.sources)
  if (run === null || outcome === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors and was not run')
  writeRunFile(path, run)
  process.stderr.write(`recorded in ${path}\n`)
  return outcome
}

/** The run up to a moment, and the mesh's state there. A moment that never comes ends in 99. */
function runUntil(folder: ScenarioFolder, { seed, duration, output: format }: Flags, moment: Moment): Answer {
  const { scenario, files } = folder
  const { simulation, diagnostics, stop } = simulationAt(
    { scenario, files, ...(seed === undefined ? {} : { seed }), ...(duration === undefined ? {} : { duration }) },
    moment,
  )
  report(diagnostics, folder.sources)
  if (simulation === null || stop === null)
    throw new CommandFailure(EXIT.inputData, 'the mesh has errors and was not run')
  const [outcome, state] = [reportOf(simulation, diagnostics), stateOf(simulation)]
  const code = stop.reached ? EXIT.good : EXIT.expectationFailed
  if (format === 'json') return { text: `${JSON.stringify({ stop, state, report: outcome }, null, 2)}\n`, code }
  const words = stopInWords(stop, moment)
  // Expectations are judged at the end, which is not here.
  const sofar = format === 'text' ? { ...outcome, expectations: [] } : outcome
  return { text: `${textOf(sofar, format)}\n${printState(state)}${words}\n`, code }
}

/** Seeds first, first+1, ...; the diagnostics of the mesh are told once. */
function runSeeds(folder: ScenarioFolder, flags: Flags, count: number): Answer {
  const text = flags.seed ?? String(folder.scenario.seed ?? '1')
  const first = Number(text)
  if (!Number.isSafeInteger(first))
    throw new CommandFailure(EXIT.usage, `--seeds counts up from a number, not "${text}"`)
  const reports: Report[] = []
  for (let i = 0; i < count; i++) {
    const seed = String(first + i)
    reports.push(execute(folder, { ...flags, seed }, i === 0))
    if (process.stderr.isTTY) process.stderr.write(`\rseed ${seed}: ${i + 1} of ${count}${i + 1 === count ? '\n' : ''}`)
  }
  const study = studyOf(reports)
  const code = study.ok ? EXIT.good : EXIT.expectationFailed
  if (flags.output === 'json') return { text: `${JSON.stringify(study, null, 2)}\n`, code }
  return { text: flags.output === 'text' ? printStudy(study) : formatReports(reports, flags.output), code }
}
