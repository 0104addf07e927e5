// `completion`: scripts for shells, made from the commands as they are defined, so that they cannot fall behind.
import { Argument, type Command, type Option } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import type { CompletedVerb } from '../completion/types.ts'
import { zshScript } from '../completion/zsh.ts'
import { type DefineVerb, examples } from '../verb.ts'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const
type Shell = keyof typeof SHELLS

export const defineCompletion: DefineVerb = program => {
  program
    .command('completion')
    .description('completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      examples(
        'source <(meshsim completion bash)',
        'meshsim completion zsh > _meshsim',
        'meshsim completion fish | source',
      ),
    )
    .action((shell: Shell) => {
      process.stdout.write(SHELLS[shell](program.commands.flatMap(command => completedVerbs(command, program.options))))
    })
}

/** A verb and, behind it, each of its subcommands as a verb of two words. */
function completedVerbs(command: Command, shared: readonly Option[], before = ''): CompletedVerb[] {
  const name = before + command.name()
  const verb: CompletedVerb = {
    name,
    description: command.description(),
    subcommands: command.commands.map(sub => ({ name: sub.name(), description: sub.description() })),
    flags: [...command.options, ...shared].map(option => ({
      long: option.long ?? null,
      short: option.short ?? null,
      description: option.description,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    choices: command.registeredArguments.flatMap(argument => argument.argChoices ?? []),
    takesScenario: command.registeredArguments.some(argument => argument.name() === 'scenario'),
  }
  return [verb, ...command.commands.flatMap(sub => completedVerbs(sub, shared, `${name} `))]
}
