// What befalls nodes: cordon and drain as kubectl does them, and the loss of a node with Kubernetes' own delays
// (kubernetes: pkg/controller/nodelifecycle, pkg/controller/tainteviction, k8s.io/kubectl/pkg/drain):
//
//   power fails ──lease not renewed for 50 s, looked at every 5 s──► NotReady: pods leave the endpoints, taint unreachable
//               ──each pod's tolerationSeconds (300 s)──► pods deleted, their controllers make new ones elsewhere
import type { EventHandler } from '../../engine/index.ts'
import { evictionRefused } from './disruption.ts'
import type { PodRun } from './kubelet.ts'
import { patienceOf, UNREACHABLE } from './nodes.ts'
import type { KubernetesHost } from './types.ts'

const NOT_READY = 1
const TAINT = 2
const EVICT = 3
const RETRY = 4

const SECOND = 1_000_000
/** --node-monitor-grace-period and --node-monitor-period of kube-controller-manager 1.32. */
const GRACE = 50 * SECOND
const MONITOR = 5 * SECOND
/** --node-eviction-rate: one node of a zone in 10 s. */
const EVICTION_PERIOD = 10 * SECOND
/** kubectl drain asks again so long after a budget's refusal. */
const DRAIN_RETRY = 5 * SECOND

export interface DrainOptions {
  /** Also pods that no controller would make again. */
  force: boolean
  /** Deletes instead of evicting: budgets are not asked. */
  disableEviction: boolean
}

/** What it needs to know of the controllers. */
export interface NodeTenants {
  /** All pods of controllers that have not gone. */
  runs(): readonly { run: PodRun; daemon: boolean }[]
  /** Pods that the controllers of the pods with these labels ask for. */
  expected(matches: (labels: Readonly<Record<string, string>>) => boolean, namespace: string): number
}

interface Eviction {
  node: string
  run: PodRun
  disableEviction: boolean
  /** The last refusal, told once. */
  refusal: string
}

export class NodeLife implements EventHandler {
  private readonly host: KubernetesHost
  private readonly tenants: NodeTenants
  private readonly draining = new Map<string, Set<string>>()
  /** When the next node of a zone may be tainted. */
  private readonly nextTaint = new Map<string, number>()

  constructor(host: KubernetesHost, tenants: NodeTenants) {
    this.host = host
    this.tenants = tenants
  }

  /** `kubectl drain`, after the cordon: evicts everything but DaemonSets' pods, and asks again where a budget refuses. */
  drain(node: string, { force, disableEviction }: DrainOptions): void {
    const owned = new Set<string>()
    const waiting = new Set<string>()
    for (const { run, daemon } of this.tenants.runs()) {
      if (run.node !== node) continue
      owned.add(run.id)
      if (daemon || run.stopping) continue
      waiting.add(run.id)
    }
    const bare = this.host.podsOn(node).filter(id => !owned.has(id))
    if (bare.length > 0 && !force) {
      this.host.note(`drain ${node}: cannot delete Pods that declare no controller: ${bare.join(', ')}; use force`)
      return
    }
    for (const id of bare) this.host.end(id)
    this.draining.set(node, waiting)
    for (const { run } of this.tenants.runs())
      if (waiting.has(run.id)) this.evict({ node, run, disableEviction, refusal: '' })
    if (waiting.size === 0) this.drained(node)
  }

  /** The node's power fails: what runs there answers nobody from now on, and nobody knows yet. */
  lose(node: string): void {
    if (this.host.nodes.dark.has(node)) return
    this.host.nodes.dark.add(node)
    this.host.darken(node)
    for (const { run } of this.tenants.runs()) if (run.node === node) run.goDark()
    const { scheduler } = this.host
    const noticed = Math.ceil((scheduler.now + GRACE) / MONITOR) * MONITOR
    scheduler.schedule(noticed, this, NOT_READY, node)
  }

  /** A pod has gone: a drain may be over. */
  gone(id: string): void {
    for (const [node, waiting] of this.draining) {
      if (!waiting.delete(id)) continue
      if (waiting.size === 0) this.drained(node)
    }
  }

  onEvent(kind: number, subject: unknown): void {
    if (kind === NOT_READY) this.notReady(subject as string)
    else if (kind === TAINT) this.taint(subject as string)
    else if (kind === RETRY) this.evict(subject as Eviction)
    else if (kind === EVICT) {
      const run = subject as PodRun
      if (run.gone || run.stopping) return
      this.host.note(`${run.id}: deleted, its node is unreachable`)
      run.delete()
    }
  }

  private evict(eviction: Eviction): void {
    const { run, node } = eviction
    if (run.gone || run.stopping) return
    const refusal = eviction.disableEviction ? '' : this.refusal(run)
    if (refusal === '') {
      run.delete()
      return
    }
    if (refusal !== eviction.refusal) this.host.note(`drain ${node}: ${run.id}: ${refusal}`)
    this.host.scheduler.after(DRAIN_RETRY, this, RETRY, { ...eviction, refusal })
  }

  private refusal(run: PodRun): string {
    const budgets = this.host.objects().filter(object => object.kind === 'PodDisruptionBudget')
    const pods = this.tenants.runs().map(({ run: { labels, namespace, ready, stopping } }) => ({
      labels,
      namespace,
      ready,
      terminating: stopping,
    }))
    const pod = { labels: run.labels, namespace: run.namespace, ready: run.ready, terminating: run.stopping }
    return evictionRefused(budgets, pod, pods, (matches, namespace) => this.tenants.expected(matches, namespace))
  }

  private drained(node: string): void {
    this.draining.delete(node)
    this.host.note(`node ${node} drained`)
  }

  private notReady(node: string): void {
    const { host } = this
    host.nodes.unreachable.add(node)
    host.note(`node ${node}: NotReady`)
    for (const { run } of this.tenants.runs()) if (run.node === node) run.unreachable()
    const zone = host.nodes.find(node)?.locality.zone ?? ''
    const at = Math.max(host.scheduler.now, this.nextTaint.get(zone) ?? 0)
    this.nextTaint.set(zone, at + EVICTION_PERIOD)
    host.scheduler.schedule(at, this, TAINT, node)
  }

  private taint(node: string): void {
    const { host } = this
    host.note(`node ${node}: tainted ${UNREACHABLE.key}:${UNREACHABLE.effect}`)
    for (const { run } of this.tenants.runs()) {
      if (run.node !== node) continue
      const patience = patienceOf(run.placement)
      if (patience !== null) host.scheduler.after(patience * SECOND, this, EVICT, run)
    }
  }
}
