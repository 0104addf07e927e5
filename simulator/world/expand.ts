// Pods from documents: what the Kubernetes controllers and the scheduler would have made of Deployments and the like.
// Names and addresses follow from the order of the documents alone.
import { invariant } from '../engine/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import { type Fields, fields, list, number, selects, text, texts } from './fields.ts'
import { InjectionPolicy } from './injection.ts'

export interface ExpandOptions {
  /** See WorldOptions. */
  injectByDefault: boolean
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
  out.addIngressGateway()
  const { workloads, annotations, added } = out
  return { workloads, annotations, added, factory: out }
}

class Expansion implements PodFactory {
  readonly workloads: Workload[] = []
  readonly annotations = new Map<string, Record<string, string>>()
  readonly added: Resource[] = []
  private readonly resources: readonly Resource[]
  private readonly policy: InjectionPolicy
  private next = 10

  constructor(resources: readonly Resource[], options: ExpandOptions) {
    this.resources = resources
    this.policy = new InjectionPolicy(resources, options.injectByDefault)
  }

  add(resource: Resource): void {
    const spec = fields(resource.spec)
    const { name, namespace, labels, annotations } = resource.metadata
    if (resource.kind === 'Pod') {
      this.pod(name, namespace, labels, annotations, spec, text(fields(resource.status).podIP))
      return
    }
    if (!TEMPLATED.has(resource.kind)) return
    const replicas = resource.kind === 'DaemonSet' ? 1 : number(spec.replicas, 1)
    for (let i = 0; i < replicas; i++) this.templated(resource, `${name}-${i}`)
  }

  /** See PodFactory. */
  create(owner: Resource, name: string): { workload: Workload; annotations: Record<string, string> } {
    this.templated(owner, name)
    const workload = this.workloads.pop()
    invariant(workload !== undefined, 'a template gives a pod', { name })
    return { workload, annotations: this.annotations.get(`${name}.${owner.metadata.namespace}`) ?? {} }
  }

  private templated(owner: Resource, name: string): void {
    const template = fields(fields(owner.spec).template)
    const { labels, annotations } = fields(template.metadata)
    this.pod(name, owner.metadata.namespace, texts(labels), texts(annotations), fields(template.spec), '')
  }

  private pod(
    name: string,
    namespace: string,
    labels: Record<string, string>,
    annotations: Record<string, string>,
    spec: Fields,
    ip: string,
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
      locality: { region: labels[REGION] ?? '', zone: labels[ZONE] ?? '', subzone: labels[SUBZONE] ?? '' },
      ready: true,
      terminating: false,
      sidecar,
      gateway,
      node: text(spec.nodeName),
    })
    this.annotations.set(`${name}.${namespace}`, annotations)
  }

  private address(): string {
    const n = this.next++
    return `10.244.${n >> 8}.${n & 255}`
  }

  /** Most samples lean on the gateway that an installation brings along: without one of their own they get it. */
  addIngressGateway(): void {
    const wanted = { istio: 'ingressgateway' }
    const asked = this.resources.some(r => {
      if (r.kind !== 'Gateway' || !r.apiVersion.startsWith('networking.istio.io/')) return false
      return texts(fields(r.spec).selector).istio === 'ingressgateway'
    })
    if (!asked || this.workloads.some(w => selects(wanted, w.labels))) return
    const labels = { app: 'istio-ingressgateway', istio: 'ingressgateway' }
    this.workloads.push({
      name: 'istio-ingressgateway',
      namespace: 'istio-system',
      ip: this.address(),
      labels,
      serviceAccount: 'istio-ingressgateway-service-account',
      containerPorts: [],
      locality: { region: '', zone: '', subzone: '' },
      ready: true,
      terminating: false,
      sidecar: false,
      gateway: true,
      node: '',
    })
    const exists = this.resources.some(
      r =>
        r.kind === 'Service' && r.metadata.namespace === 'istio-system' && r.metadata.name === 'istio-ingressgateway',
    )
    if (!exists) this.added.push(ingressService(labels, this.resources.length))
  }
}

function isRouter(containers: readonly Fields[], annotations: Readonly<Record<string, string>>): boolean {
  if ((annotations['inject.istio.io/templates'] ?? '').split(',').includes('gateway')) return true
  return containers.some(c => list(c.args).includes('router'))
}

function ingressService(selector: Record<string, string>, order: number): Resource {
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
      name: 'istio-ingressgateway',
      namespace: 'istio-system',
      labels: selector,
      annotations: {},
      creationTimestamp: null,
      order,
    },
    spec: {
      type: 'LoadBalancer',
      selector,
      ports: [port('http2', 80, 8080), port('https', 443, 8443), port('tcp', 31400, 31400), port('tls', 15443, 15443)],
    },
    status: null,
    locate: () => null,
  }
}
