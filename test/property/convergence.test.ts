// For any sequence of edits and faults: once they stop, every proxy holds exactly what a fresh translation gives.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { translateProxy } from '../../simulator/istiod/index.ts'
import { MemoryRecorder } from '../../simulator/observation/index.ts'
import { loadResources } from '../../simulator/resources/index.ts'
import { World } from '../../simulator/world/index.ts'
import { resourceName, type XdsResource } from '../../simulator/xds/protocol.ts'

const SERVICES = ['a', 'b', 'c']
const NAMESPACES = ['default', 'other']

const service = (name: string, namespace: string, more = '') => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ name: http, port: 8080 }]${more} }
`
const pod = (name: string, namespace: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}-0, namespace: ${namespace}, labels: { app: ${name}, version: v1 } }
spec: { containers: [{ name: app, ports: [{ containerPort: 8080 }] }] }
`
const istio = (group: string, kind: string, name: string, namespace: string, spec: string) => `
apiVersion: ${group}.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`
const GATEWAY = `
apiVersion: v1
kind: Pod
metadata: { name: gateway, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, args: [proxy, router] }] }
`

const MESH = [...NAMESPACES.flatMap(ns => SERVICES.flatMap(name => [service(name, ns), pod(name, ns)])), GATEWAY].join(
  '---',
)

/** The documents that an edit may write or delete: one object of each in each form. */
const objectsFor = (name: string, namespace: string, form: number): string[] => [
  service(name, namespace, form === 0 ? '' : form === 1 ? ', clusterIP: None' : ', publishNotReadyAddresses: true'),
  istio(
    'networking',
    'DestinationRule',
    name,
    namespace,
    form === 0
      ? `{ host: ${name}, subsets: [{ name: v1, labels: { version: v1 } }] }`
      : `{ host: ${name}, trafficPolicy: { ${form === 1 ? 'outlierDetection: { interval: 5s }' : 'tls: { mode: DISABLE }'} } }`,
  ),
  istio(
    'networking',
    'VirtualService',
    name,
    namespace,
    `{ hosts: [${name}], gateways: ${form === 2 ? '[mesh, web]' : '[mesh]'}, http: [{ timeout: ${form + 1}s, route: [{ destination: { host: ${name}, subset: ${form === 0 ? 'v1' : 'v2'} } }] }] }`,
  ),
  istio(
    'networking',
    'Gateway',
    'web',
    namespace,
    `{ selector: { istio: ingressgateway }, servers: [{ port: { number: ${80 + form}, name: http, protocol: HTTP }, hosts: ["*"] }] }`,
  ),
  istio(
    'networking',
    'Sidecar',
    'narrow',
    namespace,
    `{ egress: [{ hosts: ["${form === 0 ? './*' : form === 1 ? '*/*' : `./${name}.${namespace}.svc.cluster.local`}"] }] }`,
  ),
  istio(
    'networking',
    'ServiceEntry',
    `ext-${name}`,
    namespace,
    `{ hosts: [${name}.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: ${['DNS', 'STATIC', 'NONE'][form]}${form === 1 ? ', endpoints: [{ address: 9.9.9.9 }]' : ''} }`,
  ),
  istio(
    'security',
    'PeerAuthentication',
    'default',
    form === 2 ? 'istio-system' : namespace,
    `{ mtls: { mode: ${form === 0 ? 'STRICT' : 'DISABLE'} } }`,
  ),
  istio(
    'security',
    'AuthorizationPolicy',
    name,
    namespace,
    `{ action: ${form === 0 ? 'DENY' : 'ALLOW'}, rules: [{ to: [{ operation: { paths: ["/${form}"] } }] }] }`,
  ),
  istio('telemetry', 'Telemetry', name, namespace, `{ accessLogging: [{ providers: [{ name: envoy }] }] }`),
  istio(
    'networking',
    'EnvoyFilter',
    name,
    namespace,
    `{ configPatches: [{ applyTo: CLUSTER, match: { context: SIDECAR_OUTBOUND }, patch: { operation: MERGE, value: { connect_timeout: ${form + 1}s } } }] }`,
  ).replace('istio.io/v1', 'istio.io/v1alpha3'),
]
const KINDS = objectsFor('a', 'default', 0).length

type Act =
  | { act: 'write' | 'delete'; kind: number; name: string; namespace: string; form: number }
  | { act: 'ready' | 'kill' | 'partition'; name: string; namespace: string; on: boolean }
  | { act: 'birth'; name: string; namespace: string }
  | { act: 'outage'; on: boolean }
  | { act: 'slow'; factor: number }
  | { act: 'scale'; replicas: number }

const name = fc.constantFrom(...SERVICES)
const namespace = fc.constantFrom(...NAMESPACES)
const object = { kind: fc.nat(KINDS - 1), name, namespace, form: fc.nat(2) }
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constant('write' as const), ...object }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('delete' as const), ...object }) },
  fc.record({ act: fc.constantFrom('ready' as const, 'partition' as const), name, namespace, on: fc.boolean() }),
  fc.record({ act: fc.constant('kill' as const), name, namespace, on: fc.constant(true) }),
  fc.record({ act: fc.constant('birth' as const), name, namespace }),
  fc.record({ act: fc.constant('outage' as const), on: fc.boolean() }),
  fc.record({ act: fc.constant('slow' as const), factor: fc.constantFrom(1, 100, 5_000) }),
  fc.record({ act: fc.constant('scale' as const), replicas: fc.integer({ min: 1, max: 3 }) }),
)
const plan = fc.array(fc.tuple(act, fc.nat(400)), { minLength: 1, maxLength: 25 })

const read = (content: string) => loadResources([{ name: 'mesh.yaml', content }]).resources

class Mesh {
  readonly world = new World({ seed: '1', resources: read(MESH), recorder: new MemoryRecorder({ kinds: [] }) })
  private born = 0

  run(a: Act): void {
    const { world } = this
    const { controlPlane } = world
    switch (a.act) {
      case 'write':
        world.apply({ upsert: read(objectsFor(a.name, a.namespace, a.form)[a.kind]!) })
        return
      case 'delete': {
        const [{ kind, metadata } = { kind: '', metadata: { name: '', namespace: '' } }] = read(
          objectsFor(a.name, a.namespace, a.form)[a.kind]!,
        )
        world.apply({ remove: [{ kind, name: metadata.name, namespace: metadata.namespace }] })
        return
      }
      case 'ready':
        world.setWorkload({ id: `${a.name}-0.${a.namespace}`, ready: a.on })
        return
      case 'kill':
        world.setWorkload({ id: `${a.name}-0.${a.namespace}`, killed: true })
        return
      case 'birth': {
        const like = world.pods.get(`${a.name}-0.${a.namespace}`)?.workload
        if (like === undefined) return
        const number = ++this.born
        world.addWorkload({ ...like, name: `${a.name}-${number}`, ip: `10.244.9.${number}` })
        return
      }
      case 'partition':
        controlPlane.partition(new Set([`${a.name}-0.${a.namespace}`]), a.on)
        return
      case 'outage':
        controlPlane.outage(a.on)
        return
      case 'slow':
        controlPlane.slow(a.factor)
        return
      case 'scale':
        controlPlane.scale(a.replicas)
    }
  }

  /** The faults end, and there is time enough for the longest back-off and for what drains. */
  settle(): void {
    const { controlPlane, engine, pods } = this.world
    controlPlane.slow(1)
    controlPlane.outage(false)
    controlPlane.partition(new Set(pods.keys()), false)
    engine.runUntil(engine.now + 180_000_000)
  }

  /** Resources of proxies that are not what a fresh translation gives. */
  outOfStep(): string[] {
    const { world } = this
    const wrong: string[] = []
    for (const { id, node } of world.pods.values()) {
      if (node === null) continue
      const should = translateProxy(world.snapshot, node)
      const holds = world.configuration(id)!
      for (const part of ['clusters', 'endpoints', 'listeners', 'routes'] as const)
        for (const line of differences(holds[part], should[part])) wrong.push(`${id} ${part}: ${line}`)
    }
    return wrong
  }
}

function differences(holds: readonly object[], should: readonly object[]): string[] {
  const byName = (all: readonly object[]) => new Map(all.map(r => [resourceName(r as XdsResource), JSON.stringify(r)]))
  const [a, b] = [byName(holds), byName(should)]
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter(key => a.get(key) !== b.get(key))
    .map(key => `${key} holds ${excerpt(a.get(key), b.get(key))} should hold ${excerpt(b.get(key), a.get(key))}`)
}

/** The text from where it differs. */
function excerpt(text: string | undefined, other: string | undefined): string {
  if (text === undefined) return 'nothing'
  let i = 0
  while (i < text.length && text[i] === other?.[i]) i++
  return text.slice(Math.max(0, i - 40), i + 120)
}

describe('the mesh converges', () => {
  test('to a fresh translation, after any edits and faults', () => {
    fc.assert(
      fc.property(plan, steps => {
        const mesh = new Mesh()
        for (const [step, pause] of steps) {
          mesh.run(step)
          mesh.world.engine.runUntil(mesh.world.engine.now + pause * 1_000)
        }
        mesh.settle()
        expect(mesh.outOfStep()).toEqual([])
        expect(mesh.world.controlPlane.status().filter(s => s.istiod === '')).toEqual([])
      }),
      { numRuns: 40, seed: 7 },
    )
  })
})
