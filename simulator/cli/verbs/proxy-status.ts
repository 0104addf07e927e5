// `proxy-status`: istioctl's table of who is in step with istiod, at a moment of a run.
import { inStep, statusTable } from '../../proxy-config/index.ts'
import { MODEL } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { type MeshFlags, simulationOf } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename, output } from '../verb.ts'

interface StatusFlags extends MeshFlags {
  output: 'table' | 'json'
}

export const defineProxyStatus: DefineVerb = program => {
  program
    .command('proxy-status')
    .alias('ps')
    .description('who is in step with istiod: SYNCED, STALE, ERROR (refused), NOT SENT')
    .argument('[name]', 'proxies whose name holds this')
    .addOption(filename())
    .option('--scenario <name>', 'a scenario, its timeline included')
    .addOption(atFlag())
    .addOption(output('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim proxy-status --scenario bookinfo',
        'meshsim proxy-status reviews --scenario bookinfo-canary --at 30105ms',
        'meshsim ps -f mesh/ -o json',
      ),
    )
    .action((name: string | undefined, flags: StatusFlags) => proxyStatus(name, flags))
}

function proxyStatus(name: string | undefined, flags: StatusFlags): void {
  const all = simulationOf(flags).world.controlPlane.status()
  const rows = name === undefined ? all : all.filter(row => row.name.includes(name))
  if (rows.length === 0) {
    const known = all.map(row => row.name).join(', ')
    throw new CommandFailure(EXIT.inputData, `no proxy's name holds ${name ?? ''}; there are ${known || 'none'}`)
  }
  if (flags.output === 'json')
    process.stdout.write(`${JSON.stringify({ inStep: inStep(rows), proxies: rows }, null, 2)}\n`)
  else process.stdout.write(statusTable(rows, /\d+\.\d+/.exec(MODEL)?.[0] ?? ''))
}
