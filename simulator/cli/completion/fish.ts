// fish: one `complete` line a word.
import { type CompletedFlag, type CompletedVerb, firstWords, SCENARIO_NAMES } from './types.ts'

export function fishScript(verbs: readonly CompletedVerb[]): string {
  const lines = firstWords(verbs).map(
    verb => `complete -c meshsim -n __fish_use_subcommand -fa ${verb.name} -d ${quoted(verb.description)}`,
  )
  for (const verb of verbs) {
    const when = verb.name
      .split(' ')
      .map(word => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    const line = (rest: string): string => `complete -c meshsim -n '${when}' ${rest}`
    for (const sub of verb.subcommands) lines.push(line(`-fa ${sub.name} -d ${quoted(sub.description)}`))
    if (verb.choices.length > 0) lines.push(line(`-a ${quoted(verb.choices.join(' '))}`))
    if (verb.takesScenario) lines.push(line(`-a '(${SCENARIO_NAMES})'`))
    for (const flag of verb.flags) lines.push(line(flagOf(flag)))
  }
  return `${lines.join('\n')}\n`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`

function flagOf(flag: CompletedFlag): string {
  const names = [
    flag.long === null ? '' : `-l ${flag.long.slice(2)}`,
    flag.short === null ? '' : `-s ${flag.short.slice(1)}`,
  ].filter(name => name !== '')
  const value = flag.choices.length > 0 ? [`-xa ${quoted(flag.choices.join(' '))}`] : flag.takesValue ? ['-r'] : []
  return [...names, ...value, `-d ${quoted(flag.description)}`].join(' ')
}
