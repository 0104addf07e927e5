// `run`: one scenario from beginning to end, its report on stdout, everything else on stderr.
import { printReport } from '../../scenario/index.ts'
import { wantsColour } from '../colour.ts'
import { execute, folderFor, type RunFlags } from '../execute.ts'
import { EXIT } from '../exit-codes.ts'
import { pathsOf } from '../files.ts'
import { type DefineVerb, examples, filename, output, virtualTime } from '../verb.ts'
import { type Answer, answering, watchFlag } from '../watch.ts'

interface Flags extends RunFlags {
  output: 'text' | 'json'
  watch?: boolean
}

export const defineRun: DefineVerb = (program, { end }) => {
  program
    .command('run')
    .description('run one scenario (or plain documents) and print its report')
    .argument('[scenario]', 'folder or name of a scenario')
    .addOption(filename())
    .option('--seed <seed>', 'seed of all dice')
    .option('--duration <time>', 'virtual time to run, e.g. 90s', virtualTime)
    .addOption(watchFlag())
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim run bookinfo-canary',
        'meshsim run scenarios/bookinfo --seed 7 -o json',
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
  const outcome = execute(folderFor(scenario, flags), flags)
  const text =
    flags.output === 'json'
      ? `${JSON.stringify(outcome, null, 2)}\n`
      : printReport(outcome, { color: wantsColour(process.stdout) })
  return { text, code: outcome.ok ? EXIT.good : EXIT.expectationFailed }
}
