// HTTP connections to one host, for one protocol and one set of TLS options: connections with room are used last in,
// first out; streams wait in order of arrival (envoy: source/common/conn_pool/conn_pool_base.cc).
import { invariant } from '../../engine/index.ts'
import type { ProxyHeader, StreamResetReason } from '../../wire/types.ts'
import { ActiveClient, ActiveStream, CONNECT_TIMEOUT, DURATION, IDLE } from './active-client.ts'
import type { UpstreamCluster } from './cluster.ts'
import type { Host } from './host.ts'
import type { PoolUser } from './pool-user.ts'

/** Envoy opens at most so many connections for one event. */
const AT_ONCE = 3
const UNLIMITED = Number.MAX_SAFE_INTEGER

export type PoolProtocol = 'http1' | 'http2' | 'auto'

export class ConnectionPool {
  readonly cluster: UpstreamCluster
  readonly host: Host
  readonly protocol: PoolProtocol
  readonly alpn: readonly string[] | null
  readonly sni: string
  private readonly ready: ActiveClient[] = []
  private readonly all = new Set<ActiveClient>()
  private readonly waiting: PoolUser[] = []
  /** Streams that the connections being opened could take. */
  private connecting = 0
  private drained = false

  /** Whom the pool's connections tell in their PROXY headers; null = they have none. */
  readonly client: ProxyHeader | null

  constructor(
    cluster: UpstreamCluster,
    host: Host,
    protocol: PoolProtocol,
    alpn: readonly string[] | null,
    sni: string,
    client: ProxyHeader | null,
  ) {
    this.cluster = cluster
    this.host = host
    this.protocol = protocol
    this.alpn = alpn
    this.sni = sni
    this.client = client
  }

  /** Asks for a stream: attached at once, queued, or refused with overflow. */
  request(user: PoolUser): void {
    const client = this.ready[this.ready.length - 1]
    if (client !== undefined) {
      this.attach(client, user)
      return
    }
    const { pending } = this.cluster.breakers
    if (!pending.free) {
      this.cluster.counters.upstream_rq_pending_overflow++
      user.onPoolFailure('overflow', '')
      return
    }
    pending.count++
    this.cluster.counters.upstream_rq_pending_total++
    this.waiting.push(user)
    this.open()
  }

  /** Takes a waiting stream out of the queue; false when it does not wait here. */
  withdraw(user: PoolUser): boolean {
    const at = this.waiting.indexOf(user)
    if (at < 0) return false
    this.waiting.splice(at, 1)
    this.cluster.breakers.pending.count--
    this.cluster.counters.upstream_rq_cancelled++
    return true
  }

  private open(): void {
    for (let i = 0; i < AT_ONCE && this.waiting.length > this.connecting; i++) if (!this.dial()) return
  }

  private dial(): boolean {
    const { cluster } = this
    const { connections } = cluster.breakers
    if (!connections.free) {
      cluster.counters.upstream_cx_overflow++
      // Without any connection those that wait would wait for ever.
      if (this.all.size > 0) return false
    }
    const { scheduler, network } = cluster.options
    const http2 = this.protocol !== 'http1'
    const left = cluster.settings.maxRequestsPerConnection || UNLIMITED
    const client = new ActiveClient(
      this,
      http2,
      Math.min(left, http2 ? cluster.settings.maxConcurrentStreams : 1),
      left,
    )
    this.all.add(client)
    this.connecting += client.capacity
    connections.count++
    cluster.counters.upstream_cx_total++
    if (this.protocol !== 'auto') this.countProtocol(client)
    if (cluster.settings.connectTimeout > 0)
      client.connectTimer = scheduler.after(cluster.settings.connectTimeout, client, CONNECT_TIMEOUT, null)
    client.dialling = network.dial(
      {
        ip: this.host.ip,
        port: this.host.port,
        tls: cluster.sockets.hello(this.host, this.alpn, this.sni),
        firstBytes: http2 ? 'HTTP/2' : 'HTTP/1.1',
        bypassCapture: true,
        ...cluster.settings.source,
        ...(this.client === null ? {} : { proxyHeader: this.client }),
      },
      client,
    )
    return true
  }

  private countProtocol(client: ActiveClient): void {
    if (client.http2) this.cluster.counters.upstream_cx_http2_total++
    else this.cluster.counters.upstream_cx_http1_total++
  }

  connected(client: ActiveClient): void {
    const { cluster } = this
    this.connecting -= client.capacity
    client.state = 'open'
    if (this.protocol === 'auto') {
      client.http2 = client.connection?.alpn === 'h2'
      if (!client.http2) client.capacity = 1
      this.countProtocol(client)
    }
    if (cluster.settings.maxConnectionDuration > 0)
      client.durationTimer = cluster.options.scheduler.after(
        cluster.settings.maxConnectionDuration,
        client,
        DURATION,
        null,
      )
    if (this.drained) this.drainClient(client)
    else this.makeReady(client)
    this.serve()
    if (client.streams === 0) this.nowIdle(client)
  }

  /** Could not be opened: all that wait fail with it. */
  failed(client: ActiveClient, reason: StreamResetReason, detail: string): void {
    if (client.state === 'closed') return
    this.cluster.counters.upstream_cx_connect_fail++
    if (reason === 'connection timeout') this.cluster.counters.upstream_cx_connect_timeout++
    this.forget(client)
    const failed = this.waiting.splice(0)
    this.cluster.breakers.pending.count -= failed.length
    this.cluster.counters.upstream_rq_pending_failure_eject += failed.length
    for (const user of failed) user.onPoolFailure(reason, detail)
  }

  /** The peer closed it. */
  lost(client: ActiveClient): void {
    if (client.state === 'closed') return
    this.forget(client)
    this.open()
  }

  private close(client: ActiveClient): void {
    if (client.state === 'closed') return
    this.forget(client)
    if (client.connection === null) client.dialling?.cancel()
    else client.connection.close()
  }

  private forget(client: ActiveClient): void {
    if (client.state === 'connecting') this.connecting -= client.capacity
    client.state = 'closed'
    this.all.delete(client)
    this.unready(client)
    const { scheduler } = this.cluster.options
    this.cluster.breakers.connections.count--
    this.cluster.counters.upstream_cx_destroy++
    invariant(this.cluster.breakers.connections.count >= 0, 'more connections closed than opened', {
      cluster: this.cluster.name,
    })
    for (const timer of [client.connectTimer, client.idleTimer, client.durationTimer])
      if (timer !== 0) scheduler.cancel(timer)
  }

  private makeReady(client: ActiveClient): void {
    if (client.ready) return
    client.ready = true
    this.ready.push(client)
  }

  private unready(client: ActiveClient): void {
    if (!client.ready) return
    client.ready = false
    const last = this.ready.length - 1
    if (this.ready[last] === client) this.ready.pop()
    else this.ready.splice(this.ready.indexOf(client), 1)
  }

  private serve(): void {
    while (this.waiting.length > 0) {
      const client = this.ready[this.ready.length - 1]
      if (client === undefined) return
      const user = this.waiting.shift()
      if (user === undefined) return
      this.cluster.breakers.pending.count--
      this.attach(client, user)
    }
  }

  private attach(client: ActiveClient, user: PoolUser): void {
    const { cluster } = this
    const { requests } = cluster.breakers
    const { connection } = client
    if (!requests.free || connection === null) {
      cluster.counters.upstream_rq_active_overflow++
      user.onPoolFailure('overflow', '')
      return
    }
    client.streams++
    client.left--
    requests.count++
    this.host.active++
    cluster.counters.upstream_rq_total++
    if (client.left === 0) {
      cluster.counters.upstream_cx_max_requests++
      this.drainClient(client)
    } else if (client.streams >= client.capacity) this.unready(client)
    const protocol = client.http2 ? 'HTTP/2' : 'HTTP/1.1'
    user.outgoing.protocol = protocol
    const stream = new ActiveStream(client, user)
    stream.send(connection, user.outgoing)
    cluster.reportLocal(this.host, 'ok')
    user.onPoolReady(stream, connection, protocol)
  }

  /** A stream is over; `spoiled`: the connection cannot be used again. */
  streamEnded(client: ActiveClient, spoiled: boolean): void {
    const { cluster } = this
    client.streams--
    cluster.breakers.requests.count--
    this.host.active--
    if (client.state === 'closed') return
    if (spoiled || (client.state === 'draining' && client.streams === 0)) {
      this.close(client)
      this.open()
      return
    }
    if (client.state !== 'open') return
    this.makeReady(client)
    if (this.waiting.length > 0) this.serve()
    if (client.streams === 0) this.nowIdle(client)
  }

  private nowIdle(client: ActiveClient): void {
    if (client.state !== 'open' || client.streams > 0) return
    const { scheduler } = this.cluster.options
    client.idleSince = scheduler.now
    // One timer per connection, looked at when it fires: arming it anew after each request would cost two events each.
    if (client.idleTimer === 0 && this.cluster.settings.idleTimeout > 0)
      client.idleTimer = scheduler.after(this.cluster.settings.idleTimeout, client, IDLE, null)
  }

  idleCheck(client: ActiveClient): void {
    if (client.state === 'closed' || client.streams > 0) return
    const { scheduler } = this.cluster.options
    const rest = client.idleSince + this.cluster.settings.idleTimeout - scheduler.now
    if (rest > 0) {
      client.idleTimer = scheduler.after(rest, client, IDLE, null)
      return
    }
    this.cluster.counters.upstream_cx_idle_timeout++
    this.close(client)
  }

  /** The connection's longest life is over. */
  aged(client: ActiveClient): void {
    this.cluster.counters.upstream_cx_max_duration_reached++
    this.drainClient(client)
  }

  private drainClient(client: ActiveClient): void {
    this.unready(client)
    if (client.state === 'open') client.state = 'draining'
    if (client.state === 'draining' && client.streams === 0) this.close(client)
  }

  /** Ends what is idle, lets streams finish; `forGood`: connections still being opened serve and close, too. */
  drain(forGood: boolean): void {
    if (forGood) this.drained = true
    for (const client of [...this.all]) if (client.state !== 'connecting') this.drainClient(client)
    if (forGood && this.waiting.length === 0)
      for (const client of [...this.all]) if (client.state === 'connecting') this.close(client)
  }

  /** Connections, those being opened included. */
  get size(): number {
    return this.all.size
  }
}
