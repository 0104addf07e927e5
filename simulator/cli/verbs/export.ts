// `export`: a run in the forms of other tools, or one proxy as a bootstrap of stock Envoy.
import { Argument } from 'commander'
import { stockEnvoyBootstrap } from '../../export/index.ts'
import { type Moment, parseMoment, reportOf, simulationAt, stopInWords } from '../../scenario/index.ts'
import { folderFor, type RunFlags } from '../execute.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { describeExports, exportText, memoryFor, RUN_EXPORTS } from '../exports.ts'
import { report } from '../files.ts'
import { dumpSourceOf } from '../mesh.ts'
import { atFlag, type DefineVerb, examples, filename, virtualTime } from '../verb.ts'

interface Flags extends RunFlags {
  scenario?: string
  at?: Moment
}

export const defineExport: DefineVerb = program => {
  program
    .command('export')
    .description('a run in the form of another program; or envoy: one proxy as a bootstrap that stock Envoy runs')
    .addArgument(new Argument('<kind>', 'form').choices(['envoy', ...RUN_EXPORTS]))
    .argument('[scenario]', 'folder or name of a scenario, or a run file; for envoy: the workload')
    .addOption(filename())
    .option('--scenario <name>', 'the scenario, where the argument is a workload')
    .option('--seed <seed>', 'seed of all dice')
    .option('--duration <time>', 'virtual time to run, e.g. 90s', virtualTime)
    .addOption(atFlag())
    .addHelpText('after', `\nKinds:\n  envoy            one proxy's bootstrap\n${describeExports()}`)
    .addHelpText(
      'after',
      examples(
        'meshsim export html bookinfo > report.html',
        "meshsim export sequence circuit-breaking --at 'first(flag==UO)'",
        'meshsim export envoy productpage-v1 --scenario bookinfo > productpage-v1.json',
      ),
    )
    .action((kind: string, subject: string | undefined, flags: Flags) => {
      if (kind === 'envoy') exportEnvoy(subject, flags)
      else exportRun(kind, subject ?? flags.scenario, flags)
    })
}

/** Up to the moment of `--at`, else the whole run. */
function exportRun(kind: string, scenario: string | undefined, flags: Flags): void {
  const folder = folderFor(scenario, flags)
  const memory = memoryFor(kind)
  const { at, seed, duration } = flags
  const end = duration === undefined ? folder.scenario.duration : `${duration}us`
  const moment = at ?? (parseMoment(end) as Moment)
  const { simulation, diagnostics, stop } = simulationAt(
    {
      scenario: folder.scenario,
      files: folder.files,
      recorder: memory,
      ...(seed === undefined ? {} : { seed }),
      ...(duration === undefined ? {} : { duration }),
    },
    moment,
  )
  report(diagnostics, folder.sources)
  if (simulation === null || stop === null)
    throw new CommandFailure(EXIT.inputData, 'the mesh has errors and was not run')
  if (!stop.reached) throw new CommandFailure(EXIT.inputData, stopInWords(stop, moment))
  const traceId = stop.seen !== null && 'traceId' in stop.seen ? stop.seen.traceId : null
  // What still happens to the request on its way back belongs to its sequence.
  if (traceId !== null && kind.startsWith('sequence')) simulation.runUntil(simulation.now + ON_ITS_WAY)
  const run = { simulation, memory, traceId, report: reportOf(simulation, diagnostics) }
  process.stdout.write(exportText(kind, run))
}

/** Longer than most clients wait, µs. */
const ON_ITS_WAY = 30_000_000

/** The bootstrap goes to stdout; what was left out, replaced or must be provided goes to stderr. */
function exportEnvoy(workload: string | undefined, flags: Flags): void {
  if (workload === undefined) throw new CommandFailure(EXIT.usage, 'export envoy: name the workload')
  const { configuration, node, resources } = dumpSourceOf(workload, flags)
  const { bootstrap, notes } = stockEnvoyBootstrap(configuration, node, resources)
  for (const note of notes) process.stderr.write(`note: ${note}\n`)
  process.stdout.write(`${JSON.stringify(bootstrap, null, 2)}\n`)
}
