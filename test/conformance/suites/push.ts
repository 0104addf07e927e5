// Suite push: what reaches which proxy when one object changes, and when bursts of changes are pushed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Engine } from '../../../simulator/engine/index.ts'
import type { EventHandler } from '../../../simulator/engine/types.ts'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import {
  changedKeys,
  Debounce,
  type DiscoveryResponse,
  EndpointShards,
  type ProxyView,
  planConnect,
  planPush,
  type Subscriptions,
  viewOf,
} from '../../../simulator/istiod/push/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import type { MeshSnapshot } from '../../../simulator/registry/mesh-snapshot.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import type { Resource } from '../../../simulator/resources/types.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'

interface RecordedProxy {
  name: string
  namespace: string
  serviceAccount: string
  iP: string
  kind: 'sidecar' | 'router'
  labels: Record<string, string>
}

interface RecordedStep {
  change: string
  op: 'connect' | 'create' | 'update' | 'delete'
  yaml?: string
  pushes: Record<string, { type: string; updated?: string[]; removed?: string[] }[]>
}

interface ChangesFile {
  kubernetes: string
  istio: string
  proxies: RecordedProxy[]
  steps: RecordedStep[]
}

interface BurstsFile {
  bursts: {
    changes: number
    every_ms: number
    of: string
    debounce_after_ms: number
    pushes_to_client: { at_ms: number }[]
  }[]
}

const NOWHERE = { region: '', zone: '', subzone: '' }

const nodeOf = (proxy: RecordedProxy): ProxyNode => ({
  id: `${proxy.name}.${proxy.namespace}`,
  type: proxy.kind,
  namespace: proxy.namespace,
  name: proxy.name,
  labels: proxy.labels,
  ipAddresses: [proxy.iP],
  serviceAccount: proxy.serviceAccount,
  locality: NOWHERE,
  dnsDomain: `${proxy.namespace}.svc.cluster.local`,
  metadata: { NAMESPACE: proxy.namespace, LABELS: proxy.labels },
  clusterId: 'Kubernetes',
  nodeName: '',
})

interface PodSpec {
  serviceAccountName?: string
  nodeName?: string
}

/** Pods that an EndpointSlice points at; in this suite slices alone make endpoints. */
function workloadsOf(resources: readonly Resource[]): Workload[] {
  const listed = new Set(
    resources
      .filter(resource => resource.kind === 'EndpointSlice')
      .flatMap(slice => (slice.spec as { endpoints?: { addresses: string[] }[] }).endpoints ?? [])
      .flatMap(endpoint => endpoint.addresses),
  )
  return resources
    .filter(resource => resource.kind === 'Pod')
    .map(pod => ({
      name: pod.metadata.name,
      namespace: pod.metadata.namespace,
      ip: (pod.status as { podIP?: string } | undefined)?.podIP ?? '',
      labels: pod.metadata.labels,
      serviceAccount: (pod.spec as PodSpec).serviceAccountName ?? 'default',
      containerPorts: [],
      locality: NOWHERE,
      ready: true,
      terminating: false,
      sidecar: pod.metadata.labels['security.istio.io/tlsMode'] === 'istio',
      gateway: false,
      node: (pod.spec as PodSpec).nodeName ?? '',
    }))
    .filter(workload => listed.has(workload.ip))
}

const idOf = (resource: Resource): string => `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`

/** The cluster's objects; each change gives the next snapshot. */
class Cluster {
  private objects: Resource[]
  snapshot: MeshSnapshot

  constructor(texts: readonly string[]) {
    this.objects = texts.flatMap(content => loadResources([{ name: 'mesh', content }]).resources)
    this.snapshot = this.build()
  }

  change(op: string, object: Resource): void {
    const rest = this.objects.filter(other => idOf(other) !== idOf(object))
    const at = this.objects.findIndex(other => idOf(other) === idOf(object))
    if (op === 'delete') this.objects = rest
    else if (at < 0) this.objects = [...this.objects, object]
    else this.objects = this.objects.map((other, i) => (i === at ? object : other))
    this.snapshot = this.build()
  }

  private build(): MeshSnapshot {
    return buildMeshSnapshot({
      resources: this.objects.map((resource, order) => ({ ...resource, metadata: { ...resource.metadata, order } })),
      meshConfig: mergeMeshConfig({}),
      workloads: workloadsOf(this.objects),
      clusterIps: new Map(),
      featureFlags: {},
    })
  }
}

interface Session {
  view: ProxyView
  subscriptions: Subscriptions
}

const wordsOf = (responses: readonly DiscoveryResponse[]): string =>
  responses
    .map(
      ({ type, updated, removed }) =>
        `${type}[${updated.join(' ')}]${removed.length > 0 ? `-[${removed.join(' ')}]` : ''}`,
    )
    .join(' ')

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const recordedWords = (pushes: RecordedStep['pushes'][string]): string =>
  wordsOf(
    pushes.map(push => ({
      type: push.type as DiscoveryResponse['type'],
      updated: [...(push.updated ?? [])].sort(ascending),
      removed: [...(push.removed ?? [])].sort(ascending),
    })),
  )

function compareStep(id: string, step: RecordedStep, got: ReadonlyMap<string, string>): CaseResult {
  for (const [proxy, pushes] of Object.entries(step.pushes)) {
    const expected = recordedWords(pushes)
    const words = got.get(proxy) ?? ''
    if (expected !== words)
      return { id, passed: false, expected: `${proxy}: ${expected || 'nothing'}`, got: words || 'nothing' }
  }
  return { id, passed: true, expected: '', got: '' }
}

function runChanges(file: ChangesFile, report: (result: CaseResult) => void): void {
  const cluster = new Cluster([file.kubernetes, file.istio])
  const shards = new EndpointShards(cluster.snapshot)
  const nodes = new Map(file.proxies.map(proxy => [proxy.name, nodeOf(proxy)]))
  const sessions = new Map<string, Session>()
  file.steps.forEach((step, i) => {
    const id = `changes/${i} ${step.change}`
    const got = new Map<string, string>()
    const before = cluster.snapshot
    const object =
      step.op === 'connect' ? undefined : loadResources([{ name: 'step', content: step.yaml ?? '' }]).resources[0]
    if (step.op !== 'connect') {
      if (object === undefined) {
        report({ id, passed: false, expected: 'an object', got: 'the YAML was refused' })
        return
      }
      cluster.change(step.op, object)
    }
    const keys = object === undefined ? [] : changedKeys(object, before, cluster.snapshot, shards)
    for (const [name, node] of nodes) {
      const view = viewOf(cluster.snapshot, node, translateProxy(cluster.snapshot, node))
      const session = sessions.get(name)
      if (session === undefined) {
        const { responses, subscriptions } = planConnect(view)
        sessions.set(name, { view, subscriptions })
        got.set(name, wordsOf(responses))
      } else {
        got.set(name, wordsOf(planPush(keys, session.view, view, session.subscriptions, 'istio-system')))
        session.view = view
      }
    }
    report(compareStep(id, step, got))
  })
}

function runBursts(file: BurstsFile, report: (result: CaseResult) => void): void {
  for (const burst of file.bursts) {
    const engine = new Engine()
    const times: number[] = []
    const options = { afterUs: burst.debounce_after_ms * 1000, maxUs: 10_000_000, buildUs: 0 }
    const debounce = new Debounce<number>(engine, () => times.push(engine.now / 1000), options)
    const source: EventHandler = { onEvent: (_kind, subject) => debounce.add(subject as number) }
    for (let i = 0; i < burst.changes; i++) engine.schedule(i * burst.every_ms * 1000, source, 0, i)
    engine.runUntil(60_000_000)
    const expected = burst.pushes_to_client.map(push => push.at_ms)
    const passed = times.length === expected.length && times.every((time, i) => Math.abs(time - expected[i]!) <= 30)
    const id = `bursts/${burst.changes} x ${burst.of} every ${burst.every_ms} ms`
    report({ id, passed, expected: expected.join(' '), got: times.join(' ') })
  }
}

export const run: SuiteRunner = async (dir, report) => {
  for (const name of readdirSync(dir).sort()) {
    if (!name.endsWith('.json')) continue
    const file = JSON.parse(readFileSync(join(dir, name), 'utf8')) as ChangesFile | BurstsFile
    if ('steps' in file) runChanges(file, report)
    else if ('bursts' in file) runBursts(file, report)
  }
}
