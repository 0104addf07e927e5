// The controllers of Deployments, StatefulSets and DaemonSets (kubernetes: pkg/controller/deployment, statefulset, daemon): bring
// the pods to the number and the template that the object asks for, never breaking maxSurge and maxUnavailable.
import type { Resource } from '../../resources/types.ts'
import { fields, number, text } from '../fields.ts'
import { PodRun } from './kubelet.ts'
import { lifeOf } from './template.ts'
import type { KubernetesHost, KubernetesTimes } from './types.ts'

/** Number or percentage of `whole`; percentages of surge are rounded up, of unavailability down. */
function share(value: unknown, otherwise: string, whole: number, up: boolean): number {
  const said = typeof value === 'number' ? value : text(value) || otherwise
  if (typeof said === 'number') return said
  if (!said.endsWith('%')) return Number(said) || 0
  const exact = (whole * Number(said.slice(0, -1))) / 100
  return up ? Math.ceil(exact) : Math.floor(exact)
}

const revisions = new WeakMap<Resource, string>()

/** The template as text; read once per written object. */
function revisionOf(owner: Resource): string {
  let revision = revisions.get(owner)
  if (revision === undefined) {
    revision = JSON.stringify(fields(owner.spec).template ?? null)
    revisions.set(owner, revision)
  }
  return revision
}

export class ReplicaController {
  owner: Resource
  /** The object exists; once it is deleted its pods go. */
  present = true
  pods: PodRun[] = []
  private readonly host: KubernetesHost
  private readonly times: KubernetesTimes
  private readonly changed: () => void
  private next: number

  /** Its pods of the beginning are `<name>-0` and on, in step with its template. */
  constructor(host: KubernetesHost, owner: Resource, times: KubernetesTimes, atStart: boolean, changed: () => void) {
    this.host = host
    this.owner = owner
    this.times = times
    this.changed = changed
    this.next = 0
    if (!atStart) return
    const { name, namespace } = owner.metadata
    for (let i = 0; ; i++) {
      const pod = host.pod(`${name}-${i}.${namespace}`)
      if (pod === null) break
      this.pods.push(new PodRun(host, pod, revisionOf(owner), lifeOf(owner), times, true, changed))
      this.next = i + 1
    }
  }

  /** Pods that are there and not on their way out. */
  get alive(): PodRun[] {
    return this.pods.filter(pod => !pod.stopping && !pod.gone)
  }

  /** As `kubectl rollout status` judges it. */
  rolledOut(owner: Resource): boolean {
    const alive = this.alive
    const revision = revisionOf(owner)
    const wanted = owner.kind === 'DaemonSet' ? this.eligible(owner).length : replicasOf(owner)
    return alive.length === wanted && alive.every(pod => pod.ready && pod.revision === revision)
  }

  reconcile(replicas: number): void {
    this.pods = this.pods.filter(pod => !pod.gone)
    if (this.owner.kind === 'StatefulSet') this.ordered(replicas)
    else if (this.owner.kind === 'DaemonSet') this.everywhere()
    else this.rolling(replicas)
  }

  private rolling(replicas: number): void {
    const revision = revisionOf(this.owner)
    const strategy = fields(fields(this.owner.spec).strategy)
    const rolling = fields(strategy.rollingUpdate)
    const recreate = text(strategy.type) === 'Recreate'
    let surge = share(rolling.maxSurge, '25%', replicas, true)
    const unavailable = share(rolling.maxUnavailable, '25%', replicas, false)
    // Both zero would stand still (kubernetes: ResolveFenceposts).
    if (surge === 0 && unavailable === 0) surge = 1
    const fresh = this.alive.filter(pod => pod.revision === revision)
    const old = this.alive.filter(pod => pod.revision !== revision)
    if (recreate && old.length > 0) {
      for (const pod of old) pod.delete()
      return
    }
    if (recreate && this.pods.some(pod => pod.revision !== revision)) return
    this.remove(fresh, fresh.length - replicas)
    const room = old.length === 0 ? replicas : replicas + surge
    for (let n = Math.min(replicas - fresh.length, room - this.alive.length); n > 0; n--) this.create(this.next++)
    if (old.length === 0) return
    // Old pods that do not serve go at once; those that do only while enough others serve.
    for (const pod of old) if (!pod.ready) pod.delete()
    const spare = this.alive.filter(pod => pod.ready).length - (replicas - unavailable)
    for (const pod of old.filter(p => p.ready).slice(0, Math.max(0, spare))) pod.delete()
  }

  /** In order of the ordinals, one at a time, each ready before the next; updates from the last to the first. */
  private ordered(replicas: number): void {
    const { name, namespace } = this.owner.metadata
    const revision = revisionOf(this.owner)
    const at = (i: number) => this.pods.find(pod => pod.id === `${name}-${i}.${namespace}`)
    for (const pod of [...this.alive].reverse()) {
      const ordinal = Number(pod.id.slice(name.length + 1, pod.id.lastIndexOf(`.${namespace}`)))
      if (ordinal < replicas) continue
      pod.delete()
      return
    }
    for (let i = 0; i < replicas; i++) {
      const pod = at(i)
      if (pod === undefined) this.create(i)
      if (pod?.ready !== true) return
    }
    const stale = [...this.alive].reverse().find(pod => pod.revision !== revision)
    stale?.delete()
  }

  /** One pod on each node that lets it; a new template replaces maxUnavailable (1) at a time. */
  private everywhere(): void {
    const nodes = this.eligible(this.owner)
    const revision = revisionOf(this.owner)
    const at = (node: string): PodRun | undefined => this.alive.find(pod => pod.boundTo === node)
    for (const pod of this.alive) if (!nodes.includes(pod.boundTo)) pod.delete()
    for (const node of nodes)
      if (at(node) === undefined && !this.pods.some(p => p.boundTo === node && !p.gone)) this.create(this.next++, node)
    const { updateStrategy } = fields(this.owner.spec)
    if (text(fields(updateStrategy).type) === 'OnDelete') return
    const { maxUnavailable } = fields(fields(updateStrategy).rollingUpdate)
    const allowed = Math.max(1, share(maxUnavailable, '1', nodes.length, true))
    const serving = this.alive.filter(pod => pod.ready)
    const stale = this.alive.filter(pod => pod.revision !== revision)
    for (const pod of stale) if (!pod.ready) pod.delete()
    const room = allowed - (nodes.length - serving.length)
    for (const pod of stale.filter(p => p.ready).slice(0, Math.max(0, room))) pod.delete()
  }

  /** Nodes for a DaemonSet's pods; without Node documents one, which has no name. */
  private eligible(owner: Resource): string[] {
    if (!this.present) return []
    const { nodes } = this.host
    const { placement } = lifeOf(owner)
    return nodes.all.length === 0 ? [''] : nodes.all.filter(n => nodes.admits(n, placement)).map(n => n.name)
  }

  /** Those that do not serve first, then the youngest. */
  private remove(pods: readonly PodRun[], count: number): void {
    if (count <= 0) return
    const order = [...pods].reverse().sort((a, b) => Number(a.ready) - Number(b.ready) || b.bornAt - a.bornAt)
    for (const pod of order.slice(0, count)) pod.delete()
  }

  private create(number_: number, node = ''): void {
    const { owner, host } = this
    const made = host.factory.create(owner, `${owner.metadata.name}-${number_}`)
    const life = lifeOf(owner)
    const bound = node === '' ? life : { ...life, placement: { ...life.placement, node } }
    this.pods.push(new PodRun(host, made, revisionOf(owner), bound, this.times, false, this.changed))
  }
}

/** Replicas that the object asks for. */
export const replicasOf = (owner: Resource): number => number(fields(owner.spec).replicas, 1)
