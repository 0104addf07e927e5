// Suite xds: everything that istiod generates for a proxy, one case for each proxy and kind of resource.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot, parseLocality } from '../../../simulator/registry/index.ts'
import type { Locality, ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import type { SuiteRunner } from '../types.ts'

export const KINDS = ['listeners', 'routes', 'clusters', 'endpoints'] as const
export type Kind = (typeof KINDS)[number]

type Value = null | boolean | number | string | Value[] | { [key: string]: Value }
type Fields = { [key: string]: Value }

interface XdsFile {
  case: string
  proxies: Record<string, Record<Kind, Fields[] | undefined>>
}

interface CaseWorkload {
  name: string
  namespace?: string
  ip: string
  serviceAccount?: string
  labels?: Record<string, string>
  locality?: string | { region?: string; zone?: string; subzone?: string }
  ports?: { port: number; name?: string }[]
  sidecar?: boolean
  gateway?: boolean
  external?: boolean
  notReady?: boolean
}

interface CaseFile {
  mesh?: Record<string, unknown>
  resources?: string
  addresses?: Record<string, string>
  workloads?: CaseWorkload[]
}

/**
 * Istio's objects of a case are created one second apart, from some moment on. Kubernetes' own came into the recordings
 * without a timestamp: they are older, and equally old.
 */
const CREATED = 1_795_000_000

const createdAt = (apiVersion: string, index: number): number =>
  apiVersion.includes('istio.io/') ? CREATED + index : 0

const localityOf = (locality: CaseWorkload['locality']): Locality =>
  typeof locality === 'object'
    ? { region: locality.region ?? '', zone: locality.zone ?? '', subzone: locality.subzone ?? '' }
    : parseLocality(locality)

const workloadOf = (w: CaseWorkload): Workload => ({
  name: w.name,
  namespace: w.namespace ?? 'default',
  ip: w.ip,
  labels: w.labels ?? { app: w.name },
  serviceAccount: w.serviceAccount ?? 'default',
  containerPorts: (w.ports ?? []).map(p => ({ name: p.name ?? '', port: p.port, protocol: 'TCP' })),
  locality: localityOf(w.locality),
  ready: w.notReady !== true,
  terminating: false,
  sidecar: w.sidecar === true,
  gateway: w.gateway === true,
  node: '',
})

const proxyOf = (w: Workload): ProxyNode => ({
  id: `${w.name}.${w.namespace}`,
  type: w.gateway ? 'router' : 'sidecar',
  namespace: w.namespace,
  name: w.name,
  labels: w.labels,
  ipAddresses: [w.ip],
  serviceAccount: w.serviceAccount,
  locality: w.locality,
  dnsDomain: `${w.namespace}.svc.cluster.local`,
  metadata: { NAMESPACE: w.namespace, LABELS: w.labels },
  clusterId: 'Kubernetes',
  nodeName: w.node,
})

/** What istiod makes of the case for each of the named proxies. */
export function translateCase(text: string, names: readonly string[]): Map<string, Record<Kind, Fields[]>> {
  const file = parse(text, { maxAliasCount: -1 }) as CaseFile
  // the recorded meshes were given to istiod as files
  const { resources } = loadResources([{ name: 'resources', content: file.resources ?? '' }], { reader: 'istiod' })
  const workloads = (file.workloads ?? []).filter(w => w.external !== true).map(workloadOf)
  const snapshot = buildMeshSnapshot({
    resources: resources.map((r, index) => ({
      ...r,
      metadata: { ...r.metadata, creationTimestamp: r.metadata.creationTimestamp ?? createdAt(r.apiVersion, index) },
    })),
    meshConfig: mergeMeshConfig(file.mesh ?? {}),
    workloads,
    clusterIps: new Map(Object.entries(file.addresses ?? {})),
    featureFlags: {},
  })
  const found = new Map<string, Record<Kind, Fields[]>>()
  for (const name of names) {
    const workload = workloads.find(w => w.name === name || `${w.name}.${w.namespace}` === name)
    if (!workload) continue
    // through JSON, so that absent and undefined fields are the same
    found.set(name, JSON.parse(JSON.stringify(translateProxy(snapshot, proxyOf(workload)))))
  }
  return found
}

const isFields = (value: Value | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const UNCOMPARED_FILTER = /metadata_exchange|peer_metadata/

/** Without what the suite does not compare: configs of metadata filters, metadata other than istio's. */
export function comparable(value: Value): Value {
  if (Array.isArray(value)) return value.map(comparable)
  if (!isFields(value)) return value
  const out: Fields = {}
  const silent = typeof value['name'] === 'string' && UNCOMPARED_FILTER.test(value['name'])
  for (const [key, field] of Object.entries(value)) {
    if (silent && key === 'typed_config') continue
    if (key === 'metadata' && isFields(field) && isFields(field['filter_metadata'])) {
      const { istio } = field['filter_metadata']
      out[key] = istio === undefined ? {} : { filter_metadata: { istio: comparable(istio) } }
    } else out[key] = comparable(field)
  }
  return out
}

export interface Difference {
  path: string
  expected: Value | undefined
  got: Value | undefined
}

/** The first place where the two differ; order of keys does not count. */
export function difference(expected: Value | undefined, got: Value | undefined, path = ''): Difference | null {
  if (Array.isArray(expected) && Array.isArray(got)) {
    for (let i = 0; i < Math.max(expected.length, got.length); i++) {
      const found = difference(expected[i], got[i], `${path}[${i}]`)
      if (found) return found
    }
    return null
  }
  if (isFields(expected) && isFields(got)) {
    for (const key of [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort()) {
      const found = difference(expected[key], got[key], `${path}.${key}`)
      if (found) return found
    }
    return null
  }
  return expected === got ? null : { path, expected, got }
}

const nameOf = (resource: Fields): string => String(resource['name'] ?? resource['cluster_name'] ?? '')

function differenceOfLists(expected: readonly Fields[], got: readonly Fields[]): Difference | null {
  const wanted = new Map(expected.map(r => [nameOf(r), r]))
  const given = new Map(got.map(r => [nameOf(r), r]))
  for (const name of [...new Set([...wanted.keys(), ...given.keys()])].sort()) {
    const [one, other] = [wanted.get(name), given.get(name)]
    const path = `${name} `
    if (!one) return { path, expected: undefined, got: 'present' }
    if (!other) return { path, expected: 'present', got: undefined }
    const found = difference(comparable(one), comparable(other), path)
    if (found) return found
  }
  const order = got.findIndex((r, i) => nameOf(r) !== (expected[i] ? nameOf(expected[i]) : ''))
  if (order < 0) return null
  return {
    path: `[${order}] `,
    expected: expected[order] ? nameOf(expected[order]) : '(end)',
    got: nameOf(got[order]!),
  }
}

const short = (value: Value | undefined): string => {
  const text = value === undefined ? '(absent)' : JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}

function* jsonFiles(dir: string, prefix = ''): Generator<[string, string]> {
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) yield* jsonFiles(path, `${prefix}${name}/`)
    else if (name.endsWith('.json')) yield [`${prefix}${name.slice(0, -'.json'.length)}`, path]
  }
}

/** The case's file, relative to the suite's parent, which is some ancestor of `file`; or beside; or in the shared folder. */
function findCase(file: string, name: string): string | null {
  for (let at = dirname(resolve(file)); ; at = dirname(at)) {
    for (const path of [join(at, name), join(at, name.split('/').pop() ?? name)]) if (existsSync(path)) return path
    if (dirname(at) === at) break
  }
  const shared = join(process.cwd(), '../shared/conformance', name)
  return existsSync(shared) ? shared : null
}

/** Compares every proxy and kind of every file; `kinds` narrows it down. */
export async function compareAll(
  dir: string,
  report: Parameters<SuiteRunner>[1],
  kinds: readonly Kind[] = KINDS,
): Promise<void> {
  for (const [id, path] of jsonFiles(dir)) {
    const expected = JSON.parse(readFileSync(path, 'utf8')) as XdsFile
    const proxies = Object.keys(expected.proxies)
    let got = new Map<string, Record<Kind, Fields[]>>()
    let failure = ''
    const source = findCase(path, expected.case)
    if (source === null) failure = `no file ${expected.case}`
    else {
      try {
        got = translateCase(readFileSync(source, 'utf8'), proxies)
      } catch (error) {
        failure =
          error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 3).join(' ') : String(error)
      }
    }
    for (const proxy of proxies) {
      for (const kind of kinds) {
        const wanted = expected.proxies[proxy]?.[kind]
        if (!wanted) continue
        const ours = got.get(proxy)?.[kind]
        const name = `${id} ${proxy} ${kind}`
        if (!ours) {
          report({ id: name, passed: false, expected: `${wanted.length} ${kind}`, got: failure || 'no such proxy' })
          continue
        }
        const found = differenceOfLists(wanted, ours)
        report({
          id: name,
          passed: found === null,
          expected: found ? `${found.path} = ${short(found.expected)}` : '',
          got: found ? short(found.got) : '',
        })
      }
    }
  }
}

export const run: SuiteRunner = (dir, report) => compareAll(dir, report)
