// `version`: of this program and of what it models.
import { MODEL, VERSION } from '../../scenario/index.ts'
import { type DefineVerb, examples, output } from '../verb.ts'

export const defineVersion: DefineVerb = program => {
  program
    .command('version')
    .description('version of meshsim and of what it models')
    .addOption(output('text', 'json'))
    .addHelpText('after', examples('meshsim version', 'meshsim version -o json', 'meshsim --version'))
    .action((flags: { output: 'text' | 'json' }) => {
      const facts = { version: VERSION, model: MODEL }
      process.stdout.write(flags.output === 'json' ? `${JSON.stringify(facts)}\n` : `meshsim ${VERSION} (${MODEL})\n`)
    })
}
