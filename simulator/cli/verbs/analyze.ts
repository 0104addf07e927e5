// `analyze`: what istioctl analyze says of the files, and what this house says of them besides. Flags and exit codes are
// istioctl's (istio: istioctl/pkg/analyze/analyze.go); findings end in 79, files that cannot be read in 65.
import { InvalidArgumentError, Option } from 'commander'
import { analyzers } from '../../analysis/index.ts'
import { printDiagnostics } from '../../diagnostics/index.ts'
import type { Level } from '../../diagnostics/types.ts'
import { printYaml } from '../../documents/index.ts'
import { linters } from '../../lint/index.ts'
import type { SourceFile } from '../../resources/types.ts'
import { type Examination, examine, type Remark } from '../../scenario/index.ts'
import { documentationOf, levelName, logText, plainRemark } from '../analyze/log.ts'
import { sarifLog } from '../analyze/sarif.ts'
import { isSuppressed, parseSuppression } from '../analyze/suppress.ts'
import { wantsColour } from '../colour.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readSources } from '../files.ts'
import { collect, type DefineVerb, examples, filename, output } from '../verb.ts'

type Form = 'log' | 'json' | 'yaml' | 'sarif' | 'text'

interface AnalyzeFlags {
  filename?: string[]
  output: Form
  failureThreshold: Level
  outputThreshold: Level
  suppress?: string[]
  namespace?: string
  allNamespaces?: boolean
  useKube: boolean
  meshConfigFile?: string
  ignoreUnknown?: boolean
  verbose?: boolean
  listAnalyzers?: boolean
}

const LEVELS: readonly Level[] = ['info', 'warning', 'error']

/** Levels in any case, as istioctl takes them. */
function level(text: string): Level {
  const found = LEVELS.find(name => name === text.toLowerCase())
  if (found === undefined) throw new InvalidArgumentError(`levels are ${LEVELS.map(levelName).join(', ')}.`)
  return found
}

/** The value of a flag that may stand as `--flag`, `--flag=false` and, unlike elsewhere in commander, `-f=false`. */
function truth(text: string): boolean {
  const value = text.replace(/^=/, '')
  if (!['true', 'false'].includes(value)) throw new InvalidArgumentError('expected true or false.')
  return value === 'true'
}

const threshold = (flag: string, what: string, fallback: Level): Option =>
  new Option(`--${flag} <level>`, `${what}: Info, Warning or Error`)
    .argParser(level)
    .default(fallback, levelName(fallback))

export const defineAnalyze: DefineVerb = (program, { end }) => {
  program
    .command('analyze')
    .description('what istioctl analyze says of documents, and what would go wrong at run time, without running them')
    .argument('[files...]', 'file, directory, glob or - for stdin')
    .addOption(filename())
    .addOption(output('log', 'json', 'yaml', 'sarif', 'text'))
    .addOption(threshold('failure-threshold', 'least level that ends in exit code 79', 'error'))
    .addOption(threshold('output-threshold', 'least level that is printed', 'info'))
    .addOption(
      new Option(
        '-S, --suppress <code=resource>',
        'say nothing of this code about this resource, e.g. "IST0102=Namespace *"; may be repeated',
      ).argParser(collect),
    )
    .option('-n, --namespace <namespace>', 'findings of this namespace and of cluster-wide resources only')
    .option('-A, --all-namespaces', 'findings of every namespace (so it is without -n, too)')
    .addOption(
      new Option(
        '-k, --use-kube [bool]',
        'false: Services, Pods, Namespaces and what needs them aside, as istioctl --use-kube=false',
      )
        .argParser(truth)
        .preset('true')
        .default(true),
    )
    .option('--meshConfigFile <file>', 'mesh settings that win over those of the documents')
    .option('--ignore-unknown', 'documents that cannot be read do not end in exit code 65')
    .option('-R, --recursive', 'directories with all below them (they always are)')
    .option('-v, --verbose', 'say which analyzers ran')
    .option('-L, --list-analyzers', 'name the analyzers and end')
    .addHelpText(
      'after',
      examples(
        'meshsim analyze -f mesh/',
        'kustomize build . | meshsim analyze - --use-kube=false',
        'meshsim analyze "mesh/**/*.yaml" -o sarif --failure-threshold Warning',
      ),
    )
    .action((files: string[], flags: AnalyzeFlags) => end(analyze(files, flags)))
}

const talk = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Returns the exit code. */
function analyze(files: readonly string[], flags: AnalyzeFlags): number {
  if (flags.listAnalyzers === true) {
    process.stdout.write(analyzerList())
    return EXIT.good
  }
  const names = [...files, ...(flags.filename ?? [])]
  if (names.length === 0) throw new CommandFailure(EXIT.usage, 'give files, directories or globs, or - for stdin')
  const suppressions = (flags.suppress ?? []).map(text => parseSuppression(text, talk))
  const sources = readSources(names)
  const examination = examine(sources, {
    filesOnly: !flags.useKube,
    now: Date.now() / 1000,
    ...(flags.namespace === undefined || flags.allNamespaces === true
      ? {}
      : { namespace: flags.namespace, defaultNamespace: flags.namespace }),
    ...meshSettings(flags.meshConfigFile),
  })
  const remarks = examination.remarks.filter(remark => !isSuppressed(remark, suppressions))
  const printed = remarks.filter(remark => reaches(remark, flags.outputThreshold))
  process.stdout.write(answer(printed, flags.output, sources))
  if (flags.verbose === true) talk(whoRan(flags.useKube))
  return close(names, remarks, printed, examination, flags)
}

const reaches = (remark: Remark, least: Level): boolean => LEVELS.indexOf(remark.level) >= LEVELS.indexOf(least)

function meshSettings(name: string | undefined): { meshConfig: SourceFile } | Record<string, never> {
  const [file] = name === undefined ? [] : readSources([name])
  return file === undefined ? {} : { meshConfig: file }
}

function answer(remarks: readonly Remark[], form: Form, sources: readonly SourceFile[]): string {
  if (form === 'json') return `${JSON.stringify(remarks.map(plainRemark), null, '\t')}\n`
  if (form === 'yaml') return printYaml(remarks.map(plainRemark))
  if (form === 'sarif') return `${JSON.stringify(sarifLog(remarks), null, 2)}\n`
  const colour = wantsColour(process.stdout)
  if (form === 'log') return logText(remarks, colour)
  const documented = remarks.map(remark => {
    const documentation = documentationOf(remark.code)
    return documentation === undefined ? remark : { ...remark, documentation }
  })
  return printDiagnostics(documented, sources, { color: colour })
}

/** A document that cannot be read is an error of the file, not of the mesh that it describes. */
const isUnreadable = ({ code, resource }: Remark): boolean =>
  code.startsWith('SIM01') || (code === 'SIM0201' && resource === '')

/** The closing words and the exit code, by all findings and not only by those that are printed. */
function close(
  names: readonly string[],
  remarks: readonly Remark[],
  printed: readonly Remark[],
  { unreadable, resources }: Examination,
  flags: AnalyzeFlags,
): number {
  const target = names.join(' ')
  if (remarks.some(remark => reaches(remark, flags.failureThreshold) && !isUnreadable(remark))) {
    talk(`Error: Analyzers found issues when analyzing ${target}.`)
    return EXIT.findings
  }
  if (unreadable > 0 && flags.ignoreUnknown !== true) {
    talk("Error: Some files couldn't be parsed.")
    return EXIT.inputData
  }
  if (printed.length === 0) {
    talk(`✔ No validation issues found when analyzing ${target} (${resources} resources).`)
  }
  return EXIT.good
}

function whoRan(useKube: boolean): string {
  const ran = analyzers.filter(({ needsCluster }) => useKube || !needsCluster)
  const skipped = analyzers.filter(one => !ran.includes(one))
  const lines = (title: string, list: readonly { name: string }[]): string[] =>
    list.length === 0 ? [] : [title, ...list.map(({ name }) => `\t${name}`)]
  return [
    ...lines('Skipped analyzers:', useKube ? skipped : [...skipped, ...linters]),
    ...lines('Executed analyzers:', useKube ? [...ran, ...linters] : ran),
  ].join('\n')
}

const analyzerList = (): string =>
  [...analyzers, ...linters].map(({ name, description }) => `* ${name}:\n    ${description}\n`).join('')
