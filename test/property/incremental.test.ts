// Incremental translation equals full translation, whatever is edited; and it does less where less is asked of it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retranslateProxy, type Translation } from '../../simulator/istiod/incremental.ts'
import { translateProxy } from '../../simulator/istiod/index.ts'
import { buildMeshSnapshot, type MeshSnapshot } from '../../simulator/registry/index.ts'
import type { ProxyNode, RegistryInput, Workload } from '../../simulator/registry/types.ts'
import { defaultMeshConfig, loadResources } from '../../simulator/resources/index.ts'
import type { Resource } from '../../simulator/resources/types.ts'
import { proxyNode } from '../../simulator/world/index.ts'

const NAMES = ['a', 'b', 'c']
const NAMESPACES = ['default', 'other', 'istio-system']

const workload = (name: string, namespace: string, ip: string, gateway = false): Workload => ({
  name,
  namespace,
  ip,
  labels: gateway ? { istio: 'ingressgateway' } : { app: name, version: 'v1' },
  serviceAccount: 'default',
  containerPorts: [],
  locality: { region: '', zone: '', subzone: '' },
  ready: true,
  terminating: false,
  sidecar: !gateway,
  gateway,
  node: '',
})

const WORKLOADS = [
  ...NAMES.map((name, i) => workload(name, 'default', `10.0.0.${i + 1}`)),
  workload('a', 'other', '10.0.1.1'),
  workload('gateway', 'istio-system', '10.0.2.1', true),
]
const PROXIES = WORKLOADS.map(one => proxyNode(one, {}))

/** Kind -> its spec in one of three forms. */
const KINDS: { [kind: string]: (name: string, form: number) => string } = {
  Service: (name, form) => `{selector: {app: ${name}}, ports: [{name: ${form === 0 ? 'http' : 'tcp'}, port: 80}]}`,
  ServiceEntry: (name, form) =>
    `{hosts: [${name}.example.com], resolution: ${form === 0 ? 'DNS' : 'NONE'}, ports: [{number: ${80 + form}, name: http, protocol: HTTP}]}`,
  VirtualService: (name, form) =>
    [
      `{hosts: [${name === 'c' ? '"*.default.svc.cluster.local"' : name}], http: [{timeout: 1s, route: [{destination: {host: ${name}}}]}]}`,
      `{hosts: [${name}], gateways: [mesh, web], exportTo: ["."], tcp: [{route: [{destination: {host: b, subset: v1}}]}]}`,
      `{hosts: [b.default.svc.cluster.local], http: [{delegate: {name: ${name}-d}}, {route: [{destination: {host: c.other.svc.cluster.local}}]}]}`,
    ][form]!,
  Delegate: (name, form) => `{http: [{timeout: ${form + 1}s, route: [{destination: {host: ${name}}}]}]}`,
  DestinationRule: (name, form) =>
    `{host: ${name}, subsets: [{name: v1, labels: {version: v${form}}}], trafficPolicy: {connectionPool: {tcp: {maxConnections: ${form + 1}}}}}`,
  Gateway: (_name, form) =>
    `{selector: {istio: ingressgateway}, servers: [{port: {number: ${80 + form}, name: http, protocol: HTTP}, hosts: ["*"]}]}`,
  Sidecar: (name, form) => `{egress: [{hosts: ["${['./*', '*/*', `./${name}.default.svc.cluster.local`][form]}"]}]}`,
  PeerAuthentication: (_name, form) => `{mtls: {mode: ${['STRICT', 'DISABLE', 'PERMISSIVE'][form]}}}`,
  AuthorizationPolicy: (_name, form) => `{action: DENY, rules: [{to: [{operation: {paths: ["/${form}"]}}]}]}`,
  RequestAuthentication: (_name, form) => `{jwtRules: [{issuer: "issuer-${form}", jwks: '{"keys":[]}'}]}`,
  Telemetry: (_name, form) => `{accessLogging: [{disabled: ${form === 0}, providers: [{name: envoy}]}]}`,
  K8sGateway: (_name, form) =>
    `{gatewayClassName: istio, listeners: [{name: web, port: ${80 + form}, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}`,
  HTTPRoute: (name, form) =>
    `{parentRefs: [${form === 0 ? `{kind: Service, group: "", name: ${name}}` : '{name: a, namespace: istio-system}'}], rules: [{backendRefs: [{name: b, port: 80}], timeouts: {request: ${form + 1}s}}]}`,
  EnvoyFilter: (_name, form) =>
    `{configPatches: [{applyTo: ${form === 0 ? 'CLUSTER' : 'VIRTUAL_HOST'}, match: {context: ANY}, patch: {operation: MERGE, value: ${form === 0 ? '{connect_timeout: 3s}' : '{include_request_attempt_count: false}'}}}]}`,
}
const API: { [kind: string]: string } = {
  Service: 'v1',
  K8sGateway: 'gateway.networking.k8s.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  RequestAuthentication: 'security.istio.io/v1',
  Telemetry: 'telemetry.istio.io/v1',
  EnvoyFilter: 'networking.istio.io/v1alpha3',
}

interface Edit {
  kind: string
  name: string
  namespace: string
  form: number
  remove: boolean
}

const idOf = (edit: Edit): string => `${edit.kind} ${edit.namespace}/${edit.name}`

function objectOf({ kind, name, namespace, form }: Edit, order: number): Resource {
  const [real, called] = kind === 'Delegate' ? ['VirtualService', `${name}-d`] : [kind.replace('K8s', ''), name]
  const yaml = `apiVersion: ${API[kind] ?? 'networking.istio.io/v1'}\nkind: ${real}\nmetadata: {name: ${called}, namespace: ${namespace}}\nspec: ${KINDS[kind]!(name, form)}\n`
  const [resource] = loadResources([{ name: 'edit.yaml', content: yaml }]).resources
  if (resource === undefined) throw new Error(`the test's own object cannot be read: ${yaml}`)
  return { ...resource, metadata: { ...resource.metadata, order } }
}

const meshConfig = defaultMeshConfig()

/** A delegate acts through its root, and the root's destination lies outside of what the Sidecar imports. */
const START: Edit[] = [
  { kind: 'Sidecar', name: 'c', namespace: 'default', form: 0, remove: false },
  { kind: 'VirtualService', name: 'a', namespace: 'default', form: 2, remove: false },
  { kind: 'Delegate', name: 'a', namespace: 'default', form: 0, remove: false },
  ...NAMES.map(name => ({ kind: 'Service', name, namespace: 'default', form: 0, remove: false })),
  { kind: 'Service', name: 'c', namespace: 'other', form: 0, remove: false },
  { kind: 'Gateway', name: 'web', namespace: 'default', form: 0, remove: false },
  { kind: 'VirtualService', name: 'b', namespace: 'default', form: 0, remove: false },
]

class Mesh {
  private readonly objects = new Map<string, Resource>()
  private readonly workloads = new Map(WORKLOADS.map(one => [`${one.name}.${one.namespace}`, one]))
  private order = 0
  private last: MeshSnapshot | null = null

  constructor() {
    for (const edit of START) this.apply(edit)
  }

  apply(edit: Edit): MeshSnapshot {
    const id = `${edit.name}.${edit.namespace}`
    const pod = this.workloads.get(id)
    if (edit.kind !== 'Pod') this.write(edit)
    else if (pod !== undefined)
      this.workloads.set(id, { ...pod, ready: edit.remove, labels: { ...pod.labels, version: `v${edit.form}` } })
    return this.snapshot()
  }

  private write(edit: Edit): void {
    if (edit.remove) this.objects.delete(idOf(edit))
    else this.objects.set(idOf(edit), objectOf(edit, this.order++))
  }

  private input(): RegistryInput {
    return {
      resources: [...this.objects.values()],
      meshConfig,
      workloads: [...this.workloads.values()],
      clusterIps: new Map(NAMES.map((name, i) => [`${name}.default`, `10.96.0.${i + 1}`])),
      featureFlags: {},
    }
  }

  /** Built on the one before. */
  snapshot(): MeshSnapshot {
    this.last = buildMeshSnapshot(this.input(), this.last)
    return this.last
  }

  /** Built from nothing. */
  fresh(): MeshSnapshot {
    return buildMeshSnapshot(this.input())
  }
}

const start = (snapshot: MeshSnapshot, proxy: ProxyNode): Translation => ({
  snapshot,
  configuration: translateProxy(snapshot, proxy),
})

const edits = fc.array(
  fc.record({
    kind: fc.oneof(fc.constantFrom(...Object.keys(KINDS), 'Pod'), fc.constantFrom('VirtualService', 'Delegate')),
    name: fc.constantFrom(...NAMES),
    namespace: fc.oneof(fc.constant('default'), fc.constantFrom(...NAMESPACES)),
    form: fc.integer({ min: 0, max: 2 }),
    remove: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
)

describe('incremental translation', () => {
  test('equals the full one after any edits, step by step and over several steps at once', { timeout: 240_000 }, () => {
    fc.assert(
      fc.property(edits, fc.integer({ min: 1, max: 3 }), (list, stride) => {
        const mesh = new Mesh()
        const known = PROXIES.map(proxy => start(mesh.snapshot(), proxy))
        for (const [i, edit] of list.entries()) {
          const snapshot = mesh.apply(edit)
          if (i % stride !== 0) continue
          const fresh = mesh.fresh()
          for (const [p, proxy] of PROXIES.entries()) {
            const configuration = retranslateProxy(known[p]!, snapshot, proxy)
            expect(JSON.stringify(configuration)).toBe(JSON.stringify(translateProxy(fresh, proxy)))
            known[p] = { snapshot, configuration }
          }
        }
      }),
      { numRuns: 60, seed: 5 },
    )
  })

  const edit = (kind: string, name: string, namespace: string, form = 0): Edit => ({
    kind,
    name,
    namespace,
    form,
    remove: false,
  })
  function step(change: Edit, proxy: ProxyNode, ...setting: Edit[]) {
    const mesh = new Mesh()
    for (const one of setting) mesh.apply(one)
    const before = start(mesh.snapshot(), proxy)
    return { before: before.configuration, after: retranslateProxy(before, mesh.apply(change), proxy) }
  }

  test('a changed VirtualService makes no clusters or endpoints again', () => {
    const { before, after } = step(edit('Delegate', 'a', 'default', 1), PROXIES[0]!)
    expect(after.clusters).toBe(before.clusters)
    expect(after.endpoints).toBe(before.endpoints)
    expect(JSON.stringify(after.routes)).not.toBe(JSON.stringify(before.routes))
  })
  test('a proxy whose Sidecar hides the host is not translated again', () => {
    const hide = { ...edit('Sidecar', 'c', 'default', 2) }
    const { before, after } = step(edit('VirtualService', 'a', 'default'), PROXIES[1]!, hide)
    expect(after).toBe(before)
  })
  test('a policy makes listeners again where it holds, and nothing elsewhere', () => {
    const own = step(edit('AuthorizationPolicy', 'a', 'default'), PROXIES[0]!)
    expect(own.after.routes).toBe(own.before.routes)
    expect(JSON.stringify(own.after.listeners)).not.toBe(JSON.stringify(own.before.listeners))
    const far = step(edit('AuthorizationPolicy', 'a', 'default'), PROXIES[3]!)
    expect(far.after).toBe(far.before)
  })
})
