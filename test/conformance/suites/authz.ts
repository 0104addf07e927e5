// Suite `authz`: policies become RBAC, external authorization and JWT filters; PeerAuthentications become mTLS modes.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { customFilters, localFilters } from '../../../simulator/istiod/translate/authz-filters.ts'
import { type JwksFetchMode, jwtFilter } from '../../../simulator/istiod/translate/jwt-filter.ts'
import { buildMeshSnapshot, type MeshSnapshot, type ProxyNode } from '../../../simulator/registry/index.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'
import { difference } from './xds.ts'

type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

interface AuthzCase {
  id: string
  kind?: string
  layer?: string
  builder?: string
  input: {
    policies: string
    workload?: { namespace: string; labels?: Record<string, string>; type?: string }
    trustDomains?: string[]
    meshConfig?: Record<string, unknown>
    knownServices?: { hostname: string; namespace: string }[]
    rootNamespace?: string
    jwksFetchMode?: JwksFetchMode
    port?: number
    proxyLabels?: Record<string, string>
  }
  expectFilters?: Value[]
  expectFilter?: Value
  expect?: { mode: string; port?: number; perPort?: Record<string, string> }
}

/** Keys of these are names of the user's. */
const MAPS: ReadonlySet<string> = new Set(['policies', 'providers'])

/** Proto field names as JSON's canonical form has them. */
function camelCased(value: unknown, keysAreData = false): Value {
  if (Array.isArray(value)) return value.map(item => camelCased(item))
  if (typeof value !== 'object' || value === null) return (value ?? null) as Value
  const result: { [key: string]: Value } = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const name = keysAreData ? key : key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    result[name] = camelCased(item, MAPS.has(key))
  }
  return result
}

/** The policies; those of the unit tests that have no name get one. */
function load(policies: string) {
  const named = parseAllDocuments(policies).flatMap((document, index) => {
    const object = document.toJS() as { metadata?: Record<string, unknown> } | null
    return object ? [stringify({ ...object, metadata: { name: `policy-${index}`, ...object.metadata } })] : []
  })
  return loadResources([{ name: 'policies.yaml', content: named.join('---\n') }]).resources
}

/** A mesh of nothing but the policies, each younger than the one before where they do not say. */
function snapshotOf(item: AuthzCase, rootNamespace: string): MeshSnapshot {
  const resources = load(item.input.policies)
  const [trustDomain, ...trustDomainAliases] = item.input.trustDomains ?? []
  const mesh = mergeMeshConfig({ ...item.input.meshConfig, rootNamespace })
  return buildMeshSnapshot({
    resources: resources.map((resource, index) => ({
      ...resource,
      metadata: { ...resource.metadata, creationTimestamp: resource.metadata.creationTimestamp ?? index },
    })),
    meshConfig: trustDomain === undefined ? mesh : { ...mesh, trustDomain, trustDomainAliases },
    workloads: [],
    clusterIps: new Map(),
    featureFlags: {},
  })
}

const proxyOf = (namespace: string, labels: Record<string, string>, type: string): ProxyNode => ({
  id: `test.${namespace}`,
  type: type === 'router' ? 'router' : 'sidecar',
  namespace,
  name: 'test',
  labels,
  ipAddresses: ['1.1.1.1'],
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  dnsDomain: `${namespace}.svc.cluster.local`,
  metadata: {},
  clusterId: 'Kubernetes',
  nodeName: '',
})

function filtersOf(item: AuthzCase): Value {
  const snapshot = snapshotOf(item, '')
  const { namespace = 'default', labels = {}, type = 'sidecar' } = item.input.workload ?? {}
  const policies = snapshot.authorizationPolicies(proxyOf(namespace, labels, type))
  const known = item.input.knownServices ?? []
  const build = (item.builder ?? '').startsWith('CUSTOM') ? customFilters : localFilters
  const filters = build(policies, {
    layer: item.layer === 'TCP' ? 'tcp' : 'http',
    trustDomains: item.input.trustDomains ?? [],
    providers: snapshot.meshConfig.extensionProviders,
    findServices: hostname => known.filter(service => service.hostname === hostname),
    severalProviders: false,
  })
  return camelCased(filters)
}

/** Key sets in the expectation that no policy has inlined: what istiod fetched from the tests' server. */
function fetchedKeys(item: AuthzCase): string | null {
  const providers = (item.expectFilter as { typedConfig?: { providers?: Record<string, unknown> } } | null)?.typedConfig
    ?.providers
  for (const provider of Object.values(providers ?? {})) {
    const text = (provider as { localJwks?: { inlineString?: string } }).localJwks?.inlineString
    if (text !== undefined && !item.input.policies.includes(text)) return text
  }
  return null
}

function jwtOf(item: AuthzCase): Value {
  const snapshot = snapshotOf(item, item.input.rootNamespace ?? '')
  const policies = snapshot.requestAuthentications(proxyOf('default', {}, 'sidecar'))
  const filter = jwtFilter(policies, {
    clearRouteCache: false,
    fetchMode: item.input.jwksFetchMode ?? 'Istiod',
    // the tests' registry knows services of the mesh by name and namespace
    findServices: hostname =>
      /^[^.]+\.[^.]+$/.test(hostname)
        ? [{ hostname: `${hostname}.svc.cluster.local`, namespace: hostname.split('.')[1] ?? '' }]
        : [],
    fetched: rule => (/^http:\/\/localhost[:/]/.test(rule.jwksUri ?? '') ? fetchedKeys(item) : null),
  })
  return filter === null ? null : camelCased(filter)
}

/** Mode of the workload that all given policies select. */
function modesOf(item: AuthzCase): { mode: string; perPort: Record<string, string> } {
  const root = item.input.rootNamespace ?? ''
  const resources = load(item.input.policies)
  const own = resources.find(resource => resource.metadata.namespace !== root)?.metadata.namespace ?? 'default'
  const labels: Record<string, string> = { ...item.input.proxyLabels }
  for (const { spec } of resources) {
    const { selector } = spec as { selector?: { matchLabels?: Record<string, string> } }
    Object.assign(labels, selector?.matchLabels)
  }
  const { mode, ports } = snapshotOf(item, root).mutualTls(own, labels)
  return { mode, perPort: Object.fromEntries([...ports].map(([port, one]) => [String(port), one])) }
}

function outcome(item: AuthzCase): { expected: Value; got: Value } {
  if (item.expectFilters) return { expected: item.expectFilters, got: filtersOf(item) }
  if (item.kind === 'jwtFilter') return { expected: item.expectFilter ?? null, got: jwtOf(item) }
  const { mode, perPort } = modesOf(item)
  const { port } = item.input
  if (port !== undefined) return { expected: item.expect?.mode ?? '', got: perPort[String(port)] ?? mode }
  return { expected: { mode: item.expect?.mode ?? '', perPort: item.expect?.perPort ?? {} }, got: { mode, perPort } }
}

function resultOf(item: AuthzCase): CaseResult {
  try {
    const { expected, got } = outcome(item)
    const found = difference(expected as never, got as never)
    const text = (value: unknown): string => (JSON.stringify(value) ?? '(absent)').slice(0, 300)
    return {
      id: item.id,
      passed: found === null,
      expected: found ? `${found.path} = ${text(found.expected)}` : '',
      got: found ? text(found.got) : '',
    }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { id: item.id, passed: false, expected: 'filters', got: text.split('\n').slice(0, 3).join(' ') }
  }
}

async function* jsonFiles(dir: string): AsyncGenerator<string> {
  const entries = await readdir(dir, { withFileTypes: true })
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) yield* jsonFiles(path)
    else if (entry.name.endsWith('.json')) yield path
  }
}

export const run: SuiteRunner = async (dir, report) => {
  for await (const path of jsonFiles(dir)) {
    const { cases } = JSON.parse(await readFile(path, 'utf8')) as { cases?: AuthzCase[] }
    for (const item of cases ?? []) report(resultOf(item))
  }
}
