// The cluster's nodes and which of them a pod goes to: kube-scheduler's filters (unschedulable, name, taints, selector, room)
// and its default spreading (kubernetes: pkg/scheduler/framework/plugins). A mesh without Node documents has no nodes: every
// pod then finds room.
import type { Resource } from '../../resources/types.ts'
import { type Fields, fields, list, number, text, texts } from '../fields.ts'

export interface Toleration {
  /** '' with operator Exists: any. */
  key: string
  value: string
  exists: boolean
  /** '' = any effect. */
  effect: string
  /** Seconds that a NoExecute taint is borne; null = for ever. */
  seconds: number | null
}

/** What a pod asks of its node. */
export interface Placement {
  /** `Kind namespace/name` of its controller: its pods are spread. */
  owner: string
  /** Cores and bytes asked for by its containers. */
  cpu: number
  memory: number
  selector: Readonly<Record<string, string>>
  tolerations: readonly Toleration[]
  /** The only node it may run on; '' = any. */
  node: string
}

interface Taint {
  key: string
  value: string
  effect: string
}

export interface NodeFacts {
  name: string
  locality: { region: string; zone: string; subzone: string }
  labels: Readonly<Record<string, string>>
  unschedulable: boolean
  taints: readonly Taint[]
  cpu: number
  memory: number
  pods: number
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' }
export const UNREACHABLE: Taint = { key: 'node.kubernetes.io/unreachable', value: '', effect: 'NoExecute' }
/** What admission adds to every pod that says nothing (defaulttolerationseconds). */
const TOLERATED_SECONDS = 300
/** kubelet's maxPods. */
const MAX_PODS = 110

export class NodePool {
  /** Nodes that the node controller has found unreachable: no pod is sent there. */
  readonly unreachable = new Set<string>()
  /** Nodes without power, which nobody may know yet: pods are still sent there, and never start. */
  readonly dark = new Set<string>()
  private readonly objects: () => readonly Resource[]
  private readonly bound = new Map<string, { node: string; placement: Placement }>()
  private seen: readonly Resource[] | null = null
  private nodes: NodeFacts[] = []

  constructor(objects: () => readonly Resource[]) {
    this.objects = objects
  }

  /** In document order. */
  get all(): readonly NodeFacts[] {
    const objects = this.objects()
    if (objects !== this.seen) {
      this.seen = objects
      this.nodes = objects.filter(r => r.kind === 'Node').map(factsOf)
    }
    return this.nodes
  }

  find(name: string): NodeFacts | null {
    return this.all.find(node => node.name === name) ?? null
  }

  /** Chooses a node for the pod and books its room; a reason in the scheduler's words when there is none. */
  bind(id: string, placement: Placement): NodeFacts | string {
    const reasons = new Map<string, number>()
    let best: NodeFacts | null = null
    for (const node of this.all) {
      const reason = this.unfit(node, placement)
      if (reason !== '') reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      else if (best === null || this.better(node, best, placement)) best = node
    }
    if (best === null) {
      const told = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(', ')
      return `0/${this.all.length} nodes are available: ${told}`
    }
    this.book(id, best.name, placement)
    return best
  }

  /** A pod that a document puts on its node. */
  book(id: string, node: string, placement: Placement): void {
    this.bound.set(id, { node, placement })
  }

  release(id: string): void {
    this.bound.delete(id)
  }

  /** Would the pod be let on this node, room left aside? For DaemonSets. */
  admits(node: NodeFacts, placement: Placement): boolean {
    const matches = Object.entries(placement.selector).every(([key, value]) => node.labels[key] === value)
    return (
      matches && this.taintsOf(node).every(taint => taint.effect === 'PreferNoSchedule' || tolerates(placement, taint))
    )
  }

  private unfit(node: NodeFacts, placement: Placement): string {
    if (placement.node !== '' && placement.node !== node.name) return "node(s) didn't match the pod's node name"
    if (node.unschedulable && !tolerates(placement, UNSCHEDULABLE)) return 'node(s) were unschedulable'
    const taint = this.taintsOf(node).find(t => t.effect !== 'PreferNoSchedule' && !tolerates(placement, t))
    if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value}}`
    if (Object.entries(placement.selector).some(([key, value]) => node.labels[key] !== value))
      return "node(s) didn't match Pod's node affinity/selector"
    const used = this.use(node.name)
    if (used.pods + 1 > node.pods) return 'Too many pods'
    if (used.cpu + placement.cpu > node.cpu) return 'Insufficient cpu'
    return used.memory + placement.memory > node.memory ? 'Insufficient memory' : ''
  }

  /** Fewer pods of the same controller in its zone, then on the node; then more room; then the first of the documents. */
  private better(a: NodeFacts, b: NodeFacts, placement: Placement): boolean {
    const counts = (node: NodeFacts): number[] => {
      const same = [...this.bound.values()].filter(pod => pod.placement.owner === placement.owner)
      const zone = same.filter(pod => this.find(pod.node)?.locality.zone === node.locality.zone).length
      const used = this.use(node.name)
      const share = node.cpu === Infinity ? 0 : used.cpu / node.cpu
      return [zone, same.filter(pod => pod.node === node.name).length, share, used.pods]
    }
    const [mine, its] = [counts(a), counts(b)]
    for (const [i, count] of mine.entries()) if (count !== its[i]) return count < its[i]!
    return false
  }

  private use(node: string): { cpu: number; memory: number; pods: number } {
    const sum = { cpu: 0, memory: 0, pods: 0 }
    for (const pod of this.bound.values()) {
      if (pod.node !== node) continue
      sum.cpu += pod.placement.cpu
      sum.memory += pod.placement.memory
      sum.pods++
    }
    return sum
  }

  private taintsOf(node: NodeFacts): readonly Taint[] {
    const taints = node.unschedulable ? [...node.taints, UNSCHEDULABLE] : node.taints
    return this.unreachable.has(node.name) ? [...taints, { ...UNREACHABLE, effect: 'NoSchedule' }] : taints
  }
}

/** Seconds that the pod stays on an unreachable node; null = for ever. */
export function patienceOf({ tolerations }: Placement): number | null {
  const fitting = tolerations.filter(t => matches(t, UNREACHABLE))
  if (fitting.length === 0) return TOLERATED_SECONDS
  return fitting.some(t => t.seconds === null) ? null : Math.min(...fitting.map(t => t.seconds ?? 0))
}

function tolerates({ tolerations }: Placement, taint: Taint): boolean {
  return tolerations.some(t => matches(t, taint))
}

function matches(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== '' && toleration.effect !== taint.effect) return false
  if (toleration.key !== '' && toleration.key !== taint.key) return false
  return toleration.exists || (toleration.key !== '' && toleration.value === taint.value)
}

/** What a pod of this spec asks of its node. `daemon`: also bears what the DaemonSet controller adds. */
export function placementOf(owner: string, spec: Fields, daemon: boolean): Placement {
  const requests = list(spec.containers).map(container => fields(fields(fields(container).resources).requests))
  const said = list(spec.tolerations).map(fields).map(tolerationOf)
  const always = ['not-ready', 'unreachable', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable']
  const added = daemon ? always.map(key => tolerationOf({ key: `node.kubernetes.io/${key}`, operator: 'Exists' })) : []
  return {
    owner,
    cpu: requests.reduce((sum, r) => sum + quantity(r.cpu, 0), 0),
    memory: requests.reduce((sum, r) => sum + quantity(r.memory, 0), 0),
    selector: texts(spec.nodeSelector),
    tolerations: [...said, ...added],
    node: text(spec.nodeName),
  }
}

function tolerationOf(value: Fields): Toleration {
  return {
    key: text(value.key),
    value: text(value.value),
    exists: text(value.operator) === 'Exists',
    effect: text(value.effect),
    seconds: value.tolerationSeconds === undefined ? null : number(value.tolerationSeconds, 0),
  }
}

const REGION = 'topology.kubernetes.io/region'
const ZONE = 'topology.kubernetes.io/zone'
const SUBZONE = 'topology.istio.io/subzone'

function factsOf(resource: Resource): NodeFacts {
  const { name, labels } = resource.metadata
  const spec = fields(resource.spec)
  const status = fields(resource.status)
  const room = { ...fields(status.capacity), ...fields(status.allocatable) }
  return {
    name,
    labels: { 'kubernetes.io/hostname': name, ...labels },
    locality: { region: labels[REGION] ?? '', zone: labels[ZONE] ?? '', subzone: labels[SUBZONE] ?? '' },
    unschedulable: spec.unschedulable === true,
    taints: list(spec.taints)
      .map(fields)
      .map(taint => ({ key: text(taint.key), value: text(taint.value), effect: text(taint.effect) })),
    cpu: quantity(room['cpu'], Infinity),
    memory: quantity(room['memory'], Infinity),
    pods: quantity(room['pods'], MAX_PODS),
  }
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1 / 1_000,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1_024,
  Mi: 1_048_576,
  Gi: 1_073_741_824,
  Ti: 1_099_511_627_776,
}

/** A Kubernetes quantity: `500m`, `2`, `512Mi`; `otherwise` when nothing is said. */
export function quantity(value: unknown, otherwise: number): number {
  const said = text(value)
  const parts = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(said)
  if (parts === null) return otherwise
  return Number(parts[1]) * (SUFFIXES[parts[2] ?? ''] ?? 1)
}
