// `replay`: a recorded run again, and whether it is the same.
import { printReplay, replayRun } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { report } from '../files.ts'
import { readRunFile } from '../run-files.ts'
import { type DefineVerb, examples, output } from '../verb.ts'

export const defineReplay: DefineVerb = (program, { end }) => {
  program
    .command('replay')
    .description('run a recorded run again and name the first place where it is not the same')
    .argument('<file>', 'what `meshsim run --record` wrote')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim run bookinfo --record run.json && meshsim replay run.json',
        'meshsim replay run.json.gz -o json',
        "meshsim proxy-status --scenario run.json --at 'first(status==503)'",
      ),
    )
    .action((path: string, flags: { output: 'text' | 'json' }) => end(replay(path, flags.output)))
}

function replay(path: string, form: 'text' | 'json'): number {
  const recorded = readRunFile(path)
  const { scenario, beside, mesh } = recorded.inputs
  const { replay: outcome, diagnostics } = replayRun(recorded)
  if (outcome === null) {
    report(diagnostics, [...(scenario === null ? [] : [scenario]), ...beside, ...mesh])
    throw new CommandFailure(EXIT.inputData, `${path}: the recorded mesh has errors in this version`)
  }
  process.stdout.write(form === 'json' ? `${JSON.stringify(outcome, null, 2)}\n` : printReplay(recorded, outcome))
  return outcome.same ? EXIT.good : EXIT.expectationFailed
}
