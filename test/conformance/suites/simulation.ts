// Suite `simulation`: a mesh, one proxy, and calls: which listener, filter chain, virtual host, route and cluster.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig, type Resource } from '../../../simulator/resources/index.ts'
import type { ProxyConfiguration } from '../../../simulator/xds/types.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'
import { type Assertion, checkAssertion, type Generated } from './simulation-assertions.ts'
import { type Call, type CallResult, type TlsResult, walk } from './simulation-call.ts'
import { summary } from './simulation-summary.ts'
import { difference } from './xds.ts'

interface SimulatedProxy {
  id: string
  type: string
  namespace: string
  labels?: Record<string, string>
  ipAddresses: string[]
  dnsDomain: string
  metadata?: Record<string, unknown>
}

interface SimulationCase {
  id: string
  input: {
    istioConfig?: string
    kubernetesObjects?: string
    equivalentKubernetesObjects?: string
    equivalentProxyId?: string
    meshConfig?: Record<string, unknown>
    featureFlags?: Record<string, unknown>
  }
  proxy: SimulatedProxy
  calls?: {
    name: string
    call: Call
    expect: CallResult
    strictMatch?: boolean
    expectTls?: TlsResult
  }[]
  assertions?: Assertion[]
  observedEnvoy?: { listeners: { name: string }[]; routes: { name: string }[]; clusters: { name: string }[] }
}

/** Objects that do not say are all equally old. */
const CREATED = 1_577_836_800

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

/** A running Pod as the registry wants it. */
function workloadOf(pod: Resource): Workload | null {
  const { podIP } = record(pod.status)
  if (typeof podIP !== 'string') return null
  const { containers, serviceAccountName } = record(pod.spec)
  const ports = (Array.isArray(containers) ? containers : []).flatMap(container => {
    const list = record(container)['ports']
    return Array.isArray(list) ? list.map(record) : []
  })
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace,
    ip: podIP,
    labels: pod.metadata.labels,
    serviceAccount: typeof serviceAccountName === 'string' ? serviceAccountName : 'default',
    containerPorts: ports.map(port => ({
      name: String(port['name'] ?? ''),
      port: Number(port['containerPort']),
      protocol: String(port['protocol'] ?? 'TCP'),
    })),
    locality: { region: '', zone: '', subzone: '' },
    ready: true,
    terminating: false,
    sidecar: false,
    gateway: false,
    node: '',
  }
}

const proxyOf = (proxy: SimulatedProxy, id: string): ProxyNode => ({
  id,
  type: proxy.type === 'router' ? 'router' : 'sidecar',
  namespace: proxy.namespace,
  name: id.split('.')[0] ?? '',
  labels: proxy.labels ?? {},
  ipAddresses: proxy.ipAddresses,
  serviceAccount: 'default',
  locality: { region: '', zone: '', subzone: '' },
  dnsDomain: proxy.dnsDomain,
  metadata: proxy.metadata ?? {},
  clusterId: String(proxy.metadata?.['CLUSTER_ID'] ?? 'Kubernetes'),
  nodeName: '',
})

function translate(item: SimulationCase): Generated {
  const { input } = item
  const texts = [input.istioConfig, input.kubernetesObjects, input.equivalentKubernetesObjects]
  const { resources } = loadResources(
    texts.flatMap((content, index) => (content ? [{ name: `input-${index}.yaml`, content }] : [])),
  )
  const aged = resources.map(resource => ({
    ...resource,
    metadata: { ...resource.metadata, creationTimestamp: resource.metadata.creationTimestamp ?? CREATED },
  }))
  const snapshot = buildMeshSnapshot({
    resources: aged,
    meshConfig: mergeMeshConfig(input.meshConfig ?? {}),
    workloads: aged.filter(resource => resource.kind === 'Pod').flatMap(pod => workloadOf(pod) ?? []),
    clusterIps: new Map(),
    configDomain: '',
    featureFlags: Object.fromEntries(
      Object.entries(input.featureFlags ?? {}).map(([name, value]) => [name, String(value)]),
    ),
  })
  const proxy = proxyOf(item.proxy, input.equivalentProxyId ?? item.proxy.id)
  const configuration = JSON.parse(JSON.stringify(translateProxy(snapshot, proxy))) as ProxyConfiguration
  return { configuration, snapshot, proxy }
}

const KEYS = ['listener', 'filterChain', 'route', 'routeConfig', 'virtualHost', 'cluster'] as const

interface Failure {
  expected: string
  got: string
}

function callFailure(
  configuration: ProxyConfiguration,
  one: NonNullable<SimulationCase['calls']>[number],
): Failure | null {
  const { result, tls } = walk(configuration, one.call)
  const wrong = KEYS.filter(key => {
    const wanted = one.expect[key] ?? ''
    return (one.strictMatch || wanted !== '') && wanted !== (result[key] ?? '')
  })
  if (wrong.length > 0 || (one.expect.error ?? null) !== result.error) {
    return { expected: `${one.name}: ${JSON.stringify(one.expect)}`, got: JSON.stringify(result) }
  }
  const { expectTls } = one
  if (!expectTls) return null
  const same =
    tls?.firstCertificateSecret === expectTls.firstCertificateSecret &&
    tls.requireClientCertificate === expectTls.requireClientCertificate
  return same ? null : { expected: `${one.name}: ${JSON.stringify(expectTls)}`, got: JSON.stringify(tls) }
}

function observedFailure(item: SimulationCase, configuration: ProxyConfiguration): Failure | null {
  if (!item.observedEnvoy) return null
  const got = JSON.parse(JSON.stringify(summary(configuration))) as Record<string, { name: string }[]>
  for (const kind of ['listeners', 'routes', 'clusters'] as const) {
    const byName = (list: { name: string }[] | undefined) =>
      Object.fromEntries((list ?? []).map(one => [one.name, one as never]))
    const found = difference(byName(item.observedEnvoy[kind]), byName(got[kind]))
    if (found) {
      return {
        expected: `${kind}${found.path} = ${JSON.stringify(found.expected)}`,
        got: JSON.stringify(found.got) ?? '',
      }
    }
  }
  return null
}

/** The first thing that is not as it should be; null when all is. */
export function failureOf(item: SimulationCase): Failure | null {
  const generated = translate(item)
  const { configuration } = generated
  for (const one of item.calls ?? []) {
    const failure = callFailure(configuration, one)
    if (failure) return failure
  }
  let asserted = (item.calls ?? []).length
  for (const assertion of item.assertions ?? []) {
    const failure = checkAssertion(assertion, generated)
    if (failure === 'nothing to check') continue
    if (failure) return failure
    asserted++
  }
  return asserted > 0 ? null : observedFailure(item, configuration)
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
    const { cases } = JSON.parse(await readFile(path, 'utf8')) as { cases?: SimulationCase[] }
    for (const item of cases ?? []) report(resultOf(item))
  }
}

function resultOf(item: SimulationCase): CaseResult {
  try {
    const failure = failureOf(item)
    return { id: item.id, passed: failure === null, expected: failure?.expected ?? '', got: failure?.got ?? '' }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { id: item.id, passed: false, expected: 'a configuration', got: text.split('\n').slice(0, 3).join(' ') }
  }
}
