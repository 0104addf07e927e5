// What an analyzer sees: the resources by kind, and where to report.
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { groupOf } from '../resources/catalog.ts'
import type { K8sService } from '../resources/kubernetes/kinds.ts'
import { LabelIndex, SelectorIndex } from '../resources/label-index.ts'
import type { Loose } from '../resources/loose.ts'
import type { MeshConfig } from '../resources/mesh-config.ts'
import { resourceName } from '../resources/resource-name.ts'
import type { Resource } from '../resources/types.ts'
import { type Argument, formatMessage, messageTypes } from './message-types.ts'

/** What one analyzer found. `name` is the message's name, e.g. ReferencedResourceNotFound. */
export interface Finding extends Diagnostic {
  name: string
  analyzer: string
  /** 1-based first line that istioctl names: the field's where it knows it, else the document's. */
  line: number
}

/** `group/Kind`; '' is the core group. */
export const KIND = {
  authorizationPolicy: 'security.istio.io/AuthorizationPolicy',
  configMap: '/ConfigMap',
  customResourceDefinition: 'apiextensions.k8s.io/CustomResourceDefinition',
  deployment: 'apps/Deployment',
  destinationRule: 'networking.istio.io/DestinationRule',
  envoyFilter: 'networking.istio.io/EnvoyFilter',
  gateway: 'networking.istio.io/Gateway',
  grpcRoute: 'gateway.networking.k8s.io/GRPCRoute',
  httpRoute: 'gateway.networking.k8s.io/HTTPRoute',
  kubernetesGateway: 'gateway.networking.k8s.io/Gateway',
  mutatingWebhook: 'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  namespace: '/Namespace',
  node: '/Node',
  pod: '/Pod',
  proxyConfig: 'networking.istio.io/ProxyConfig',
  requestAuthentication: 'security.istio.io/RequestAuthentication',
  secret: '/Secret',
  service: '/Service',
  serviceEntry: 'networking.istio.io/ServiceEntry',
  sidecar: 'networking.istio.io/Sidecar',
  telemetry: 'telemetry.istio.io/Telemetry',
  validatingWebhook: 'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  virtualService: 'networking.istio.io/VirtualService',
  wasmPlugin: 'extensions.istio.io/WasmPlugin',
  workloadEntry: 'networking.istio.io/WorkloadEntry',
} as const

/** One resource of one cluster. */
export class Instance {
  readonly resource: Resource
  readonly key: string
  readonly cluster: string

  constructor(resource: Resource, cluster: string) {
    this.resource = resource
    this.cluster = cluster
    this.key = `${groupOf(resource.apiVersion)}/${resource.kind}`
  }

  get name(): string {
    return this.resource.metadata.name
  }

  get namespace(): string {
    return this.resource.metadata.namespace
  }

  /** `namespace/name`, or the name alone. */
  get fullName(): string {
    return this.namespace === '' ? this.name : `${this.namespace}/${this.name}`
  }

  get labels(): Readonly<Record<string, string>> {
    return this.resource.metadata.labels
  }

  get annotations(): Readonly<Record<string, string>> {
    return this.resource.metadata.annotations
  }

  /** The spec; protobuf lets every field be absent. */
  spec<Spec>(): Loose<Spec> {
    return this.resource.spec as Loose<Spec>
  }
}

export class AnalysisContext {
  readonly meshConfig: MeshConfig
  readonly meshNetworks: Resource | null
  /** Seconds since the epoch, for certificates. */
  readonly now: number
  readonly findings: Finding[] = []
  readonly #byKind = new Map<string, Instance[]>()
  readonly #byName = new Map<string, Instance>()
  #pods: LabelIndex<Instance> | null = null
  #services: SelectorIndex<Instance> | null = null
  #analyzer = ''

  constructor(
    instances: readonly Instance[],
    options: { meshConfig: MeshConfig; meshNetworks: Resource | null; now: number },
  ) {
    this.meshConfig = options.meshConfig
    this.meshNetworks = options.meshNetworks
    this.now = options.now
    for (const instance of instances) {
      const list = this.#byKind.get(instance.key)
      if (list === undefined) this.#byKind.set(instance.key, [instance])
      else list.push(instance)
      const name = `${instance.key}/${instance.fullName}`
      // of several clusters the first counts
      if (!this.#byName.has(name)) this.#byName.set(name, instance)
    }
  }

  /** The findings from here on are this analyzer's. */
  enter(analyzer: string): void {
    this.#analyzer = analyzer
  }

  all(key: string): readonly Instance[] {
    return this.#byKind.get(key) ?? []
  }

  find(key: string, namespace: string, name: string): Instance | undefined {
    return this.#byName.get(`${key}/${namespace === '' ? name : `${namespace}/${name}`}`)
  }

  /** Pods that a set of labels selects; `namespace` null: anywhere. An empty set selects all. */
  pods(namespace: string | null, labels: Readonly<Record<string, string | undefined>> | null | undefined) {
    this.#pods ??= new LabelIndex(this.all(KIND.pod))
    return this.#pods.select(namespace, labels)
  }

  /** Services of the namespace whose selector has labels and selects these. */
  servicesOf(namespace: string, labels: Readonly<Record<string, string | undefined>>): readonly Instance[] {
    this.#services ??= new SelectorIndex(this.all(KIND.service), service => ({
      namespace: service.namespace,
      selector: service.spec<K8sService>().selector,
    }))
    return this.#services.choosing(namespace, labels)
  }

  /** Reports at the scalar field at `path` where the document has it, else at the document's first line. */
  report(at: Instance | Resource, code: string, path: Path | null, ...values: Argument[]): void {
    this.reportText(at, code, path, formatMessage(messageTypes.get(code)?.template ?? '', values))
  }

  /** The same with the text made already. */
  reportText(at: Instance | Resource, code: string, path: Path | null, message: string): void {
    const resource = at instanceof Instance ? at.resource : at
    const type = messageTypes.get(code)
    if (type === undefined) throw new Error(`no message type ${code}`)
    const origin = resource.origin
    const line = (path === null ? null : origin?.lineOf(path)) ?? origin?.line ?? 0
    const position = resource.locate(path ?? [])
    this.findings.push({
      code,
      name: type.name,
      level: type.level,
      message,
      resource: resourceName(resource),
      path: path ?? [],
      at: position,
      analyzer: this.#analyzer,
      line,
    })
  }
}

export interface Analyzer {
  name: string
  description: string
  /** It reads kinds that `analyze` of files alone leaves out (Service, Pod, Namespace ...), so it cannot judge. */
  needsCluster: boolean
  analyze(context: AnalysisContext): void
}
