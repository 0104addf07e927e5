// `test`: all scenarios below the folders, a line each and a closing line.
import { formatReports, REPORT_FORMATS, type Report, type ReportFormat } from '../../scenario/index.ts'
import { execute, type RunFlags } from '../execute.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { pathsOf, readScenario, scenariosBelow } from '../files.ts'
import { type DefineVerb, examples, output, virtualTime } from '../verb.ts'
import { type Answer, answering, watchFlag } from '../watch.ts'

interface Flags extends RunFlags {
  output: 'text' | 'json' | ReportFormat
  watch?: boolean
}

export const defineTest: DefineVerb = (program, { end }) => {
  program
    .command('test')
    .description('run all scenarios below the directories and judge their expectations')
    .argument('<dirs...>', 'directories')
    .option('--seed <seed>', 'seed of all dice')
    .option('--duration <time>', 'virtual time to run, e.g. 90s', virtualTime)
    .addOption(watchFlag())
    .addOption(output('text', 'json', ...REPORT_FORMATS))
    .addHelpText(
      'after',
      examples(
        'meshsim test scenarios',
        'meshsim test scenarios/bookinfo-canary --seed 2',
        'meshsim test scenarios -o junit > junit.xml',
      ),
    )
    .action(async (dirs: string[], flags: Flags) => {
      end(await answering(flags.watch === true ? pathsOf(dirs) : null, () => test(dirs, flags)))
    })
}

function test(dirs: readonly string[], flags: Flags): Answer {
  const folders = dirs.flatMap(scenariosBelow)
  if (folders.length === 0) throw new CommandFailure(EXIT.inputData, `${dirs.join(', ')}: no scenario.yaml below`)
  const reports: Report[] = []
  let unreadable = 0
  for (const name of folders) {
    try {
      reports.push(execute(readScenario(name), flags))
    } catch (error) {
      if (!(error instanceof CommandFailure) || error.code !== EXIT.inputData) throw error
      process.stderr.write(`${error.message}\n`)
      unreadable++
    }
  }
  const failed = reports.filter(outcome => !outcome.ok).length
  const text = textOf(reports, failed, unreadable, flags.output)
  const code = unreadable > 0 ? EXIT.inputData : failed === 0 ? EXIT.good : EXIT.expectationFailed
  return { text, code }
}

function textOf(reports: readonly Report[], failed: number, unreadable: number, format: Flags['output']): string {
  if (format === 'json') return `${JSON.stringify(reports, null, 2)}\n`
  if (format !== 'text') return formatReports(reports, format)
  return `${reports.map(lineOf).join('')}${reports.length - failed} passed, ${failed + unreadable} failed\n`
}

function lineOf(outcome: Report): string {
  const bad = outcome.expectations.filter(verdict => !verdict.ok)
  const good = outcome.expectations.length - bad.length
  const head = `${outcome.ok ? '✓' : '✗'} ${outcome.scenario}: ${good} of ${outcome.expectations.length} expectations hold\n`
  return head + bad.map(v => `    ✗ ${v.name} (${v.window}): expected ${v.expected}, seen ${v.seen}\n`).join('')
}
