// The way between one proxy and istiod: a gRPC stream through the pod's agent, message by message, in order.
//
//   none ──open──► opening ──istiod takes it──► open ──crash, age, silence──► none (the client comes again after its back-off)
//
// A partition holds messages back; when it outlasts the keepalive, both ends give the stream up.
import type { EventHandler, EventId, RandomStream, Scheduler } from '../../engine/index.ts'
import { AdsClient, type AdsObserver, type XdsTransport } from '../../envoy/index.ts'
import type { Connection, DiscoveryServer, ResponseSink } from '../../istiod/push/index.ts'
import type { Recorder, XdsRecord } from '../../observation/types.ts'
import type { ProxyNode } from '../../registry/types.ts'
import { type DeltaDiscoveryRequest, type DeltaDiscoveryResponse, resourceName } from '../../xds/protocol.ts'
import type { WorldPod } from '../pod.ts'

const OPENED = 1
const REFUSED = 2
const TO_PROXY = 3
const TO_ISTIOD = 4
const EXPIRED = 5

/** Ping every 30 s, and 10 s for its answer (pkg/keepalive/options.go). */
const KEEPALIVE = 40_000_000

/** What a stream needs of the control plane. */
export interface StreamHost {
  readonly scheduler: Scheduler
  readonly recorder: Recorder
  /** One way, per message, µs. */
  latency(): number
  /** After so long a stream is ended, with gRPC's jitter of 10 % either way, µs; 0 = never. */
  readonly maxAge: number
  /** A replica that takes streams now; null = none. */
  replicaFor(): DiscoveryServer | null
  /** The client has applied a response. */
  onApplied(stream: XdsStream, response: DeltaDiscoveryResponse, error: string): void
}

export class XdsStream implements XdsTransport, ResponseSink, AdsObserver, EventHandler {
  readonly pod: WorldPod
  readonly node: ProxyNode
  readonly client: AdsClient
  server: DiscoveryServer | null = null
  connection: Connection | null = null
  private readonly host: StreamHost
  private readonly dice: RandomStream
  private opening: DiscoveryServer | null = null
  private expiry: EventId = 0
  /** Messages of an earlier stream are worth nothing. */
  private generation = 0
  private lastToProxy = 0
  private lastToIstiod = 0
  /** Held back by a partition; null = the way is free. */
  private held: { kind: number; subject: unknown }[] | null = null

  constructor(host: StreamHost, pod: WorldPod, node: ProxyNode, dice: RandomStream) {
    this.host = host
    this.pod = pod
    this.node = node
    this.dice = dice
    this.client = new AdsClient(pod.proxy!.live, this, this, host.scheduler, dice)
  }

  /** A proxy that has been connected since before the run: nothing travels. Returns what it refused. */
  adopt(server: DiscoveryServer): string[] {
    this.attach(server, true)
    const errors = this.pod.proxy?.apply(this.connection!.configuration) ?? []
    this.client.adopt()
    return errors
  }

  // The client's side.

  open(): void {
    const { scheduler } = this.host
    const server = this.host.replicaFor()
    const at = server?.streamAt() ?? null
    this.opening = server
    // The handshake is one round trip.
    const reached = (at ?? scheduler.now) + this.host.latency() + this.host.latency()
    this.deliver(reached, at === null || this.held !== null ? REFUSED : OPENED, this.generation)
  }

  send(request: DeltaDiscoveryRequest): void {
    const at = Math.max(this.host.scheduler.now + this.host.latency(), this.lastToIstiod)
    this.lastToIstiod = at
    this.deliver(at, TO_ISTIOD, { generation: this.generation, message: request })
  }

  onApplied(response: DeltaDiscoveryResponse, error: string, warming: readonly string[]): void {
    this.record(response, error === '' ? 'acked' : 'nacked', error, warming)
    this.host.onApplied(this, response, error)
  }

  // The side of istiod.

  /** A response leaves istiod. */
  respond(response: DeltaDiscoveryResponse): void {
    this.record(response, 'sent', '', [])
    const at = Math.max(this.host.scheduler.now + this.host.latency(), this.lastToProxy)
    this.lastToProxy = at
    this.deliver(at, TO_PROXY, { generation: this.generation, message: response })
  }

  /** The stream ends; the client tries again after its back-off. */
  close(): void {
    this.detach()
    this.client.closed()
  }

  /** The pod is gone. */
  end(): void {
    this.detach()
    this.client.stop()
  }

  /** The network between this pod and istiod: cut, or whole again. */
  partition(cut: boolean): void {
    if (cut === (this.held !== null)) return
    if (cut) {
      this.held = []
      this.expire(KEEPALIVE)
      return
    }
    const held = this.held ?? []
    this.held = null
    if (this.connection !== null) this.age()
    for (const { kind, subject } of held) this.onEvent(kind, subject)
  }

  onEvent(kind: number, subject: unknown): void {
    if (kind === EXPIRED) {
      this.expiry = 0
      if (this.connection !== null) this.close()
      return
    }
    if (this.held !== null && kind !== REFUSED) {
      this.held.push({ kind, subject })
      return
    }
    if (kind === OPENED || kind === REFUSED) {
      if (subject !== this.generation) return
      const server = this.opening
      this.opening = null
      if (kind === REFUSED || server === null || server.state !== 'up') this.client.closed()
      else {
        this.attach(server, false)
        this.client.opened()
      }
      return
    }
    const { generation, message } = subject as { generation: number; message: unknown }
    if (generation !== this.generation || this.connection === null) return
    if (kind === TO_PROXY) this.client.received(message as DeltaDiscoveryResponse)
    else this.server?.request(this.connection, message as DeltaDiscoveryRequest)
  }

  private attach(server: DiscoveryServer, adopted: boolean): void {
    this.server = server
    this.connection = server.connect(this.node, this, adopted)
    this.age()
    this.note(true)
  }

  private detach(): void {
    this.generation++
    this.opening = null
    if (this.expiry !== 0) this.host.scheduler.cancel(this.expiry)
    this.expiry = 0
    if (this.connection === null) return
    this.note(false)
    this.server?.disconnect(this.connection)
    this.server = null
    this.connection = null
  }

  private age(): void {
    const { maxAge } = this.host
    if (maxAge > 0) this.expire(Math.floor(maxAge * (0.9 + 0.2 * this.dice.next())))
  }

  private expire(after: number): void {
    if (this.expiry !== 0) this.host.scheduler.cancel(this.expiry)
    this.expiry = this.host.scheduler.after(after, this, EXPIRED, null)
  }

  private deliver(at: number, kind: number, subject: unknown): void {
    this.host.scheduler.schedule(at, this, kind, subject)
  }

  private note(open: boolean): void {
    const { recorder, scheduler } = this.host
    if (!recorder.wants('xds stream')) return
    recorder.record({
      kind: 'xds stream',
      at: scheduler.now,
      istiod: this.server?.name ?? '',
      proxy: this.pod.id,
      open,
    })
  }

  private record(
    response: DeltaDiscoveryResponse,
    step: XdsRecord['step'],
    error: string,
    warming: readonly string[],
  ): void {
    const { recorder, scheduler } = this.host
    if (!recorder.wants('xds')) return
    recorder.record({
      kind: 'xds',
      at: scheduler.now,
      istiod: this.server?.name ?? '',
      proxy: this.pod.id,
      type: response.type,
      step,
      version: response.version,
      nonce: response.nonce,
      updated: response.resources.map(resourceName),
      removed: response.removed,
      warming,
      error,
    })
  }
}
