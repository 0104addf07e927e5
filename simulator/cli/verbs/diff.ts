// `diff`: what a change of documents means for requests, by configuration and by running both; a verdict for pipelines.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Option } from 'commander'
import { type Diff, diffMarkdown, diffMeshes, overlay, printDiff } from '../../diff/index.ts'
import type { SourceFile } from '../../resources/types.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readScenario, readSources, report, type ScenarioFolder } from '../files.ts'
import { type DefineVerb, examples, output, virtualTime } from '../verb.ts'

interface Flags {
  scenario?: string
  seed?: string
  duration?: number
  failOn: 'worse' | 'change' | 'never'
  output: 'text' | 'json' | 'markdown'
}

export const defineDiff: DefineVerb = (program, { end }) => {
  program
    .command('diff')
    .description(
      'what changes for requests between two meshes: destinations, policies, protection; and when both are run',
    )
    .argument('<before>', 'file or directory of documents, or a scenario')
    .argument('<after>', 'the same, changed')
    .option('--scenario <name>', 'run this load on both; BEFORE and AFTER are laid over its mesh')
    .option('--seed <seed>', 'seed of all dice')
    .option('--duration <time>', 'virtual time of the runs, e.g. 30s', virtualTime)
    .addOption(
      new Option('--fail-on <what>', 'when the exit code is 99').choices(['worse', 'change', 'never']).default('worse'),
    )
    .addOption(output('text', 'json', 'markdown'))
    .addHelpText(
      'after',
      examples(
        'meshsim diff old/reviews.yaml new/reviews.yaml --scenario bookinfo',
        'meshsim diff mesh-main/ mesh-branch/ --fail-on change',
        'meshsim diff scenarios/bookinfo scenarios/bookinfo-canary --duration 10s -o markdown',
      ),
    )
    .action((before: string, after: string, flags: Flags) => end(diff(before, after, flags)))
}

function diff(before: string, after: string, flags: Flags): number {
  const base = flags.scenario === undefined ? null : readScenario(flags.scenario)
  const [was, is] = [meshOf(before, base), meshOf(after, base)]
  const scenario = base?.scenario ?? was.folder?.scenario
  const { diff: found, diagnostics } = diffMeshes({
    before: was.files,
    after: is.files,
    ...(scenario === undefined ? {} : { scenario }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    ...(flags.duration === undefined ? {} : { duration: flags.duration }),
  })
  report(diagnostics.before.filter(isError), was.files)
  report(diagnostics.after.filter(isError), is.files)
  if (found === null) throw new CommandFailure(EXIT.inputData, 'one of the two meshes has errors')
  process.stdout.write(textOf(found, flags.output))
  const failing = flags.failOn === 'never' ? [] : flags.failOn === 'worse' ? ['worse'] : ['worse', 'changed']
  return failing.includes(found.verdict) ? EXIT.expectationFailed : EXIT.good
}

const isError = ({ level }: { level: string }): boolean => level === 'error'

function meshOf(name: string, base: ScenarioFolder | null): { files: SourceFile[]; folder: ScenarioFolder | null } {
  const folder = existsSync(name) && !existsSync(join(name, 'scenario.yaml')) ? null : readScenario(name)
  const files = folder?.files ?? readSources([name])
  return { files: base === null ? files : overlay(base.files, files), folder }
}

function textOf(found: Diff, form: Flags['output']): string {
  if (form === 'json') return `${JSON.stringify(found, null, 2)}\n`
  return form === 'text' ? printDiff(found) : diffMarkdown(found)
}
