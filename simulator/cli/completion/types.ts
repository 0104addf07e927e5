// What the scripts of all shells are made from.

export interface CompletedVerb {
  /** `run`, or `scenario list` for a verb of two words. */
  name: string
  description: string
  subcommands: { name: string; description: string }[]
  flags: CompletedFlag[]
  /** Values of its arguments where they are known. */
  choices: string[]
  /** An argument names a scenario. */
  takesScenario: boolean
}

export interface CompletedFlag {
  long: string | null
  short: string | null
  description: string
  takesValue: boolean
  choices: string[]
}

/** What a shell runs to learn the names of scenarios. */
export const SCENARIO_NAMES = 'meshsim scenario list -o name 2>/dev/null'

/** Verbs of one word: what may stand first. */
export const firstWords = (verbs: readonly CompletedVerb[]): CompletedVerb[] =>
  verbs.filter(verb => !verb.name.includes(' '))
