// Pods from documents: what the Kubernetes controllers and the scheduler would have made of Deployments and the like.
// Names and addresses follow from the order of the documents alone.
import { invariant } from '../engine/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import { type Fields, fields, list, number, selects, text, texts } from './fields.ts'
import { InjectionPolicy } from './injection.ts'
import { type InstalledGateway, installedGateways } from './installed-gateways.ts'
import { lifeOf, type NodeFacts, type NodePool, placementOf } from './kubernetes/index.ts'

export interface ExpandOptions {
  /** See WorldOptions. */
  injectByDefault: boolean
  /** The cluster's nodes; absent: pods have none. */
  nodes?: NodePool
}

/** The pods, and what a Workload has no place for. */
export interface Expanded {
  workloads: Workload[]
  /** `name.namespace` -> annotations of the pod. */
  annotations: Map<string, Record<string, string>>
  /** Objects that had to be added for the documents to live (the default ingress gateway's Service). */
  added: Resource[]
  /** Makes the pods that are born later: further names and addresses in the same row. */
  factory: PodFactory
}

/** One more pod of a controller. */
export interface PodFactory {
  create(owner: Resource, name: string): { workload: Workload; annotations: Record<string, string> }
}

const TEMPLATED = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'])
/** Istio reads locality from the labels of the pod's node; samples write it on the pod. */
const REGION = 'topology.kubernetes.io/region'
const ZONE = 'topology.kubernetes.io/zone'
const SUBZONE = 'topology.istio.io/subzone'

/** Pods of the documents, in document order, addresses 10.244.x.y from 10.244.0.10 on. */
export function expandWorkloads(resources: readonly Resource[], options: ExpandOptions): Expanded {
  const out = new Expansion(resources, options)
  for (const resource of resources) out.add(resource)
  for (const gateway of installedGateways(resources)) out.addGateway(gateway)
  const { workloads, annotations, added } = out
  return { workloads, annotations, added, factory: out }
}

class Expansion implements PodFactory {
  readonly workloads: Workload[] = []
  readonly annotations = new Map<string, Record<string, string>>()
  readonly added: Resource[] = []
  private readonly resources: readonly Resource[]
  private readonly policy: InjectionPolicy
  private readonly nodes: NodePool | null
  private next = 10

  constructor(resources: readonly Resource[], options: ExpandOptions) {
    this.resources = resources
    this.nodes = options.nodes ?? null
    this.policy = new InjectionPolicy(resources, options.injectByDefault)
  }

  add(resource: Resource): void {
    const spec = fields(resource.spec)
    const { name, namespace, labels, annotations } = resource.metadata
    if (resource.kind === 'Pod') {
      this.pod(
        name,
        namespace,
        labels,
        annotations,
        spec,
        text(fields(resource.status).podIP),
        this.named(name, namespace, spec),
      )
      return
    }
    if (!TEMPLATED.has(resource.kind)) return
    const daemon = resource.kind === 'DaemonSet'
    const { nodes } = this
    if (nodes === null || nodes.all.length === 0) {
      const replicas = daemon ? 1 : number(spec.replicas, 1)
      for (let i = 0; i < replicas; i++) this.templated(resource, `${name}-${i}`)
      return
    }
    const { placement } = lifeOf(resource)
    const where = daemon
      ? nodes.all.filter(node => nodes.admits(node, placement)).map(node => ({ ...placement, node: node.name }))
      : new Array<typeof placement>(number(spec.replicas, 1)).fill(placement)
    let made = 0
    // A pod without a node does not run; its controller waits for one.
    for (const wanted of where) {
      const node = nodes.bind(`${name}-${made}.${namespace}`, wanted)
      if (typeof node !== 'string') this.templated(resource, `${name}-${made++}`, node)
    }
  }

  /** See PodFactory. */
  create(owner: Resource, name: string): { workload: Workload; annotations: Record<string, string> } {
    this.templated(owner, name)
    const workload = this.workloads.pop()
    invariant(workload !== undefined, 'a template gives a pod', { name })
    return { workload, annotations: this.annotations.get(`${name}.${owner.metadata.namespace}`) ?? {} }
  }

  private templated(owner: Resource, name: string, node: NodeFacts | null = null): void {
    const template = fields(fields(owner.spec).template)
    const { labels, annotations } = fields(template.metadata)
    this.pod(name, owner.metadata.namespace, texts(labels), texts(annotations), fields(template.spec), '', node)
  }

  private pod(
    name: string,
    namespace: string,
    labels: Record<string, string>,
    annotations: Record<string, string>,
    spec: Fields,
    ip: string,
    node: NodeFacts | null,
  ): void {
    const containers = [...list(spec.containers), ...list(spec.initContainers)].map(fields)
    const own = containers.some(c => text(c.name) === 'istio-proxy')
    const gateway = own && isRouter(containers, annotations)
    const sidecar = !gateway && (own || this.policy.injects(namespace, labels, annotations, spec.hostNetwork === true))
    const containerPorts = containers
      .flatMap(c => list(c.ports).map(fields))
      .map(p => ({ name: text(p.name), port: number(p.containerPort, 0), protocol: text(p.protocol) || 'TCP' }))
    this.workloads.push({
      name,
      namespace,
      ip: ip || this.address(),
      labels,
      serviceAccount: text(spec.serviceAccountName) || text(spec.serviceAccount) || 'default',
      containerPorts,
      locality: localityOf(labels, node),
      ready: true,
      terminating: false,
      sidecar,
      gateway,
      node: node?.name ?? text(spec.nodeName),
    })
    this.annotations.set(`${name}.${namespace}`, annotations)
  }

  /** A bare Pod's node, and the room that it takes there. */
  private named(name: string, namespace: string, spec: Fields): NodeFacts | null {
    const { nodes } = this
    const wanted = text(spec.nodeName)
    if (nodes === null || nodes.all.length === 0) return null
    const id = `${name}.${namespace}`
    const placement = placementOf(id, spec, false)
    const node = wanted === '' ? nodes.bind(id, placement) : nodes.find(wanted)
    if (wanted !== '') nodes.book(id, wanted, placement)
    return typeof node === 'string' ? null : node
  }

  private address(): string {
    const n = this.next++
    return `10.244.${n >> 8}.${n & 255}`
  }

  /** A gateway of the installation, unless the documents bring pods that Gateways select in its place. */
  addGateway({ name, namespace, labels }: InstalledGateway): void {
    if (this.workloads.some(w => selects({ istio: labels.istio ?? '' }, w.labels))) return
    this.workloads.push({
      name,
      namespace,
      ip: this.address(),
      labels,
      serviceAccount: `${name}-service-account`,
      containerPorts: [],
      locality: { region: '', zone: '', subzone: '' },
      ready: true,
      terminating: false,
      sidecar: false,
      gateway: true,
      node: '',
    })
    const exists = this.resources.some(
      r => r.kind === 'Service' && r.metadata.namespace === namespace && r.metadata.name === name,
    )
    if (!exists) this.added.push(gatewayService(name, namespace, labels, this.resources.length))
  }
}

/** Labels of the pod, which samples write, else those of its node. */
export function localityOf(labels: Readonly<Record<string, string>>, node: NodeFacts | null): Workload['locality'] {
  const of = node?.locality
  return {
    region: labels[REGION] ?? of?.region ?? '',
    zone: labels[ZONE] ?? of?.zone ?? '',
    subzone: labels[SUBZONE] ?? of?.subzone ?? '',
  }
}

function isRouter(containers: readonly Fields[], annotations: Readonly<Record<string, string>>): boolean {
  if ((annotations['inject.istio.io/templates'] ?? '').split(',').includes('gateway')) return true
  return containers.some(c => list(c.args).includes('router'))
}

/** Ports of manifests/charts/gateways; an egress gateway is for the cluster alone. */
function gatewayService(name: string, namespace: string, selector: Record<string, string>, order: number): Resource {
  const egress = selector.istio === 'egressgateway'
  const port = (name: string, number_: number, targetPort: number) => ({
    name,
    port: number_,
    targetPort,
    protocol: 'TCP',
  })
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: selector,
      annotations: {},
      creationTimestamp: null,
      order,
    },
    spec: {
      type: egress ? 'ClusterIP' : 'LoadBalancer',
      selector,
      ports: [
        port('http2', 80, 8080),
        port('https', 443, 8443),
        ...(egress ? [] : [port('tcp', 31400, 31400), port('tls', 15443, 15443)]),
      ],
    },
    status: null,
    locate: () => null,
  }
}
