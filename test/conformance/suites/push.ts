// Suite push: what reaches which proxy when one object changes, and when bursts of changes are pushed. The whole control
// plane runs: debounce, queue, streams, and Envoy's own client that subscribes and acknowledges.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Citadel } from '../../../simulator/citadel/index.ts'
import { createRandomTree, Engine } from '../../../simulator/engine/index.ts'
import type { EventHandler } from '../../../simulator/engine/types.ts'
import { changeOf } from '../../../simulator/istiod/push/index.ts'
import { MemoryRecorder, type XdsRecord } from '../../../simulator/observation/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import type { MeshSnapshot } from '../../../simulator/registry/mesh-snapshot.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import type { Resource } from '../../../simulator/resources/types.ts'
import { CaptureRules } from '../../../simulator/world/capture.ts'
import { ControlPlane } from '../../../simulator/world/control-plane/index.ts'
import { Fabric } from '../../../simulator/world/fabric.ts'
import { WorldPod } from '../../../simulator/world/pod.ts'
import { createProxy } from '../../../simulator/world/proxies.ts'
import { ServiceTable } from '../../../simulator/world/services.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'

/** The recorded objects reached istiod as typed objects, which a label `y` does not trouble. */
const read = (name: string, content: string) => loadResources([{ name, content }], { reader: 'istiod' })

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
    this.objects = texts.flatMap(content => read('mesh', content).resources)
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

const wordsOf = (
  responses: readonly { type: string; updated: readonly string[]; removed: readonly string[] }[],
): string =>
  responses
    .map(
      ({ type, updated, removed }) =>
        `${type}[${[...updated].sort(ascending).join(' ')}]${removed.length > 0 ? `-[${[...removed].sort(ascending).join(' ')}]` : ''}`,
    )
    .join(' ')

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const recordedWords = (pushes: RecordedStep['pushes'][string]): string =>
  wordsOf(pushes.map(({ type, updated = [], removed = [] }) => ({ type, updated, removed })))

function compareStep(id: string, step: RecordedStep, got: ReadonlyMap<string, string>): CaseResult {
  for (const [proxy, pushes] of Object.entries(step.pushes)) {
    const expected = recordedWords(pushes)
    const words = got.get(proxy) ?? ''
    if (expected !== words)
      return { id, passed: false, expected: `${proxy}: ${expected || 'nothing'}`, got: words || 'nothing' }
  }
  return { id, passed: true, expected: '', got: '' }
}

/** istiod and the recorded proxies, over a cluster that nobody but the suite changes. */
class Session {
  readonly engine = new Engine()
  private readonly tree = createRandomTree('push')
  private readonly recorder = new MemoryRecorder()
  private readonly controlPlane: ControlPlane
  private readonly cluster: Cluster
  private readonly citadel: Citadel

  constructor(cluster: Cluster) {
    this.cluster = cluster
    const { engine: scheduler, tree, recorder } = this
    const citadel = { scheduler, tree, recorder, rootNamespace: 'istio-system', istiodUp: () => true }
    this.citadel = new Citadel(citadel, [])
    this.controlPlane = new ControlPlane(this.engine, this.tree, this.recorder, {}, () => this.cluster.snapshot)
  }

  connect(proxy: RecordedProxy): void {
    const fabric = new Fabric(this.engine, this.tree, {}, new ServiceTable([], [], new Map()))
    const { name, namespace, labels, serviceAccount } = proxy
    const workload: Workload = {
      ...{ name, namespace, labels, serviceAccount, ip: proxy.iP, containerPorts: [], locality: NOWHERE },
      ...{
        ready: true,
        terminating: false,
        sidecar: proxy.kind === 'sidecar',
        gateway: proxy.kind === 'router',
        node: '',
      },
    }
    const pod = new WorldPod(fabric, `${name}.${namespace}`, workload, {}, new CaptureRules({}), false)
    const options = { seed: 'push', resources: [], recorder: this.recorder }
    const host = {
      ...{ engine: this.engine, tree: this.tree, options, resolve: () => null },
      ...{ nextSpan: () => 0, currentResources: () => [], peerAt: () => null, citadel: this.citadel },
    }
    pod.proxy = createProxy(host, pod, this.recorder)
    this.controlPlane.connect(pod, nodeOf(proxy))
  }

  write(object: Resource, op: string): void {
    this.cluster.change(op, object)
    this.controlPlane.changed([changeOf(object)])
  }

  /** What left istiod since the last call, once it is quiet. */
  sent(): XdsRecord[] {
    this.engine.runUntil(this.engine.now + 5_000_000)
    const sent = this.recorder.of('xds').filter(record => record.step === 'sent')
    this.recorder.clear()
    return sent
  }
}

function runChanges(file: ChangesFile, report: (result: CaseResult) => void): void {
  const session = new Session(new Cluster([file.kubernetes, file.istio]))
  file.steps.forEach((step, i) => {
    const id = `changes/${i} ${step.change}`
    if (step.op === 'connect') for (const proxy of file.proxies) session.connect(proxy)
    else {
      const object = read('step', step.yaml ?? '').resources[0]
      if (object === undefined) {
        report({ id, passed: false, expected: 'an object', got: 'the YAML was refused' })
        return
      }
      session.write(object, step.op)
    }
    const sent = session.sent()
    const got = new Map(
      file.proxies.map(({ name, namespace }) => [
        name,
        wordsOf(sent.filter(record => record.proxy === `${name}.${namespace}`)),
      ]),
    )
    report(compareStep(id, step, got))
  })
}

/**
 * `every_ms` is the recorder's pause between two writes; the write itself takes longer than nothing. From its own figures:
 * four changes "every 150 ms" were pushed 151, 153 and 150 ms apart.
 */
const WRITE_US = 1_400

const BURST_MESH = `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: default }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }] }
`
const burstObject = (kind: string, i: number): string =>
  kind === 'EndpointSlice'
    ? `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: a-1, namespace: default, labels: { kubernetes.io/service-name: a } }
addressType: IPv4
endpoints: [{ addresses: [10.1.0.${i + 1}] }]
ports: [{ name: http, port: 80 }]
`
    : `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: default }
spec: { hosts: [a], http: [{ timeout: ${i + 1}s, route: [{ destination: { host: a } }] }] }
`

function runBursts(file: BurstsFile, report: (result: CaseResult) => void): void {
  for (const burst of file.bursts) {
    const session = new Session(new Cluster([BURST_MESH, burstObject('EndpointSlice', 250)]))
    const client = { name: 'client', namespace: 'default', serviceAccount: 'default', iP: '10.1.1.1', labels: {} }
    session.connect({ ...client, kind: 'sidecar' })
    session.sent()
    const begin = session.engine.now
    const source: EventHandler = {
      onEvent: (_kind, subject) => {
        const content = burstObject(burst.of, subject as number)
        for (const object of read('burst', content).resources) session.write(object, 'update')
      },
    }
    for (let i = 0; i < burst.changes; i++)
      session.engine.schedule(begin + i * (burst.every_ms * 1000 + WRITE_US), source, 0, i)
    session.engine.runUntil(begin + 30_000_000)
    // A push is one version, however many responses it has.
    const first = new Map<string, number>()
    for (const { version, at } of session.sent()) if (!first.has(version)) first.set(version, (at - begin) / 1000)
    const times = [...first.values()]
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
