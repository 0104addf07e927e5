// The network between pods: who is reached by an address, by which way (capture, kube-proxy, straight), and how long a
// message takes. It decides once per connection; messages then travel on the Link.
import { compileDistribution, type RandomStream, type RandomTree, type Scheduler } from '../engine/index.ts'
import type { DialObserver, DialTarget } from '../wire/types.ts'
import { Link, type LinkHost } from './link.ts'
import type { WorldPod } from './pod.ts'
import type { ServiceTable } from './services.ts'
import type { NetworkSpec } from './types.ts'

/** Linux gives up a connection attempt after six repeated SYNs (net.ipv4.tcp_syn_retries). */
const SYN_PATIENCE = 127_000_000

/** One per world. */
export class Fabric implements LinkHost {
  readonly scheduler: Scheduler
  services: ServiceTable
  private readonly pods = new Map<string, WorldPod>()
  private readonly links = new Set<Link>()
  private readonly far: () => number
  private readonly near: () => number
  private readonly dice: RandomStream
  readonly patience: number
  /** Pods that the network does not carry between; both ways. */
  private cuts: { a: ReadonlySet<string>; b: ReadonlySet<string> }[] = []
  private readonly dark = new Set<string>()

  constructor(scheduler: Scheduler, tree: RandomTree, spec: NetworkSpec, services: ServiceTable) {
    this.scheduler = scheduler
    this.services = services
    this.far = compileDistribution(spec.betweenPods ?? '250us', tree.stream('network/between pods'))
    this.near = compileDistribution(spec.toSidecar ?? '20us', tree.stream('network/to sidecar'))
    this.dice = tree.stream('network/kube-proxy')
    this.patience = spec.unreachableAfter ?? SYN_PATIENCE
  }

  /** Makes a pod reachable at its address. */
  attach(pod: WorldPod): void {
    this.pods.set(pod.ip, pod)
  }

  /** The pod at an address. */
  at(ip: string): WorldPod | undefined {
    return this.pods.get(ip)
  }

  /** Takes a pod's address away and resets all its connections. */
  detach(pod: WorldPod): void {
    if (this.pods.get(pod.ip) === pod) this.pods.delete(pod.ip)
    this.dark.delete(pod.id)
    for (const link of [...this.links]) if (link.from === pod.id || link.to === pod.id) link.cut(pod.id)
  }

  /** The pod's node has no power: nothing reaches it or comes from it, and no connection is told. */
  darken(pod: WorldPod): void {
    this.dark.add(pod.id)
    for (const link of this.links) if (link.from === pod.id || link.to === pod.id) link.hold()
  }

  /** Cuts the network between two groups of pods, or makes it whole again. A later call for the same groups replaces it. */
  partition(a: ReadonlySet<string>, b: ReadonlySet<string>, cut: boolean): void {
    this.cuts = this.cuts.filter(other => !(same(other.a, a) && same(other.b, b)))
    if (cut) this.cuts.push({ a, b })
    for (const link of this.links) {
      if (this.passes(link)) link.release()
      else link.hold()
    }
  }

  passes({ from, to }: Link): boolean {
    if (this.cuts.length === 0 && this.dark.size === 0) return true
    if (this.dark.has(from) || this.dark.has(to)) return false
    return !this.cuts.some(({ a, b }) => (a.has(from) && b.has(to)) || (b.has(from) && a.has(to)))
  }

  /** Resets the connections of the application alone: behind a sidecar those within the pod. */
  cutApplication(pod: WorldPod): void {
    for (const link of [...this.links]) {
      const own =
        pod.proxy === null ? link.from === pod.id || link.to === pod.id : link.from === pod.id && link.to === pod.id
      if (own) link.cut(pod.id)
    }
  }

  opened(link: Link): void {
    this.links.add(link)
  }

  ended(link: Link): void {
    this.links.delete(link)
  }

  /** See Network.dial. */
  dial(from: WorldPod, target: DialTarget, observer: DialObserver): { cancel(): void } {
    const attempt = {
      sourceIp: target.sourceIp ?? from.ip,
      sourcePort: from.ephemeralPort(),
      destinationIp: target.ip,
      destinationPort: target.port,
      tls: target.tls,
      firstBytes: target.firstBytes,
      proxyHeader: target.proxyHeader,
    }
    const { proxy } = from
    const sidecar = proxy !== null && !from.workload.gateway
    if (sidecar && !target.bypassCapture && from.capture.outbound(target.ip, target.port)) {
      const link = new Link(this, this.near, from.id, from.id, attempt, proxy.outbound, observer)
      link.start()
      return link
    }
    let { ip, port } = target
    if (this.services.isServiceAddress(ip)) {
      const backend = this.services.pick(ip, port, this.dice)
      if (backend === null) return this.refuse(from, attempt, observer)
      ip = backend.ip
      port = backend.port
    }
    const own = ip.startsWith('127.') || ip === from.ip
    const to = own ? from : this.pods.get(ip)
    if (to === undefined) {
      const backend = this.services.pickNodePort(port, this.dice)
      const node = backend === null ? undefined : this.pods.get(backend.ip)
      if (backend === null || node === undefined || !from.outside) return this.lose(from, attempt, observer)
      attempt.destinationIp = backend.ip
      attempt.destinationPort = backend.port
      return this.connect(from, node, attempt, observer, false)
    }
    attempt.destinationIp = own ? from.ip : ip
    attempt.destinationPort = port
    // Loopback is never captured; the pod's own address is, unless the proxy binds 127.0.0.6.
    const loopback = ip.startsWith('127.') || target.sourceIp === undefined || target.sourceIp.startsWith('127.')
    const straight = own && (loopback || !target.bypassCapture)
    return this.connect(from, to, attempt, observer, straight)
  }

  private connect(
    from: WorldPod,
    to: WorldPod,
    attempt: Link['attempt'],
    observer: DialObserver,
    straight: boolean,
  ): Link {
    const acceptor = straight ? to : to.frontDoor(attempt.destinationPort)
    const link = new Link(this, from === to ? this.near : this.far, from.id, to.id, attempt, acceptor, observer)
    link.start()
    return link
  }

  private refuse(from: WorldPod, attempt: Link['attempt'], observer: DialObserver): Link {
    const link = new Link(this, this.far, from.id, '', attempt, null, observer)
    link.fail(this.far() + this.far(), 'refused')
    return link
  }

  private lose(from: WorldPod, attempt: Link['attempt'], observer: DialObserver): Link {
    const link = new Link(this, this.far, from.id, '', attempt, null, observer)
    link.fail(this.patience, 'unreachable')
    return link
  }
}

const same = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every(id => b.has(id))
