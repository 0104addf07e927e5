// What the verbs of the command line share: how one is defined, and the flags and texts that look alike everywhere.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../engine/index.ts'
import { type Moment, parseMoment } from '../scenario/index.ts'

/** What a verb may use of the program around it. */
export interface VerbContext {
  /** Ends the command line with this exit code (EXIT.good when nobody says anything). */
  end(code: number): void
  /** Starts the server; comes from outside, so that tests run verbs without opening a socket. */
  serve: Serve
}

/** Adds one verb to the program. Its file is `verbs/<verb>.ts`; `program.ts` lists them. */
export type DefineVerb = (program: Command, context: VerbContext) => void

/** Starts the server of `serve`; resolves when it has been told to stop. */
export type Serve = (flags: ServeFlags) => Promise<void>

export interface ServeFlags {
  /** Name or folder of a scenario; bookinfo when absent. */
  scenario: string
  filename?: string[]
  port?: number
  host: string
  seed?: string
}

/** For options that may be repeated. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

export function portNumber(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is 0 to 65535.')
  return port
}

/** A whole number, `least` or more. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const number = Number(text)
    if (!Number.isInteger(number) || number < least)
      throw new InvalidArgumentError(`expected a whole number, ${least} or more.`)
    return number
  }

/** Virtual time such as `90s` -> µs, more than 0. */
export function virtualTime(text: string): number {
  const us = parseDuration(text)
  if (us === null || us <= 0) throw new InvalidArgumentError(`"${text}" is no duration such as 30s or 2m.`)
  return us
}

/** A moment of a run: a time, or what is seen first. */
export function momentOf(text: string): Moment {
  const moment = parseMoment(text)
  if (typeof moment === 'string') throw new InvalidArgumentError(moment)
  return moment
}

/** `--at`, of verbs that ask about a scenario's mesh. */
export const atFlag = (): Option =>
  new Option('--at <moment>', "within the scenario's run: 12.5s or 'first(status==503)'").argParser(momentOf)

/** `-o`: the first of the choices is the default. */
export const output = (...choices: string[]): Option =>
  new Option('-o, --output <format>', 'form of the answer').choices(choices).default(choices[0])

/** `-f`, as kubectl has it. */
export const filename = (): Option =>
  new Option('-f, --filename <path>', 'file, directory or - for stdin; may be repeated').argParser(collect)

/** The last part of each `--help`: three command lines that work. */
export const examples = (first: string, second: string, third: string): string =>
  `\nExamples:\n${[first, second, third].map(line => `  $ ${line}`).join('\n')}`
