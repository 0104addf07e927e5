// bash: one function; files are completed beside words.
import { type CompletedVerb, firstWords, SCENARIO_NAMES } from './types.ts'

export function bashScript(verbs: readonly CompletedVerb[]): string {
  const names = firstWords(verbs).map(verb => verb.name)
  const nested = verbs.filter(verb => verb.subcommands.length > 0).map(verb => verb.name)
  return [
    '_meshsim() {',
    `  local word="${'$'}{COMP_WORDS[COMP_CWORD]}" before="${'$'}{COMP_WORDS[COMP_CWORD-1]}"`,
    `  local verb="${'$'}{COMP_WORDS[1]}" words=""`,
    `  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "${names.join(' ')} --help --version" -- "$word")); return; fi`,
    ...nested.map(
      name => `  if [ "$verb" = ${name} ] && [ "$COMP_CWORD" -gt 2 ]; then verb="${name} ${'$'}{COMP_WORDS[2]}"; fi`,
    ),
    '  case "$verb $before" in',
    ...verbs.flatMap(valuesOf),
    '  esac',
    '  case "$verb" in',
    ...verbs.map(verb => `    "${verb.name}") words="${wordsOf(verb)}" ;;`),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -f -- "$word"))',
    '}',
    'complete -o filenames -F _meshsim meshsim',
    '',
  ].join('\n')
}

function valuesOf(verb: CompletedVerb): string[] {
  return verb.flags
    .filter(flag => flag.choices.length > 0)
    .map(flag => {
      const spelt = [flag.short, flag.long].filter(name => name !== null).map(name => `"${verb.name} ${name}"`)
      return `    ${spelt.join('|')}) COMPREPLY=($(compgen -W "${flag.choices.join(' ')}" -- "$word")); return ;;`
    })
}

function wordsOf(verb: CompletedVerb): string {
  const flags = verb.flags.flatMap(flag => flag.long ?? flag.short ?? [])
  const subcommands = verb.subcommands.map(sub => sub.name)
  const scenarios = verb.takesScenario ? [`$(${SCENARIO_NAMES})`] : []
  return [...subcommands, ...verb.choices, ...scenarios, ...flags, '--help'].join(' ')
}
