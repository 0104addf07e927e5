// Endpoints of services: pods by selector, EndpointSlices and Endpoints, endpoints of ServiceEntries, WorkloadEntries
// (pilot/pkg/serviceregistry/kube/controller/endpoint_builder.go, serviceentry/conversion.go).
import type { EndpointSlice, Endpoints } from '../resources/kubernetes/kinds.ts'
import type { ServiceEntry } from '../resources/networking/service-entry.ts'
import type { WorkloadEntry } from '../resources/networking/workload-entry.ts'
import type { Resource } from '../resources/types.ts'
import { compareText, isIpAddress, subsetOf } from './names.ts'
import type { IstioEndpoint, Locality, RegistryInput, Service, ServicePort, Workload } from './types.ts'

const NOWHERE: Locality = { region: '', zone: '', subzone: '' }

/** `region/zone/subzone` (or with dots, as the label istio-locality has it) -> its parts. */
export function parseLocality(text: string | undefined): Locality {
  const [region = '', zone = '', subzone = ''] = (text ?? '').split('/')
  return { region, zone, subzone }
}

/** istiod's own name of the only cluster there is. */
const CLUSTER_ID = 'Kubernetes'

/** Labels of a workload and those that istiod adds for its place (serviceregistry/util/label/label.go). */
export function augmentedLabels(
  labels: Readonly<Record<string, string>>,
  locality: Locality,
  node: string,
  clusterId: string = CLUSTER_ID,
): Record<string, string> {
  const out: Record<string, string> = { ...labels }
  if (locality.region) out['topology.kubernetes.io/region'] = locality.region
  if (locality.zone) out['topology.kubernetes.io/zone'] = locality.zone
  if (locality.subzone) out['topology.istio.io/subzone'] = locality.subzone
  if (clusterId) out['topology.istio.io/cluster'] = clusterId
  if (node) out['kubernetes.io/hostname'] = node
  return out
}

/** Name of the Deployment behind a pod: known by the hash that its ReplicaSet put into name and labels. */
export function workloadNameOf(workload: Workload): string {
  const hash = workload.labels['pod-template-hash']
  const at = hash ? workload.name.indexOf(`-${hash}-`) : -1
  return at > 0 ? workload.name.slice(0, at) : workload.name
}

/** Number behind a port of a service on this pod; null when the pod has no container port of that name. */
export function targetPortOf(port: ServicePort, workload: Workload | null): number | null {
  if (port.targetPort === null) return port.port
  if (typeof port.targetPort === 'number') return port.targetPort === 0 ? port.port : port.targetPort
  const named = workload?.containerPorts.find(p => p.name === port.targetPort)
  if (named) return named.port
  return /^\d+$/.test(port.targetPort) ? Number(port.targetPort) : null
}

interface StoredEndpoint extends IstioEndpoint {
  /** Number of the ServiceEntry's port; 0 = the name decides. */
  servicePort: number
}

export class EndpointIndex {
  private readonly input: RegistryInput
  private readonly byService = new Map<string, StoredEndpoint[]>()
  private readonly accounts = new Map<string, Set<string>>()
  private readonly workloadsByIp = new Map<string, Workload>()
  private readonly workloadsByNamespace = new Map<string, Workload[]>()
  /** Slices may point at pods of any namespace. */
  private readonly sliced: boolean
  private readonly entries: { resource: Resource; spec: WorkloadEntry; labels: Record<string, string> }[] = []

  /** `before`: an index of the same objects and services whose pods were others; what did not change is taken over. */
  constructor(input: RegistryInput, services: readonly Service[], before: EndpointIndex | null = null) {
    this.input = input
    const touched = before === null ? null : before.namespacesThatDiffer(input.workloads)
    if (before !== null && touched !== null) {
      for (const [key, endpoints] of before.byService) this.byService.set(key, endpoints)
      for (const [key, accounts] of before.accounts) this.accounts.set(key, accounts)
    }
    for (const workload of input.workloads) {
      this.workloadsByIp.set(workload.ip, workload)
      const known = this.workloadsByNamespace.get(workload.namespace)
      if (known === undefined) this.workloadsByNamespace.set(workload.namespace, [workload])
      else known.push(workload)
    }
    const slices = new Map<string, Resource[]>()
    for (const resource of input.resources) {
      if (resource.kind === 'WorkloadEntry') {
        const spec = resource.spec as WorkloadEntry
        this.entries.push({ resource, spec, labels: { ...spec.labels, ...resource.metadata.labels } })
      } else if (resource.kind === 'EndpointSlice' || resource.kind === 'Endpoints') {
        const { labels, name, namespace } = resource.metadata
        const service = resource.kind === 'Endpoints' ? name : (labels['kubernetes.io/service-name'] ?? '')
        const key = `${service}.${namespace}`
        const known = slices.get(key)
        if (known) known.push(resource)
        else slices.set(key, [resource])
      }
    }
    this.entries.sort((a, b) => compareText(a.resource.metadata.name, b.resource.metadata.name))
    // shards are read by the name of their registry: External before Kubernetes
    this.sliced = slices.size > 0
    const anew = touched === null ? services : services.filter(service => touched.has(service.namespace))
    for (const service of anew) {
      this.byService.delete(`${service.namespace}/${service.hostname}`)
      this.accounts.delete(`${service.namespace}/${service.hostname}`)
    }
    for (const service of anew) if (service.source === 'External') this.addEntry(service)
    for (const service of anew) {
      if (service.source === 'Kubernetes')
        this.addKubernetes(service, slices.get(`${service.name}.${service.namespace}`))
    }
  }

  /** Namespaces of pods that came, went or changed; null = that does not tell which services they concern. */
  private namespacesThatDiffer(workloads: readonly Workload[]): ReadonlySet<string> | null {
    if (this.sliced) return null
    const old = new Set(this.input.workloads)
    const touched = new Set<string>()
    for (const workload of workloads) if (!old.delete(workload)) touched.add(workload.namespace)
    for (const gone of old) touched.add(gone.namespace)
    return touched
  }

  /** Endpoints behind a port of the service, by the name of the port or (ServiceEntry) its number. */
  endpoints(service: Service, port: number): IstioEndpoint[] {
    const ports = new Set(service.ports.map(p => p.port))
    const name = service.ports.find(p => p.port === port)?.name
    const stored = this.byService.get(`${service.namespace}/${service.hostname}`) ?? []
    return stored.filter(endpoint =>
      ports.has(endpoint.servicePort) ? endpoint.servicePort === port : endpoint.servicePortName === name,
    )
  }

  /** Accounts of all endpoints, of any health; of none left, those of the last one (model/endpointshards.go). */
  serviceAccounts(service: Service): ReadonlySet<string> {
    const known = this.accounts.get(`${service.namespace}/${service.hostname}`)
    if (known !== undefined || service.selector === null) return known ?? new Set()
    const last = this.input.departed?.findLast(
      pod => pod.namespace === service.namespace && subsetOf(service.selector, pod.labels),
    )
    return new Set(last === undefined ? [] : [this.spiffe(last.namespace, last.serviceAccount)])
  }

  private add(service: Service, endpoint: StoredEndpoint): void {
    const key = `${service.namespace}/${service.hostname}`
    let endpoints = this.byService.get(key)
    if (!endpoints) {
      endpoints = []
      this.byService.set(key, endpoints)
    }
    const same = (other: StoredEndpoint): boolean =>
      other.address === endpoint.address &&
      other.port === endpoint.port &&
      other.servicePortName === endpoint.servicePortName
    if (service.source === 'Kubernetes' && endpoints.some(same)) return
    endpoints.push(endpoint)
    if (endpoint.serviceAccount === '') return
    let accounts = this.accounts.get(key)
    if (!accounts) {
      accounts = new Set()
      this.accounts.set(key, accounts)
    }
    accounts.add(endpoint.serviceAccount)
  }

  private spiffe(namespace: string, account: string): string {
    return account === '' ? '' : `spiffe://${this.input.meshConfig.trustDomain}/ns/${namespace}/sa/${account}`
  }

  /** What a pod contributes, whatever found it. */
  private podFields(workload: Workload): Omit<StoredEndpoint, 'port' | 'servicePort' | 'servicePortName'> {
    return {
      address: workload.ip,
      labels: augmentedLabels(workload.labels, workload.locality, workload.node),
      serviceAccount: this.spiffe(workload.namespace, workload.serviceAccount),
      locality: workload.locality,
      weight: 1,
      healthy: workload.ready,
      terminating: workload.terminating,
      tlsMode: workload.labels['security.istio.io/tlsMode'] ?? (workload.sidecar ? 'istio' : 'disabled'),
      network: workload.labels['topology.istio.io/network'] ?? '',
      hostname: '',
      nodeName: workload.node,
      workloadName: workloadNameOf(workload),
      namespace: workload.namespace,
    }
  }

  private addKubernetes(service: Service, slices: readonly Resource[] | undefined): void {
    if (service.resolution === 'Alias') return
    if (slices) for (const slice of slices) this.addSlice(service, slice)
    if (service.selector === null) return
    for (const workload of this.workloadsByNamespace.get(service.namespace) ?? [])
      if (subsetOf(service.selector, workload.labels)) this.addPod(service, workload)
    for (const entry of this.entries) {
      if (entry.resource.metadata.namespace !== service.namespace || !subsetOf(service.selector, entry.labels)) continue
      if (!isIpAddress(entry.spec.address ?? '')) continue
      for (const port of service.ports) {
        const named = entry.spec.ports?.[port.name]
        const target = named ?? (typeof port.targetPort === 'number' ? port.targetPort : port.port)
        const { name, namespace } = entry.resource.metadata
        this.add(service, this.entryEndpoint(entry.spec, entry.labels, name, namespace, port, target, 0))
      }
    }
  }

  private addPod(service: Service, workload: Workload): void {
    const always = service.publishNotReadyAddresses
    for (const port of service.ports) {
      const target = targetPortOf(port, workload)
      if (target === null) continue
      const pod = this.podFields(workload)
      this.add(service, {
        ...pod,
        healthy: pod.healthy || always,
        terminating: pod.terminating && !always,
        port: target,
        servicePort: 0,
        servicePortName: port.name,
      })
    }
  }

  private addSlice(service: Service, resource: Resource): void {
    const put = (
      address: string,
      ports: readonly { name?: string | null; port?: number | null }[],
      state: State,
    ): void => {
      const workload = this.workloadsByIp.get(address)
      for (const port of ports) {
        const base = workload ? this.podFields(workload) : plainAddress(address, service.namespace)
        this.add(service, {
          ...base,
          healthy: state.ready || service.publishNotReadyAddresses,
          terminating: state.terminating && !service.publishNotReadyAddresses,
          port: port.port ?? 0,
          servicePort: 0,
          servicePortName: port.name ?? '',
        })
      }
    }
    if (resource.kind === 'EndpointSlice') {
      const slice = resource.spec as EndpointSlice
      if (slice.addressType === 'FQDN') return
      for (const endpoint of slice.endpoints ?? []) {
        const ready = endpoint.conditions?.ready ?? true
        const terminating = ready ? false : (endpoint.conditions?.terminating ?? true)
        for (const address of endpoint.addresses) put(address, slice.ports ?? [], { ready, terminating })
      }
      return
    }
    for (const subset of (resource.spec as Endpoints).subsets ?? []) {
      const ports = subset.ports ?? []
      for (const { ip } of subset.addresses ?? []) put(ip, ports, { ready: true, terminating: false })
      for (const { ip } of subset.notReadyAddresses ?? []) put(ip, ports, { ready: false, terminating: false })
    }
  }

  private addEntry(service: Service): void {
    const spec = service.resource.spec as ServiceEntry
    const { name, namespace } = service.resource.metadata
    if (spec.workloadSelector) {
      this.addSelected(service)
      return
    }
    const dns = service.resolution === 'DNSLB' || service.resolution === 'DNSRoundRobinLB'
    if (dns && (spec.endpoints ?? []).length === 0) {
      for (const port of service.ports) {
        this.add(service, {
          ...plainAddress(service.hostname, namespace),
          unknownHealth: true,
          tlsMode: 'disabled',
          workloadName: name,
          port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
          servicePort: port.port,
          servicePortName: port.name,
        })
      }
      return
    }
    for (const [index, endpoint] of (spec.endpoints ?? []).entries()) {
      for (const port of service.ports) {
        const target =
          endpoint.ports?.[port.name] ?? (typeof port.targetPort === 'number' ? port.targetPort : port.port)
        this.add(
          service,
          this.entryEndpoint(endpoint, endpoint.labels ?? {}, `${name}-${index}`, namespace, port, target, port.port),
        )
      }
    }
  }

  /** WorkloadEntries and pods of the namespace that the ServiceEntry selects. */
  private addSelected(service: Service): void {
    const { namespace } = service
    const dns = service.resolution === 'DNSLB' || service.resolution === 'DNSRoundRobinLB'
    const target = (port: ServicePort): number => (typeof port.targetPort === 'number' ? port.targetPort : port.port)
    if (service.selector === null || Object.keys(service.selector).length === 0) return
    for (const entry of this.entries) {
      const { metadata } = entry.resource
      if (metadata.namespace !== namespace || !subsetOf(service.selector, entry.labels)) continue
      if (!dns && !isIpAddress(entry.spec.address ?? '') && !(entry.spec.address ?? '').startsWith('unix://')) continue
      for (const port of service.ports) {
        const number = entry.spec.ports?.[port.name] ?? target(port)
        this.add(
          service,
          this.entryEndpoint(entry.spec, entry.labels, metadata.name, namespace, port, number, port.port),
        )
      }
    }
    const pods = this.input.workloads.filter(w => w.namespace === namespace && subsetOf(service.selector, w.labels))
    for (const workload of pods.sort((a, b) => compareText(a.name, b.name))) {
      if (!workload.ready) continue
      for (const port of service.ports) {
        this.add(service, {
          ...this.podFields(workload),
          port: target(port),
          servicePort: port.port,
          servicePortName: port.name,
        })
      }
    }
  }

  private entryEndpoint(
    entry: WorkloadEntry,
    labels: Record<string, string>,
    name: string,
    namespace: string,
    port: ServicePort,
    target: number,
    servicePort: number,
  ): StoredEndpoint {
    const address = entry.address ?? ''
    const locality = parseLocality(entry.locality ?? labels['istio-locality']?.replaceAll('.', '/'))
    const unix = address.startsWith('unix://')
    const account = entry.serviceAccount ?? ''
    return {
      ...(servicePort === 0 ? {} : { unknownHealth: true as const }),
      ...plainAddress(unix ? address.slice('unix://'.length) : address, namespace),
      labels: augmentedLabels(labels, locality, ''),
      serviceAccount: this.spiffe(namespace, account),
      locality,
      weight: entry.weight ?? 0,
      tlsMode: labels['security.istio.io/tlsMode'] ?? (account === '' ? 'disabled' : 'istio'),
      network: entry.network ?? labels['topology.istio.io/network'] ?? '',
      workloadName: name,
      port: unix ? 0 : target,
      servicePort,
      servicePortName: port.name,
    }
  }
}

interface State {
  ready: boolean
  terminating: boolean
}

/** An address of which nothing else is known. */
function plainAddress(
  address: string,
  namespace: string,
): Omit<StoredEndpoint, 'port' | 'servicePort' | 'servicePortName'> {
  return {
    address,
    labels: {},
    serviceAccount: '',
    locality: NOWHERE,
    weight: 1,
    healthy: true,
    terminating: false,
    tlsMode: 'disabled',
    network: '',
    hostname: '',
    nodeName: '',
    workloadName: '',
    namespace,
  }
}
