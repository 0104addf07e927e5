// `sweep`: a scenario run over and over with other values in its fields, as a table, CSV or JSON.
import { formatDuration } from '../../engine/index.ts'
import {
  csvTable,
  grid,
  loadScenario,
  parseVariable,
  type SeedStudy,
  studyOf,
  type Variable,
  withValue,
} from '../../scenario/index.ts'
import { execute } from '../execute.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readScenario, report, type ScenarioFolder } from '../files.ts'
import { collect, type DefineVerb, examples, output, virtualTime, wholeNumber } from '../verb.ts'

interface Flags {
  vary: string[]
  seeds: number
  duration?: number
  output: 'text' | 'csv' | 'json'
}

interface Row {
  values: (string | number | boolean)[]
  study: SeedStudy
}

export const defineSweep: DefineVerb = (program, { end }) => {
  program
    .command('sweep')
    .description('run a scenario with many values of its fields, or of those of its YAML, and compare')
    .argument('<scenario>', 'folder or name of a scenario')
    .requiredOption(
      '--vary <variable>',
      'KIND/NAME:path=values or scenario:path=values; values are a,b,c or from..to/step; repeated: a grid',
      collect,
    )
    .option('--seeds <count>', 'seeds for each point, counted up from the first', wholeNumber(1), 1)
    .option('--duration <time>', 'virtual time to run, e.g. 90s', virtualTime)
    .addOption(output('text', 'csv', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim sweep circuit-breaking --vary DestinationRule/httpbin:spec.trafficPolicy.connectionPool.http.http1MaxPendingRequests=1..5',
        "meshsim sweep bookinfo --vary 'scenario:spec.loads[0].pattern.poisson=10,50,100' --seeds 5",
        "meshsim sweep bookinfo --vary 'VirtualService/reviews:spec.http[0].timeout=0.5s,1s,3s' -o csv",
      ),
    )
    .action((scenario: string, flags: Flags) => {
      sweep(scenario, flags)
      end(EXIT.good)
    })
}

function sweep(name: string, flags: Flags): void {
  const variables = flags.vary.map(text => {
    const variable = parseVariable(text)
    if (typeof variable === 'string') throw new CommandFailure(EXIT.usage, variable)
    return variable
  })
  const folder = readScenario(name)
  const points = grid(variables)
  const rows = points.map((values, i): Row => {
    const study = studyAt(folder, variables, values, flags, i === 0)
    if (process.stderr.isTTY)
      process.stderr.write(`\r${i + 1} of ${points.length}${i + 1 === points.length ? '\n' : ''}`)
    return { values, study }
  })
  process.stdout.write(
    flags.output === 'json'
      ? `${JSON.stringify({ apiVersion: 'meshsim.io/v1alpha1', kind: 'Sweep', variables: variables.map(v => v.name), rows }, null, 2)}\n`
      : printRows(variables, rows, flags.output),
  )
}

function studyAt(
  folder: ScenarioFolder,
  variables: readonly Variable[],
  values: Row['values'],
  flags: Flags,
  talk: boolean,
): SeedStudy {
  const at = changed(folder, variables, values)
  const first = Number(at.scenario.seed ?? '1')
  if (flags.seeds > 1 && !Number.isSafeInteger(first))
    throw new CommandFailure(EXIT.usage, `--seeds counts up from a number, not "${at.scenario.seed}"`)
  const duration = flags.duration === undefined ? {} : { duration: flags.duration }
  const seed = (i: number): { seed?: string } => (flags.seeds === 1 ? {} : { seed: String(first + i) })
  return studyOf(
    Array.from({ length: flags.seeds }, (_run, i) => execute(at, { ...duration, ...seed(i) }, talk && i === 0)),
  )
}

/** The folder with all variables set. */
function changed(folder: ScenarioFolder, variables: readonly Variable[], values: Row['values']): ScenarioFolder {
  let [file, files] = [folder.sources.slice(0, 1), folder.files]
  for (const [i, variable] of variables.entries()) {
    const next = withValue(variable.object === null ? file : files, variable, values[i]!)
    if (next === null) throw new CommandFailure(EXIT.inputData, `${variable.name}: the scenario has no such document`)
    if (variable.object === null) file = next
    else files = next
  }
  if (file[0] === folder.sources[0]) return { ...folder, files }
  const { scenario, diagnostics } = loadScenario(file[0]!, folder.beside)
  if (scenario === null) {
    report(diagnostics, [])
    throw new CommandFailure(EXIT.inputData, `${values.join(', ')}: with these values the scenario cannot be run`)
  }
  return { ...folder, scenario, files }
}

function printRows(variables: readonly Variable[], rows: readonly Row[], form: 'text' | 'csv'): string {
  const loads = rows[0]?.study.loads.map(load => load.load) ?? []
  const head = [
    ...variables.map(v => v.name),
    'held',
    ...loads.flatMap(l => ['requests', 'errors', 'p50', 'p99'].map(f => `${l} ${f}`)),
  ]
  const time = (us: number): string => (form === 'csv' ? String(Math.round(us)) : formatDuration(Math.round(us)))
  const cells = rows.map(({ values, study }) => [
    ...values.map(String),
    `${study.runs.filter(run => run.ok).length}/${study.runs.length}`,
    ...loads.flatMap(name => {
      const load = study.loads.find(candidate => candidate.load === name)
      if (load === undefined) return ['', '', '', '']
      const errors = form === 'csv' ? load.errors.mean.toFixed(6) : `${(load.errors.mean * 100).toFixed(2)}%`
      return [String(Number(load.requests.mean.toFixed(1))), errors, time(load.p50.mean), time(load.p99.mean)]
    }),
  ])
  const table = [head, ...cells]
  if (form === 'csv') return csvTable(table)
  const widths = head.map((_name, i) => Math.max(...table.map(row => row[i]!.length)))
  return table
    .map(
      row =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
