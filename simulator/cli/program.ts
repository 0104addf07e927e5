// The command line. Each verb is one file below verbs/; a new one is a line in VERBS. stdout carries only the answer;
// talk, warnings and errors go to stderr.
import { Command, CommanderError, Option } from 'commander'
import { didYouMean } from '../resources/nearest-name.ts'
import { MODEL, VERSION } from '../scenario/index.ts'
import '../validation/envoy/all.ts'
import { COLOUR_CHOICES, type ColourChoice, chooseColour } from './colour.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { type DefineVerb, examples, type Serve, type VerbContext } from './verb.ts'
import { defineAnalyze } from './verbs/analyze.ts'
import { defineBench } from './verbs/bench.ts'
import { defineCompletion } from './verbs/completion.ts'
import { defineConfigDump } from './verbs/config-dump.ts'
import { defineDescribe } from './verbs/describe.ts'
import { defineDiff } from './verbs/diff.ts'
import { defineExplain } from './verbs/explain.ts'
import { defineExport } from './verbs/export.ts'
import { defineMatrix } from './verbs/matrix.ts'
import { defineProxyConfig } from './verbs/proxy-config.ts'
import { defineProxyStatus } from './verbs/proxy-status.ts'
import { defineReplay } from './verbs/replay.ts'
import { defineRun } from './verbs/run.ts'
import { defineScenario } from './verbs/scenario.ts'
import { defineServe } from './verbs/serve.ts'
import { defineShrink } from './verbs/shrink.ts'
import { defineSweep } from './verbs/sweep.ts'
import { defineTest } from './verbs/test.ts'
import { defineVersion } from './verbs/version.ts'

/** In the order of `--help`. */
const VERBS: readonly DefineVerb[] = [
  defineServe,
  defineRun,
  defineReplay,
  defineTest,
  defineSweep,
  defineExplain,
  defineMatrix,
  defineDescribe,
  defineDiff,
  defineAnalyze,
  defineProxyConfig,
  defineProxyStatus,
  defineConfigDump,
  defineExport,
  defineScenario,
  defineShrink,
  defineBench,
  defineCompletion,
  defineVersion,
]

/** Runs one command line (without `node` and the script); resolves to the exit code. */
export async function main(args: readonly string[], serve: Serve): Promise<number> {
  let code: number = EXIT.good
  const program = createProgram({
    serve,
    end: found => {
      code = found
    },
  })
  chooseColour('auto')
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.usage
    if (error instanceof CommandFailure) {
      process.stderr.write(`error: ${error.message}\n`)
      return error.code
    }
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    return EXIT.other
  }
}

/** The program with all its verbs. They inherit exitOverride, suggestions and the flags here, which may stand anywhere. */
export function createProgram(context: VerbContext): Command {
  const program = new Command('meshsim')
    .description(`A whole Istio mesh in one process. Model: ${MODEL}.`)
    .version(VERSION, '-V, --version')
    .addOption(
      new Option('--color <when>', 'colours: auto means on a terminal and without NO_COLOR')
        .choices(COLOUR_CHOICES)
        .default('auto'),
    )
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .showHelpAfterError('(meshsim --help lists the verbs, meshsim VERB --help its flags)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(withSuggestion(text)) })
    .addHelpText(
      'after',
      examples('meshsim serve', 'meshsim run bookinfo-canary --seed 8', 'meshsim analyze -f my-mesh/'),
    )
    .hook('preAction', command => chooseColour(command.opts<{ color: ColourChoice }>().color))
  for (const define of VERBS) define(program, context)
  return program
}

/** Commander suggests verbs and flags; a value that is none of its choices is as easily mistyped. */
export function withSuggestion(text: string): string {
  const match = /value '([^']*)' is invalid.*Allowed choices are (.+)\.\s*$/s.exec(text)
  const near = match === null ? null : didYouMean(match[1]!, match[2]!.split(', '))
  return near === null ? text : `${text.trimEnd()}\n(Did you mean ${near}?)\n`
}
