// `analyze`: what istioctl analyze says of the files, and what this house says of them besides. Findings end in 79.
import { Option } from 'commander'
import { analyze as analyzeResources, analyzers, type Finding } from '../../analysis/index.ts'
import { printDiagnostics } from '../../diagnostics/index.ts'
import type { Diagnostic, Level } from '../../diagnostics/types.ts'
import { loadResources, meshConfigFrom, type Resource } from '../../resources/index.ts'
import { expandWorkloads } from '../../world/index.ts'
import { wantsColour } from '../colour.ts'
import { CommandFailure, EXIT } from '../exit-codes.ts'
import { readSources } from '../files.ts'
import { type DefineVerb, examples, filename, output } from '../verb.ts'

interface AnalyzeFlags {
  filename?: string[]
  output: 'text' | 'json'
  failureThreshold: Level
  namespace?: string
  useKube: boolean
  listAnalyzers?: boolean
}

export const defineAnalyze: DefineVerb = (program, { end }) => {
  program
    .command('analyze')
    .description('what istioctl analyze says of documents, without running them')
    .argument('[files...]', 'file, directory or - for stdin')
    .addOption(filename())
    .addOption(
      new Option('--failure-threshold <level>', 'least level that ends in exit code 79')
        .choices(['info', 'warning', 'error'])
        .default('error'),
    )
    .option('-n, --namespace <namespace>', 'findings of this namespace and of cluster-wide resources only')
    .option('--no-use-kube', 'leave Services, Pods, Namespaces and what needs them aside, as istioctl --use-kube=false')
    .option('-L, --list-analyzers', 'name the analyzers and end')
    .addOption(output('text', 'json'))
    .addHelpText(
      'after',
      examples(
        'meshsim analyze -f mesh/',
        'kustomize build . | meshsim analyze -',
        'meshsim analyze a.yaml b.yaml -o json',
      ),
    )
    .action((files: string[], flags: AnalyzeFlags) => end(analyze(files, flags)))
}

const RANK: Record<Level, number> = { info: 0, warning: 1, error: 2 }

/** A finding without what only the sorting needed. */
function plain({ analyzer, line, name, ...finding }: Finding): Diagnostic {
  return {
    ...finding,
    documentation: `https://istio.io/latest/docs/reference/config/analysis/${finding.code.toLowerCase()}/`,
  }
}

/** A scenario may lie beside the documents that it applies. */
const isOfMesh = ({ code, resource }: Diagnostic): boolean => code !== 'SIM0204' || !resource.startsWith('Scenario ')

/** Files with the pods that a cluster would have made of their Deployments and the like; pods that are there stay. */
function withPods(resources: readonly Resource[]): Resource[] {
  const made = expandWorkloads(resources, { injectByDefault: false }).workloads
  const known = new Set(resources.filter(r => r.kind === 'Pod').map(r => `${r.metadata.namespace}/${r.metadata.name}`))
  const pods = made
    .filter(pod => !known.has(`${pod.namespace}/${pod.name}`))
    .map((pod): Resource => {
      const proxy = pod.sidecar || pod.gateway ? [{ name: 'istio-proxy', image: 'proxyv2' }] : []
      const { name, namespace, labels } = pod
      const metadata = { name, namespace, labels, annotations: {}, creationTimestamp: null, order: resources.length }
      const spec = { nodeName: pod.node, containers: proxy }
      return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: null, locate: () => null }
    })
  return [...resources, ...pods]
}

/** Returns the exit code. */
function analyze(files: readonly string[], flags: AnalyzeFlags): number {
  if (flags.listAnalyzers === true) {
    for (const { name, description } of analyzers) process.stdout.write(`* ${name}:\n    ${description}\n`)
    return EXIT.good
  }
  const names = [...files, ...(flags.filename ?? [])]
  if (names.length === 0) throw new CommandFailure(EXIT.usage, 'give files or directories, or - for stdin')
  const sources = readSources(names)
  const loaded = loadResources(sources)
  const mesh = meshConfigFrom(loaded.resources)
  const findings = analyzeResources([{ name: '', resources: [...withPods(loaded.resources), ...loaded.refused] }], {
    meshConfig: mesh.meshConfig,
    filesOnly: !flags.useKube,
    now: Date.now() / 1000,
    ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
  })
  const found: Diagnostic[] = [...loaded.diagnostics.filter(isOfMesh), ...mesh.diagnostics, ...findings.map(plain)]
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else process.stdout.write(printDiagnostics(found, sources, { color: wantsColour(process.stdout) }))
  const silent = found.every(diagnostic => diagnostic.level === 'info')
  if (silent)
    process.stderr.write(`✔ No validation issues found when analyzing ${loaded.resources.length} resources.\n`)
  return found.some(d => RANK[d.level] >= RANK[flags.failureThreshold]) ? EXIT.findings : EXIT.good
}
