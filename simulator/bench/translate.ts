// What istiod's work costs for one sidecar in a mesh of 1,000 services and 5,000 pods: the snapshot of the mesh, a full
// translation, and the same after one VirtualService has changed. A VirtualService and a DestinationRule stand before
// every service, and the sidecar sees them all.
import { invariant } from '../engine/index.ts'
import { retranslateProxy } from '../istiod/incremental.ts'
import { translateProxy } from '../istiod/index.ts'
import { buildMeshSnapshot, type MeshSnapshot, type Workload } from '../registry/index.ts'
import { defaultMeshConfig, loadResources } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import { proxyNode } from '../world/index.ts'
import type { Measure } from './index.ts'

export interface TranslateBenchRow {
  engine: string
  workload: 'translate'
  services: number
  pods: number
  changes: number
  /** Seconds of CPU: of all objects and pods the snapshot; of it all that one sidecar gets. */
  fullSnapshot: number
  fullTranslation: number
  /** The same after a change of one VirtualService, the mean over all changes. */
  stepSnapshot: number
  stepTranslation: number
}

const SERVICES = 1_000
const REPLICAS = 5
const NAMESPACES = 50

/** `changes`: VirtualServices that are edited one after the other; each new configuration is asked for at once. */
export function runTranslateBench(changes: number, measure: Measure): TranslateBenchRow {
  const resources = [...load(Array.from({ length: SERVICES }, (_, i) => documentsOf(i)).join('---\n'))]
  const workloads = Array.from({ length: SERVICES * REPLICAS }, (_, i) => podOf(i))
  const proxy = proxyNode(workloads[0]!, {})
  const surroundings = { meshConfig: defaultMeshConfig(), workloads, clusterIps: new Map(), featureFlags: {} }
  const build = (before: MeshSnapshot | null): MeshSnapshot =>
    buildMeshSnapshot({ ...surroundings, resources: [...resources] }, before)
  const timed = <T>(work: () => T): [T, number] => {
    const start = measure().cpu
    const result = work()
    return [result, measure().cpu - start]
  }
  // once before, as a process that has been running is what is asked for
  translateProxy(build(null), proxy)
  const [first, fullSnapshot] = timed(() => build(null))
  const [whole, fullTranslation] = timed(() => translateProxy(first, proxy))
  let [snapshot, configuration] = [first, whole]
  const row = { fullSnapshot, fullTranslation, stepSnapshot: 0, stepTranslation: 0 }
  for (let i = 0; i < changes; i++) {
    const at = (i * 37) % SERVICES
    const place = resources.findIndex(r => r.kind === 'VirtualService' && r.metadata.name === `s${at}`)
    const [edited] = load(ruleOf(at, i + 2))
    invariant(edited !== undefined, 'the edit of the benchmark is no object')
    resources[place] = { ...edited, metadata: { ...edited.metadata, order: resources[place]!.metadata.order } }
    const before = { snapshot, configuration }
    const [next, building] = timed(() => build(before.snapshot))
    const [translated, translating] = timed(() => retranslateProxy(before, next, proxy))
    ;[snapshot, configuration] = [next, translated]
    row.stepSnapshot += building / changes
    row.stepTranslation += translating / changes
  }
  return { engine: 'meshsim', workload: 'translate', services: SERVICES, pods: workloads.length, changes, ...row }
}

function load(content: string): readonly Resource[] {
  const loaded = loadResources([{ name: 'translate.yaml', content }])
  const wrong = loaded.diagnostics.find(diagnostic => diagnostic.level === 'error')
  invariant(wrong === undefined, 'the benchmark has a broken mesh', { diagnostic: wrong?.message })
  return loaded.resources
}

const namespaceOf = (service: number): string => `n${service % NAMESPACES}`

const documentsOf = (i: number): string => `apiVersion: v1
kind: Service
metadata: {name: s${i}, namespace: ${namespaceOf(i)}}
spec:
  clusterIP: 10.96.${i >> 8}.${i & 255}
  selector: {app: s${i}}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: tcp, port: 9000}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: s${i}, namespace: ${namespaceOf(i)}}
spec:
  host: s${i}
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 100}}
  subsets:
  - {name: v1, labels: {version: v1}}
---
${ruleOf(i, 1)}`

const ruleOf = (i: number, seconds: number): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: s${i}, namespace: ${namespaceOf(i)}}
spec:
  hosts: [s${i}]
  http:
  - match: [{uri: {prefix: /a}}, {headers: {x: {exact: "1"}}}]
    route: [{destination: {host: s${i}, subset: v1, port: {number: 80}}}]
    timeout: ${seconds}s
  - route: [{destination: {host: s${i}, port: {number: 80}}}]
`

function podOf(i: number): Workload {
  const service = i % SERVICES
  return {
    name: `s${service}-${Math.floor(i / SERVICES)}`,
    namespace: namespaceOf(service),
    ip: `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
    labels: { app: `s${service}`, version: 'v1' },
    serviceAccount: `s${service}`,
    containerPorts: [],
    locality: { region: '', zone: '', subzone: '' },
    ready: true,
    terminating: false,
    sidecar: true,
    gateway: false,
    node: '',
  }
}
