// One istiod as a process in time (pilot/pkg/xds/discovery.go, ads.go):
//
//   change ─► debounce ─► context ─► queue (a place for every proxy) ─► N senders ─► generate, send ─► proxy
//
// down ──start──► starting ──ready──► up ──crash──► down. While it is not up it hears nothing: when it comes back it reads
// the whole mesh anew, and every proxy that connects gets its whole configuration.
import type { EventHandler, Scheduler, SimTime } from '../../engine/types.ts'
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse } from '../../xds/protocol.ts'
import { type Change, changedKeys, EndpointShards } from './changes.ts'
import { Connection, type ResponseSink } from './connection.ts'
import { contextCost, Processor, pushCost, throttleFor } from './cost.ts'
import { Debounce, type DebounceOptions } from './debounce.ts'
import { PushQueue, type PushRequest } from './queue.ts'
import type { ConfigKey } from './types.ts'

export interface DiscoveryOptions {
  name: string
  debounce: DebounceOptions
  cores: number
  /** Pushes at once; 0 = by the number of cores (PILOT_PUSH_THROTTLE). */
  throttle: number
  /** From start to ready: reading the cluster and the webhook's certificate, µs. */
  startUp: SimTime
}

export interface DiscoveryHost {
  readonly scheduler: Scheduler
  /** The mesh as the API server has it now. */
  snapshot(): MeshSnapshot
  /** A number for the next push, unique in the mesh. */
  nextVersion(): string
  /** All responses of a push to one proxy have left; `start`: when the first change of it happened. */
  onPushed(
    server: DiscoveryServer,
    connection: Connection,
    responses: readonly DeltaDiscoveryResponse[],
    start: SimTime,
  ): void
}

export interface DiscoveryCounters {
  /** Pushes that were built. */
  pushes: number
  /** Responses that proxies refused (pilot_total_xds_rejects). */
  rejects: number
}

const ENQUEUE = 1
const GENERATED = 2
const ANSWERED = 3
const READY = 4

interface Work {
  life: number
  connection: Connection
  responses: DeltaDiscoveryResponse[]
  start: SimTime
}

export class DiscoveryServer implements EventHandler {
  readonly name: string
  readonly processor: Processor
  readonly counters: DiscoveryCounters = { pushes: 0, rejects: 0 }
  state: 'down' | 'starting' | 'up' = 'up'
  readonly connections = new Set<Connection>()
  private readonly options: DiscoveryOptions
  private readonly host: DiscoveryHost
  private readonly debounce: Debounce<Change>
  private readonly queue = new PushQueue<Connection>()
  private readonly throttle: number
  private snapshot: MeshSnapshot
  private version: string
  private shards: EndpointShards
  private senders = 0
  /** Work of an earlier life of the process is not finished. */
  private life = 0
  /** Streams are taken at a rate (PILOT_MAX_REQUESTS_PER_SECOND): when the next one may come. */
  private nextStream: SimTime = 0

  constructor(host: DiscoveryHost, options: DiscoveryOptions) {
    this.host = host
    this.options = options
    this.name = options.name
    this.processor = new Processor(options.cores)
    this.throttle = options.throttle || throttleFor(options.cores)
    this.debounce = new Debounce(host.scheduler, (changes, first) => this.build(changes, first), options.debounce)
    this.snapshot = host.snapshot()
    this.version = host.nextVersion()
    this.shards = new EndpointShards(this.snapshot)
  }

  /** Proxies that wait for their push. */
  get queued(): number {
    return this.queue.length
  }

  /** Something in the cluster changed now. */
  changed(changes: readonly Change[]): void {
    if (this.state !== 'up') return
    for (const change of changes) this.debounce.add(change)
  }

  /** Dies: streams end, everything under way is lost. */
  crash(): void {
    this.state = 'down'
    this.life++
    this.debounce.reset()
    this.queue.clear()
    this.connections.clear()
    this.senders = 0
  }

  /** Begins anew; ready after the start-up time. */
  start(): void {
    if (this.state !== 'down') return
    this.state = 'starting'
    this.host.scheduler.after(Math.ceil(this.options.startUp * this.processor.slowness), this, READY, this.life)
  }

  /** When a stream asked for at this moment is taken; null = nobody listens. */
  streamAt(): SimTime | null {
    if (this.state !== 'up') return null
    const at = Math.max(this.host.scheduler.now, this.nextStream)
    this.nextStream = at + Math.floor(1_000_000 / this.throttle)
    return at
  }

  /** A proxy's stream stands. `adopted`: it has been connected for long and holds everything. */
  connect(node: ProxyNode, sink: ResponseSink, adopted = false): Connection {
    // Of the pod itself the registry knows at once, also what no context holds yet (xds/ads.go, ProxyUpdate).
    const known = adopted || this.snapshot.input.workloads.some(({ ip }) => node.ipAddresses.includes(ip))
    const connection = new Connection(node, sink, known ? this.snapshot : this.host.snapshot(), this.version)
    if (adopted) connection.adopt(this.host.scheduler.now)
    this.connections.add(connection)
    return connection
  }

  disconnect(connection: Connection): void {
    this.connections.delete(connection)
    this.queue.forget(connection)
  }

  /** A request has arrived on a stream. One thing is done at a time for each connection. */
  request(connection: Connection, request: DeltaDiscoveryRequest): void {
    if (!this.connections.has(connection)) return
    if (request.error !== '') this.counters.rejects++
    if (connection.busy) {
      connection.inbox.push(request)
      return
    }
    const responses = connection.answer(request)
    if (responses.length === 0) return
    this.queue.hold(connection)
    this.work({ life: this.life, connection, responses, start: -1 }, ANSWERED)
  }

  onEvent(kind: number, subject: unknown): void {
    if (kind === READY) {
      if (subject === this.life) this.ready()
      return
    }
    if (kind === ENQUEUE) {
      const { life, request } = subject as { life: number; request: PushRequest }
      if (life === this.life) this.enqueue(request)
      return
    }
    const work = subject as Work
    if (work.life !== this.life) return
    if (kind === GENERATED) this.senders--
    if (this.connections.has(work.connection)) this.finish(work, kind === GENERATED)
    this.dispatch()
  }

  private ready(): void {
    this.snapshot = this.host.snapshot()
    this.version = this.host.nextVersion()
    this.shards = new EndpointShards(this.snapshot)
    this.state = 'up'
  }

  /** Builds the context of a push; endpoints alone need none. Returns the time it takes. */
  private build(changes: readonly Change[], start: SimTime): SimTime {
    const before = this.snapshot
    this.snapshot = this.host.snapshot()
    const keys: ConfigKey[] = changedKeys(changes, before, this.snapshot, this.shards)
    const { now } = this.host.scheduler
    const whole = keys.some(key => key.kind !== 'Endpoints')
    const took = whole ? this.processor.finish(now, contextCost(this.snapshot)) - now : 0
    if (keys.length === 0) return took
    this.counters.pushes++
    this.version = this.host.nextVersion()
    const request: PushRequest = { keys, snapshot: this.snapshot, version: this.version, start }
    if (took === 0) this.enqueue(request)
    else this.host.scheduler.after(took, this, ENQUEUE, { life: this.life, request })
    return took
  }

  private enqueue(request: PushRequest): void {
    for (const connection of this.connections) this.queue.enqueue(connection, request)
    this.dispatch()
  }

  /** Senders take connections as long as there are both. */
  private dispatch(): void {
    const { rootNamespace } = this.snapshot.meshConfig
    while (this.senders < this.throttle) {
      const next = this.queue.dequeue()
      if (next === null) return
      const { connection, request } = next
      const responses = connection.push(request, rootNamespace)
      if (responses.length === 0) {
        this.queue.done(connection)
        continue
      }
      this.senders++
      this.work({ life: this.life, connection, responses, start: request.start }, GENERATED)
    }
  }

  private work(work: Work, kind: number): void {
    work.connection.busy = true
    const { scheduler } = this.host
    scheduler.schedule(this.processor.finish(scheduler.now, pushCost(work.responses)), this, kind, work)
  }

  private finish({ connection, responses, start }: Work, pushed: boolean): void {
    const { now } = this.host.scheduler
    connection.busy = false
    for (const response of responses) connection.sent(response, now)
    this.queue.done(connection)
    if (pushed) this.host.onPushed(this, connection, responses, start)
    while (!connection.busy && connection.inbox.length > 0) this.request(connection, connection.inbox.shift()!)
  }
}
