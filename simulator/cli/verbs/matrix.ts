// `matrix`: who may call whom, over what, and which line of YAML decides; before and after a change.
import { overlay } from '../../diff/index.ts'
import { formatTable } from '../../proxy-config/index.ts'
import {
  type AccessCell,
  type AccessMatrix,
  accessChanges,
  accessMatrix,
  changesTable,
  csvTable,
  markdownTable,
  matrixTable,
} from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readScenario, readSources, report } from '../files.ts'
import { collect, type DefineVerb, examples, filename, output } from '../verb.ts'

interface Flags {
  filename?: string[]
  scenario?: string
  before?: string[]
  path: string
  request: string
  from?: string
  to?: string
  exitCode?: boolean
  output: 'text' | 'json' | 'csv' | 'markdown'
}

export const defineMatrix: DefineVerb = (program, { end }) => {
  program
    .command('matrix')
    .description('who may call whom, over what, and which line decides: every workload asks every service once')
    .argument('[scenario]', 'the mesh of a scenario (as --scenario)')
    .addOption(filename())
    .option('--scenario <name>', 'the mesh of a scenario')
    .option('--before <path>', 'the mesh before a change: only what differs is shown; may be repeated', collect)
    .option('--from <text>', 'callers whose name holds this')
    .option('--to <text>', 'services whose name holds this')
    .option('--path <path>', 'path of HTTP requests', '/')
    .option('-X, --request <method>', 'method of HTTP requests', 'GET')
    .option('--exit-code', `with --before: exit code ${EXIT.findings} when something differs`)
    .addOption(output('text', 'json', 'csv', 'markdown'))
    .addHelpText(
      'after',
      examples(
        'meshsim matrix bookinfo',
        'meshsim matrix -f mesh/ --from curl --path /admin -X POST',
        'meshsim matrix --before main/ -f change/ --exit-code -o markdown',
      ),
    )
    .action((scenario: string | undefined, flags: Flags) =>
      end(shown(scenario === undefined ? flags : { ...flags, scenario })),
    )
}

type Sources = ReturnType<typeof readSources>

function matrixOf(files: Sources, { path, request }: Flags): AccessMatrix {
  const { matrix, diagnostics } = accessMatrix({ files, path, method: request })
  report(
    diagnostics.filter(found => found.level === 'error'),
    files,
  )
  if (matrix === null) throw new CommandFailure(EXIT.inputData, 'the mesh has errors')
  return matrix
}

function shown(flags: Flags): number {
  const folder = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const files = overlay(folder?.files ?? [], readSources(flags.filename ?? []))
  if (files.length === 0) throw new CommandFailure(EXIT.usage, 'give the mesh: -f FILE or --scenario NAME')
  const asked = ({ source, destination }: AccessCell): boolean =>
    source.includes(flags.from ?? '') && destination.includes(flags.to ?? '')
  const now = matrixOf(files, flags)
  if (flags.before === undefined) {
    const cells = now.cells.filter(asked)
    if (cells.length === 0) throw new CommandFailure(EXIT.inputData, nobody(now, flags))
    print(flags, { ...now, cells }, matrixTable(cells))
    return EXIT.good
  }
  const was = matrixOf(readSources(flags.before), flags)
  const changes = accessChanges(was, now).filter(({ before, after }) =>
    [before, after].some(c => c !== null && asked(c)),
  )
  if (changes.length === 0 && flags.output === 'text') process.stdout.write('Nothing changes.\n')
  else print(flags, { ...now, kind: 'AccessChanges', cells: undefined, changes }, changesTable(changes))
  return changes.length > 0 && flags.exitCode === true ? EXIT.findings : EXIT.good
}

function nobody({ cells }: AccessMatrix, { from, to }: Flags): string {
  if (cells.length === 0) return 'no workload, or no service with pods behind it'
  const names = (key: 'source' | 'destination') => [...new Set(cells.map(cell => cell[key]))].join(', ')
  if (from !== undefined && !cells.some(({ source }) => source.includes(from)))
    return `no caller's name holds ${from}; there are ${names('source')}`
  return `no service's name holds ${to ?? ''}; there are ${names('destination')}`
}

function print({ output: form }: Flags, value: object, table: string[][]): void {
  if (form === 'json') process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  else if (form === 'csv') process.stdout.write(csvTable(table))
  else process.stdout.write(form === 'markdown' ? markdownTable(table) : formatTable(table, 3))
}
