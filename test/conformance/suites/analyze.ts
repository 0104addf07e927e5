// Suite `analyze`: single analyzers on Istio's own test files, and whole runs of `analyze` and of admission.
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { type AnalysisOptions, analyze, type Cluster, type Finding } from '../../../simulator/analysis/index.ts'
import { parseDocuments } from '../../../simulator/documents/index.ts'
import { isObject } from '../../../simulator/resources/fields.ts'
import {
  defaultMeshConfig,
  loadResources,
  mergeMeshConfig,
  type SourceFile,
} from '../../../simulator/resources/index.ts'
import '../../../simulator/validation/envoy/all.ts'
import { validateResource } from '../../../simulator/validation/index.ts'
import type { SuiteRunner } from '../types.ts'

type Report = Parameters<SuiteRunner>[1]

const Message = z.looseObject({
  code: z.string(),
  level: z.string().optional(),
  resource: z.string().optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  message: z.string().optional(),
})
type Message = z.infer<typeof Message>

const UnitCase = z.looseObject({
  id: z.string(),
  analyzer: z.string(),
  input: z.looseObject({
    inputFiles: z.array(z.string()).optional(),
    cluster1InputFiles: z.array(z.string()).optional(),
    cluster2InputFiles: z.array(z.string()).optional(),
    meshConfigFile: z.string().optional(),
    meshNetworksFile: z.string().optional(),
  }),
  expect: z.array(Message),
  actual: z.array(Message).nullish(),
})

const RecordedCase = z.looseObject({
  id: z.string(),
  files: z.array(z.object({ name: z.string(), content: z.string() })),
  meshConfigFile: z.string().optional(),
  allAnalyzers: z.looseObject({ messages: z.array(Message).nullish(), readError: z.string().optional() }),
  cliFilesOnly: z.looseObject({ messages: z.array(Message).nullish(), exitCode: z.number() }),
  admission: z
    .array(z.looseObject({ file: z.string(), document: z.number(), resource: z.string(), accepted: z.boolean() }))
    .nullish(),
})

/** When the recordings were made: certificates were judged by that day. */
const RECORDED_AT = Date.UTC(2026, 7, 25) / 1000

function meshConfigOf(text: string | undefined) {
  const value = text === undefined ? null : parseDocuments('mesh.yaml', text).documents[0]?.value
  return isObject(value) ? mergeMeshConfig(value, defaultMeshConfig()) : defaultMeshConfig()
}

function clusterOf(name: string, files: readonly SourceFile[], defaultNamespace: string): Cluster {
  const loaded = loadResources(files, { defaultNamespace })
  return { name, resources: [...loaded.resources, ...loaded.refused] }
}

const multiset = (lines: readonly string[]): string =>
  lines
    .map(line => `  ${line}`)
    .sort((left, right) => (left < right ? -1 : 1))
    .join('\n')

const title = (level: string): string => `${level[0]?.toUpperCase() ?? ''}${level.slice(1)}`

const exact = (message: Message): string =>
  `${message.code} ${message.level ?? ''} ${message.resource ?? ''} ${message.file ?? ''}:${message.line ?? 0}`

const exactOf = (finding: Finding): string =>
  `${finding.code} ${title(finding.level)} ${finding.resource} ${finding.at?.file ?? ''}:${finding.line}`

/** Lines of either side that the other lacks. */
function difference(expected: string, got: string): { expected: string; got: string } {
  const minus = (left: string, right: string): string => {
    const rest = right.split('\n')
    const missing = left.split('\n').filter(line => {
      const at = rest.indexOf(line)
      if (at >= 0) rest.splice(at, 1)
      return at < 0
    })
    return missing.map(line => line.trim()).join(' | ') || '(nothing more)'
  }
  return { expected: minus(expected, got), got: minus(got, expected) }
}

async function unitCases(dir: string, cases: unknown, report: Report): Promise<void> {
  for (const item of z.array(UnitCase).parse(cases)) {
    const read = async (names: readonly string[] = []): Promise<SourceFile[]> =>
      Promise.all(names.map(async name => ({ name, content: await readFile(join(dir, name), 'utf8') })))
    const { input } = item
    const meshConfig = (await read(input.meshConfigFile === undefined ? [] : [input.meshConfigFile]))[0]?.content
    const networks = (await read(input.meshNetworksFile === undefined ? [] : [input.meshNetworksFile]))[0]?.content
    const clusters =
      input.cluster1InputFiles === undefined
        ? [clusterOf('', await read(input.inputFiles), '')]
        : [
            clusterOf('cluster1', await read(input.cluster1InputFiles), ''),
            clusterOf('cluster2', await read(input.cluster2InputFiles), ''),
          ]
    const named = item.analyzer.startsWith('all multi-cluster') ? 'services.MultiClusterServiceAnalyzer' : item.analyzer
    const options: AnalysisOptions = { meshConfig: meshConfigOf(meshConfig), only: [named], now: RECORDED_AT }
    if (networks !== undefined) options.meshNetworks = meshNetworksOf(networks)
    const found = analyze(clusters, options)
    const expected = multiset(item.expect.map(message => `${message.code} ${message.resource ?? ''}`))
    const got = multiset(found.map(finding => `${finding.code} ${finding.resource}`))
    report({ id: item.id, passed: expected === got, ...difference(expected, got) })
  }
}

function meshNetworksOf(text: string) {
  const spec = parseDocuments('mesh-networks.yaml', text).documents[0]?.value
  const [holder] = loadResources([
    {
      name: 'holder',
      content: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: meshnetworks, namespace: istio-system}\n',
    },
  ]).resources
  return holder === undefined ? null : { ...holder, kind: 'MeshNetworks', spec }
}

function recordedCases(cases: unknown, report: Report): void {
  for (const item of z.array(RecordedCase).parse(cases)) {
    const loaded = loadResources(item.files)
    const cluster = { name: '', resources: [...loaded.resources, ...loaded.refused] }
    const options: AnalysisOptions = { meshConfig: meshConfigOf(item.meshConfigFile), now: RECORDED_AT }
    const everything = analyze([cluster], options)
    const files = analyze([cluster], { ...options, filesOnly: true, namespace: 'default' })
    const exitCode = files.some(finding => finding.level === 'error') ? 79 : loaded.unreadable > 0 ? 65 : 0
    const accepted = loaded.resources.map(resource => ({
      resource,
      accepted: !validateResource(resource).some(found => found.level === 'error'),
    }))
    const admitted = (item.admission ?? []).map(({ file, resource }) => {
      const mine = accepted.filter(
        ({ resource: { kind, metadata, origin } }) =>
          origin?.file === file &&
          `${kind} ${metadata.namespace === '' ? '' : `${metadata.namespace}/`}${metadata.name}` === resource,
      )
      return `${resource} ${mine.length > 0 && mine.every(entry => entry.accepted) ? 'accepted' : 'refused'}`
    })
    const expected = multiset([
      ...(item.allAnalyzers.messages ?? []).map(message => `all ${exact(message)}`),
      ...(item.cliFilesOnly.messages ?? []).map(message => `files ${exact(message)}`),
      `exit ${item.cliFilesOnly.exitCode}`,
      ...(item.admission ?? []).map(entry => `${entry.resource} ${entry.accepted ? 'accepted' : 'refused'}`),
    ])
    const got = multiset([
      ...everything.map(finding => `all ${exactOf(finding)}`),
      ...files.map(finding => `files ${exactOf(finding)}`),
      `exit ${exitCode}`,
      ...admitted,
    ])
    report({ id: item.id, passed: expected === got, ...difference(expected, got) })
  }
}

const File = z.looseObject({ cases: z.array(z.looseObject({})) })

export const run: SuiteRunner = async (dir, report) => {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true })
  const paths = entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.json'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort((left, right) => (left < right ? -1 : 1))
  for (const path of paths) {
    const file = File.safeParse(JSON.parse(await readFile(path, 'utf8')))
    if (!file.success) continue
    const [first] = file.data.cases
    if (first !== undefined && 'files' in first) recordedCases(file.data.cases, report)
    else if (first !== undefined && 'analyzer' in first) await unitCases(dirname(path), file.data.cases, report)
  }
}
