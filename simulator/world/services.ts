// What kube-proxy and the cluster's DNS know: Services, their addresses and their ready endpoints. It reads the same
// documents as istiod, yet knows nothing of Istio's configuration; ServiceEntries only lend their names to the DNS table.
import type { RandomStream } from '../engine/index.ts'
import type { Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import { fields, list, number, selects, text, texts } from './fields.ts'

export interface Backend {
  ip: string
  port: number
}

interface KubeService {
  name: string
  namespace: string
  /** '' = headless. */
  address: string
  externalName: string
  selector: Record<string, string>
  backends: Map<number, Backend[]>
  pods: Workload[]
  nodePorts: Map<number, number>
  outside: string[]
}

/** Gives every Service without an address of its own one of 10.96.x.y, in document order. */
export function allocateClusterIps(
  resources: readonly Resource[],
  given: ReadonlyMap<string, string>,
): Map<string, string> {
  const out = new Map(given)
  const taken = new Set(given.values())
  for (const r of resources) if (r.kind === 'Service') taken.add(text(fields(r.spec).clusterIP))
  let next = 10
  for (const r of resources) {
    if (r.kind !== 'Service') continue
    const spec = fields(r.spec)
    const key = `${r.metadata.name}.${r.metadata.namespace}`
    if (out.has(key) || text(spec.clusterIP) !== '' || text(spec.type) === 'ExternalName') continue
    let ip = ''
    do {
      ip = `10.96.${next >> 8}.${next & 255}`
      next++
    } while (taken.has(ip))
    out.set(key, ip)
  }
  return out
}

/** The table of one moment; built anew whenever objects or pods change. */
export class ServiceTable {
  private readonly services: KubeService[] = []
  private readonly byAddress = new Map<string, KubeService>()
  private readonly byName = new Map<string, KubeService>()
  private readonly entryNames = new Map<string, string[]>()

  constructor(resources: readonly Resource[], workloads: readonly Workload[], clusterIps: ReadonlyMap<string, string>) {
    const byNamespace = new Map<string, Workload[]>()
    for (const workload of workloads) {
      const known = byNamespace.get(workload.namespace)
      if (known === undefined) byNamespace.set(workload.namespace, [workload])
      else known.push(workload)
    }
    for (const r of resources)
      if (r.kind === 'Service') this.addService(r, byNamespace.get(r.metadata.namespace) ?? [], clusterIps)
    for (const r of resources) {
      if (r.kind === 'EndpointSlice' || r.kind === 'Endpoints') this.addEndpoints(r)
      if (r.kind === 'ServiceEntry') this.addServiceEntry(r)
    }
  }

  private addService(r: Resource, workloads: readonly Workload[], clusterIps: ReadonlyMap<string, string>): void {
    const spec = fields(r.spec)
    const { name, namespace } = r.metadata
    const externalName = text(spec.type) === 'ExternalName' ? text(spec.externalName) : ''
    const own = text(spec.clusterIP) || (clusterIps.get(`${name}.${namespace}`) ?? '')
    const selector = texts(spec.selector)
    const pods = workloads.filter(w => selects(selector, w.labels))
    const publishAll = spec.publishNotReadyAddresses === true
    const ready = pods.filter(w => publishAll || (w.ready && !w.terminating))
    const service: KubeService = {
      name,
      namespace,
      address: own === 'None' || externalName !== '' ? '' : own,
      externalName,
      selector,
      backends: new Map(),
      pods: ready,
      nodePorts: new Map(),
      outside: [
        ...list(spec.externalIPs).map(text),
        text(spec.loadBalancerIP),
        ...list(fields(fields(r.status).loadBalancer).ingress).map(i => text(fields(i).ip)),
      ].filter(ip => ip !== ''),
    }
    for (const port of list(spec.ports).map(fields)) {
      const number_ = number(port.port, 0)
      const target = port.targetPort
      const backends: Backend[] = []
      for (const pod of ready) {
        const to = typeof target === 'string' ? namedPort(pod, target) : number(target, number_)
        if (to > 0) backends.push({ ip: pod.ip, port: to })
      }
      service.backends.set(number_, backends)
      const nodePort = number(port.nodePort, 0)
      if (nodePort > 0) service.nodePorts.set(nodePort, number_)
    }
    this.services.push(service)
    this.byName.set(`${name}.${namespace}`, service)
    for (const ip of [service.address, ...service.outside]) if (ip !== '') this.byAddress.set(ip, service)
  }

  private addEndpoints(r: Resource): void {
    const slice = r.kind === 'EndpointSlice'
    const name = slice ? (r.metadata.labels['kubernetes.io/service-name'] ?? '') : r.metadata.name
    const service = this.byName.get(`${name}.${r.metadata.namespace}`)
    if (service === undefined || Object.keys(service.selector).length > 0) return
    const spec = fields(r.spec)
    const groups = slice ? [spec] : list(spec.subsets).map(fields)
    for (const group of groups) {
      const ips = slice
        ? list(group.endpoints)
            .map(fields)
            .filter(e => fields(e.conditions).ready !== false)
            .flatMap(e => list(e.addresses).map(text))
        : list(group.addresses).map(a => text(fields(a).ip))
      const ports = list(group.ports).map(p => number(fields(p).port, 0))
      for (const [i, backends] of [...service.backends.values()].entries()) {
        const port = ports[i] ?? ports[0] ?? 0
        for (const ip of ips) backends.push({ ip, port })
      }
    }
  }

  private addServiceEntry(r: Resource): void {
    const spec = fields(r.spec)
    const addresses = list(spec.addresses)
      .map(text)
      .filter(a => !a.includes('/') || a.endsWith('/32'))
      .map(a => a.split('/')[0] ?? a)
    const endpoints = list(spec.endpoints).map(e => text(fields(e).address))
    for (const host of list(spec.hosts).map(text)) {
      if (!host.startsWith('*')) this.entryNames.set(host, addresses.length > 0 ? addresses : endpoints)
    }
  }

  /** Is this a Service's address? */
  isServiceAddress(ip: string): boolean {
    return this.byAddress.has(ip)
  }

  /** kube-proxy's choice for a connection; null = refused (no such port, or nobody ready). */
  pick(ip: string, port: number, dice: RandomStream): Backend | null {
    const backends = this.byAddress.get(ip)?.backends.get(port)
    if (backends === undefined || backends.length === 0) return null
    return backends[backends.length === 1 ? 0 : dice.below(backends.length)] ?? null
  }

  /** The same for a node port, wherever the node is. */
  pickNodePort(nodePort: number, dice: RandomStream): Backend | null {
    for (const service of this.services) {
      const port = service.nodePorts.get(nodePort)
      if (port !== undefined) return this.pick(service.address, port, dice)
    }
    return null
  }

  /** Whether the name always means the same address: that of a Service with a cluster IP. */
  hasClusterIp(host: string, namespace: string): boolean {
    const service = this.find(host.endsWith('.') ? host.slice(0, -1) : host, namespace)
    return service !== null && service.address !== '' && service.externalName === ''
  }

  /**
   * Address of a name as a pod of `namespace` sees it: search domains, cluster IPs, pods of headless Services (one at
   * random), ExternalNames (the name to go on with, after 'name:'), ServiceEntries; null = NXDOMAIN.
   */
  resolve(host: string, namespace: string, dice: RandomStream): string | null {
    const name = host.endsWith('.') ? host.slice(0, -1) : host
    const service = this.find(name, namespace)
    if (service !== null) {
      const pod = service.pods.find(p => name.startsWith(`${p.name}.`))
      if (pod !== undefined && service.address === '') return pod.ip
      if (service.externalName !== '') return `name:${service.externalName}`
      if (service.address !== '') return service.address
      if (service.pods.length > 0) return service.pods[dice.below(service.pods.length)]?.ip ?? null
      const manual = [...service.backends.values()][0]
      return manual === undefined || manual.length === 0 ? null : (manual[dice.below(manual.length)]?.ip ?? null)
    }
    const entry = this.entryNames.get(name)
    const found = entry?.[0]
    if (found === undefined || found === '') return null
    return isAddress(found) ? found : `name:${found}`
  }

  private find(name: string, namespace: string): KubeService | null {
    let short = name
    for (const end of ['.svc.cluster.local', '.svc']) {
      if (short.endsWith(end)) {
        short = short.slice(0, -end.length)
        break
      }
    }
    const parts = short.split('.')
    if (parts.length === 1) return this.byName.get(`${short}.${namespace}`) ?? null
    if (parts.length === 2) return this.byName.get(short) ?? null
    // A pod of a headless Service: pod.service.namespace.
    return parts.length === 3 ? (this.byName.get(`${parts[1]}.${parts[2]}`) ?? null) : null
  }
}

function namedPort(pod: Workload, name: string): number {
  return pod.containerPorts.find(p => p.name === name)?.port ?? 0
}

/** Is the text an IPv4 or IPv6 address (not a name)? */
export function isAddress(host: string): boolean {
  if (host.includes(':')) return true
  const first = host.charCodeAt(0)
  if (first < 0x30 || first > 0x39) return false
  const parts = host.split('.')
  return parts.length === 4 && parts.every(p => p.length > 0 && p.length <= 3 && Number(p) >= 0 && Number(p) <= 255)
}
