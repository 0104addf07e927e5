// `shrink`: a scenario with a failure, made as small as the failure lets it.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Option } from 'commander'
import { printYaml } from '../../documents/index.ts'
import { type FailureSpec, type Moment, type Shrunk, shrink } from '../../scenario/index.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readScenario } from '../files.ts'
import { type DefineVerb, examples, momentOf, output, wholeNumber } from '../verb.ts'

interface Flags {
  expectation?: string
  shows?: Moment
  seed?: string
  runs?: number
  into?: string
  output: 'text' | 'json'
}

export const defineShrink: DefineVerb = program => {
  program
    .command('shrink')
    .description('leave out of a scenario all documents, fields and load that its failure does not need')
    .argument('<scenario>', 'folder or name of a scenario, or a run file')
    .option('--expectation <name>', 'the failing expectation; the first that fails when nothing is named')
    .addOption(new Option('--shows <moment>', "what is seen instead: 'first(flag==UO)'").argParser(momentOf))
    .option('--seed <seed>', 'seed of all dice')
    .option('--runs <count>', 'runs that may be spent', wholeNumber(1))
    .option('--into <folder>', 'write the small scenario there')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        "meshsim shrink circuit-breaking --shows 'first(flag==UO)' --into small",
        'meshsim shrink my-scenario --expectation "nobody waits" --runs 1000',
        "meshsim shrink run.json --shows 'first(status==503)' -o json",
      ),
    )
    .action((name: string, flags: Flags) => shrinkScenario(name, flags))
}

function shrinkScenario(name: string, flags: Flags): void {
  const { file, beside, files } = readScenario(name)
  if (file === null) throw new CommandFailure(EXIT.inputData, `${name}: plain documents have no load to shrink`)
  if (flags.into !== undefined && existsSync(join(flags.into, 'scenario.yaml')))
    throw new CommandFailure(EXIT.usage, `${flags.into}: there is a scenario already`)
  const failure: FailureSpec =
    flags.shows === undefined ? { expectation: flags.expectation ?? null } : { moment: flags.shows }
  const small = shrink({
    scenario: file,
    beside,
    files,
    failure,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.runs === undefined ? {} : { runs: flags.runs }),
    onProgress: (runs, size) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${runs} runs, ${size} fields and items left   `)
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\n')
  if (typeof small === 'string') throw new CommandFailure(EXIT.inputData, `${name}: ${small}`)
  if (flags.into !== undefined) write(small, flags.into)
  process.stdout.write(flags.output === 'json' ? `${JSON.stringify(small, null, 2)}\n` : textOf(small, flags.into))
}

const yamlOf = ({ mesh }: Shrunk): string => mesh.map(document => printYaml(document)).join('---\n')

function write(small: Shrunk, folder: string): void {
  mkdirSync(join(folder, 'mesh'), { recursive: true })
  writeFileSync(join(folder, 'scenario.yaml'), printYaml(small.scenario))
  writeFileSync(join(folder, 'mesh', 'mesh.yaml'), yamlOf(small))
}

function textOf(small: Shrunk, folder: string | undefined): string {
  const { failure, before, after, runs, finished } = small
  const rest = finished ? 'nothing more can go' : 'more could go with more --runs'
  const head = `${failure}\n${before} fields and items became ${after} after ${runs} runs; ${rest}\n`
  if (folder !== undefined) return `${head}written to ${folder}: meshsim run ${folder}\n`
  return `${head}\n# scenario.yaml\n${printYaml(small.scenario)}\n# mesh/mesh.yaml\n${yamlOf(small)}`
}
