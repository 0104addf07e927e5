// Completion scripts for shells, from the commands as they are defined.
import type { Command } from 'commander'
import { CommandFailure, EXIT } from './exit-codes.ts'

export function completion(shell: string, program: Command): string {
  const verbs = program.commands.map(command => command.name())
  const flags = (command: Command): string[] => command.options.flatMap(option => option.long ?? [])
  if (shell === 'bash') {
    const cases = program.commands.map(
      c => `    ${c.name()}) words="${[...c.commands.map(s => s.name()), ...flags(c), '--help'].join(' ')}" ;;`,
    )
    return [
      '_meshsim() {',
      '  local word="' + '$' + '{COMP_WORDS[COMP_CWORD]}" words',
      '  case "' + '$' + '{COMP_WORDS[1]}" in',
      ...cases,
      `    *) words="${verbs.join(' ')}" ;;`,
      '  esac',
      `  [ "$COMP_CWORD" -eq 1 ] && words="${verbs.join(' ')}"`,
      '  COMPREPLY=($(compgen -W "$words" -f -- "$word"))',
      '}',
      'complete -F _meshsim meshsim',
      '',
    ].join('\n')
  }
  if (shell === 'zsh') {
    const words = program.commands.map(c => `'${c.name()}:${c.description().replaceAll("'", '')}'`)
    return [
      '#compdef meshsim',
      '_meshsim() {',
      `  local -a verbs=(${words.join(' ')})`,
      '  if (( CURRENT == 2 )); then _describe verb verbs; else _files; fi',
      '}',
      'compdef _meshsim meshsim',
      '',
    ].join('\n')
  }
  if (shell === 'fish') {
    const verb = program.commands.map(
      c => `complete -c meshsim -n __fish_use_subcommand -a ${c.name()} -d '${c.description().replaceAll("'", '')}'`,
    )
    const long = program.commands.flatMap(c =>
      flags(c).map(f => `complete -c meshsim -n '__fish_seen_subcommand_from ${c.name()}' -l ${f.slice(2)}`),
    )
    return [...verb, ...long, ''].join('\n')
  }
  throw new CommandFailure(EXIT.usage, `${shell}: the shells are bash, zsh and fish`)
}
