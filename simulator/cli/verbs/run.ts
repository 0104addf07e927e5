// `run`: one scenario from beginning to end, its report on stdout, everything else on stderr.
import {
  formatReports,
  printReport,
  printStudy,
  REPORT_FORMATS,
  type Report,
  type ReportFormat,
  studyOf,
} from '../../scenario/index.ts'
import { wantsColour } from '../colour.ts'
import { execute, folderFor, type RunFlags } from '../execute.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { pathsOf, type ScenarioFolder } from '../files.ts'
import { type DefineVerb, examples, filename, output, virtualTime, wholeNumber } from '../verb.ts'
import { type Answer, answering, watchFlag } from '../watch.ts'

interface Flags extends RunFlags {
  output: 'text' | 'json' | ReportFormat
  /** How many seeds, counted up from the first. */
  seeds?: number
  watch?: boolean
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
    .addOption(watchFlag())
    .addOption(output('text', 'json', ...REPORT_FORMATS))
    .addHelpText(
      'after',
      examples(
        'meshsim run bookinfo-canary',
        'meshsim run scenarios/bookinfo --seeds 20 -o json',
        'meshsim run -f mesh.yaml --watch',
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
  const outcome = execute(folder, flags)
  return { text: textOf(outcome, flags.output), code: outcome.ok ? EXIT.good : EXIT.expectationFailed }
}

function textOf(outcome: Report, format: Flags['output']): string {
  if (format === 'json') return `${JSON.stringify(outcome, null, 2)}\n`
  if (format === 'text') return printReport(outcome, { color: wantsColour(process.stdout) })
  return formatReports([outcome], format)
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
