// The graph that pods and services make, in Kiali's kinds. A service with one workload folds into it; a service with
// several stands before them, so that its shares are edges. Nodes and edges are only ever added while a run lasts:
// who leaves keeps his place in the picture until the next snapshot of the cast says otherwise.
import { type Cast, type CastPod, selects } from './cast.ts'
import { type EdgeFrame, edgeId, type NodeFrame, type TopologyFrame } from './frame.ts'

/** Hosts outside the mesh beyond this number share one node. */
const EXTERNAL_MAX = 100

export const ISTIOD = 'istiod'

export class Topology {
  private readonly nodes = new Map<string, NodeFrame>()
  private readonly edges = new Map<string, EdgeFrame>()
  private readonly nodeByPod = new Map<string, string>()
  private readonly nodeByIp = new Map<string, string>()
  private readonly podByIp = new Map<string, string>()
  private readonly namespaceByPod = new Map<string, string>()
  /** `name.namespace` of a service -> node that stands for it. */
  private readonly nodeByService = new Map<string, string>()
  private externals = 0
  /** Grows whenever a node or an edge has come or gone. */
  version = 0

  /** Takes the cast of this moment. Edges that were seen stay as long as both of their ends do. */
  update(cast: Cast): void {
    const before = JSON.stringify(this.frame())
    const version = this.version
    const kept = [...this.edges.values()]
    const outside = [...this.nodes.values()].filter(node => node.kind === 'external')
    for (const map of [this.nodes, this.edges, this.nodeByPod, this.nodeByIp, this.podByIp, this.nodeByService])
      map.clear()
    this.externals = outside.length
    this.addClients(cast)
    for (const pod of cast.pods) this.addPod(pod)
    for (const service of cast.services) {
      const ids = new Set<string>()
      if (Object.keys(service.selector).length > 0) {
        for (const pod of cast.pods) {
          if (pod.namespace !== service.namespace || !selects(service.selector, pod.labels)) continue
          ids.add(this.nodeByPod.get(pod.id) ?? '')
        }
      }
      this.addService(service.name, service.namespace, [...ids])
    }
    for (const node of outside) this.nodes.set(node.id, node)
    if ([...this.nodes.values()].some(node => node.proxied)) this.add(ISTIOD, 'istiod', 'istiod', 'istio-system')
    for (const edge of kept)
      if (this.nodes.has(edge.source) && this.nodes.has(edge.target)) this.edge(edge.source, edge.target)
    for (const load of cast.loads) {
      const source = this.nodeOfSource(load.source)
      const target =
        this.nodeByPod.get(load.target) ?? this.viaNode(load.target) ?? this.nodeOfHost(load.target, 'default')
      if (source !== null && target !== null) this.edge(source, target)
    }
    for (const call of cast.calls) {
      const source = this.nodeByPod.get(call.from)
      const target = this.nodeOfHost(call.host, this.namespaceByPod.get(call.from) ?? 'default')
      if (source !== undefined && target !== null) this.edge(source, target)
    }
    this.version = JSON.stringify(this.frame()) === before ? version : version + 1
  }

  frame(): TopologyFrame {
    return { nodes: [...this.nodes.values()], edges: [...this.edges.values()] }
  }

  node(id: string): NodeFrame | null {
    return this.nodes.get(id) ?? null
  }

  nodeOfPod(id: string): string | null {
    return this.nodeByPod.get(id) ?? null
  }

  /** Of an address with or without a port. */
  nodeOfAddress(address: string): string | null {
    return this.nodeByIp.get(address.split(':')[0] ?? '') ?? null
  }

  /** Pod and node behind `ip:port`; '' where nobody of the mesh stands there. */
  partyAt(address: string): { pod: string; node: string } {
    const ip = address.split(':')[0] ?? ''
    return { pod: this.podByIp.get(ip) ?? '', node: this.nodeByIp.get(ip) ?? '' }
  }

  namespaceOfPod(id: string): string {
    return this.namespaceByPod.get(id) ?? 'default'
  }

  /** A load's source: a pod, a workload `name.namespace`, or a client outside. */
  nodeOfSource(source: string): string | null {
    return (
      this.nodeByPod.get(source) ??
      this.viaNode(source) ??
      (this.nodes.has(`client/${source}`) ? `client/${source}` : null)
    )
  }

  /** A host as an application writes it, seen from a namespace: the node that stands for the service. */
  nodeOfHost(host: string, namespace: string): string | null {
    const [name = '', second] = host.split('.')
    return this.nodeByService.get(`${name}.${second ?? namespace}`) ?? null
  }

  /** A host that no Service of the mesh has: it becomes a node of its own. */
  external(host: string): string {
    const id = `external/${host}`
    if (this.nodes.has(id)) return id
    if (this.externals >= EXTERNAL_MAX) return this.add('external/others', 'external', 'other hosts', '')
    this.externals++
    return this.add(id, 'external', host, '')
  }

  edge(source: string, target: string): string {
    const id = edgeId(source, target)
    if (!this.edges.has(id)) {
      this.edges.set(id, { id, source, target })
      this.version++
    }
    return id
  }

  private addClients(cast: Cast): void {
    const pods = new Set(cast.pods.flatMap(pod => [pod.id, `${pod.workload}.${pod.namespace}`]))
    for (const { source } of cast.loads) if (!pods.has(source)) this.add(`client/${source}`, 'client', source, '')
  }

  private addPod(pod: CastPod): void {
    const id = `workload/${pod.namespace}/${pod.workload}`
    const known = this.nodes.get(id)
    if (known === undefined) {
      this.add(id, pod.gateway ? 'gateway' : 'workload', pod.workload, pod.namespace)
      const node = this.nodes.get(id)
      if (node !== undefined)
        Object.assign(node, { app: pod.app, version: pod.version, pods: [pod.id], proxied: pod.proxied })
    } else {
      known.pods = [...known.pods, pod.id].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
      known.proxied &&= pod.proxied
    }
    this.nodeByPod.set(pod.id, id)
    this.nodeByIp.set(pod.ip, id)
    this.podByIp.set(pod.ip, pod.id)
    this.namespaceByPod.set(pod.id, pod.namespace)
  }

  private addService(name: string, namespace: string, workloads: string[]): void {
    const [only] = workloads
    if (only !== undefined && workloads.length === 1) {
      this.nodeByService.set(`${name}.${namespace}`, only)
      return
    }
    const id = this.add(`service/${namespace}/${name}`, 'service', name, namespace)
    const node = this.nodes.get(id)
    if (node !== undefined) node.app = this.nodes.get(only ?? '')?.app ?? name
    this.nodeByService.set(`${name}.${namespace}`, id)
    for (const workload of workloads) this.edge(id, workload)
  }

  private viaNode(name: string): string | null {
    const [workload = '', namespace = ''] = name.split('.')
    const id = `workload/${namespace}/${workload}`
    return this.nodes.has(id) ? id : null
  }

  private add(id: string, kind: NodeFrame['kind'], name: string, namespace: string): string {
    if (!this.nodes.has(id)) {
      this.nodes.set(id, { id, kind, name, namespace, app: name, version: '', pods: [], proxied: false })
      this.version++
    }
    return id
  }
}
