// zsh: _arguments with the description of each flag.
import { type CompletedFlag, type CompletedVerb, firstWords, SCENARIO_NAMES } from './types.ts'

export function zshScript(verbs: readonly CompletedVerb[]): string {
  return [
    '#compdef meshsim',
    '_meshsim_scenarios() {',
    '  local -a names',
    `  names=(${'$'}{(f)"$(${SCENARIO_NAMES})"})`,
    '  compadd -a names',
    '  _files',
    '}',
    '_meshsim() {',
    '  local -a verbs',
    `  verbs=(${described(firstWords(verbs))})`,
    '  if (( CURRENT == 2 )); then _describe verb verbs; return; fi',
    '  local verb=$words[2]',
    ...verbs.filter(verb => verb.subcommands.length > 0).flatMap(nested),
    '  case $verb in',
    ...verbs.map(verb => `    '${verb.name}') _arguments ${argumentsOf(verb)} ;;`),
    '    *) _files ;;',
    '  esac',
    '}',
    'compdef _meshsim meshsim',
    '',
  ].join('\n')
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const described = (words: readonly { name: string; description: string }[]): string =>
  words.map(({ name, description }) => quoted(`${name}:${description}`)).join(' ')

function nested(verb: CompletedVerb): string[] {
  return [
    `  if [[ $verb == ${verb.name} ]]; then`,
    `    verbs=(${described(verb.subcommands)})`,
    '    if (( CURRENT == 3 )); then _describe verb verbs; return; fi',
    `    verb="${verb.name} $words[3]"`,
    '  fi',
  ]
}

function argumentsOf(verb: CompletedVerb): string {
  const rest = verb.takesScenario
    ? "'*:scenario:_meshsim_scenarios'"
    : verb.choices.length > 0
      ? `'2:value:(${verb.choices.join(' ')})' '*:file:_files'`
      : "'*:file:_files'"
  return [...verb.flags.flatMap(flagOf), rest].join(' ')
}

function flagOf(flag: CompletedFlag): string[] {
  const text = flag.description.replace(/[[\]:]/g, ' ')
  const value = flag.choices.length > 0 ? `:value:(${flag.choices.join(' ')})` : flag.takesValue ? ':value:_files' : ''
  return [flag.short, flag.long].filter(name => name !== null).map(name => quoted(`*${name}[${text}]${value}`))
}
