// Connections to one host: idle connections are reused last in, first out; requests wait in order
// (envoy: source/common/conn_pool/conn_pool_base.cc).
import type { EventHandler, EventId } from '../engine/types.ts'
import type {
  ClientConnection,
  ConnectFailure,
  DialObserver,
  HttpRequest,
  RequestHandle,
  ResponseObserver,
  StreamResetReason,
} from '../wire/types.ts'
import type { Host, UpstreamCluster } from './cluster.ts'

/** What waits for a connection: told when its request went out, or that none can be had. */
export interface PoolUser extends ResponseObserver {
  readonly outgoing: HttpRequest
  onPoolReady(handle: RequestHandle, connection: ClientConnection): void
  onPoolFailure(reason: StreamResetReason, detail: string): void
}

/** One upstream connection, from dialling to close. */
class PooledConnection implements DialObserver, EventHandler {
  readonly pool: HostPool
  connection: ClientConnection | null = null
  streams = 0
  used = 0
  dead = false
  dialling: { cancel(): void } | null = null
  timer: EventId = 0

  constructor(pool: HostPool) {
    this.pool = pool
  }
  onConnected(connection: ClientConnection): void {
    if (this.timer) this.pool.cluster.options.scheduler.cancel(this.timer)
    this.connection = connection
    this.pool.connected(this)
  }
  onConnectFailure(failure: ConnectFailure, detail: string): void {
    if (this.timer) this.pool.cluster.options.scheduler.cancel(this.timer)
    const refused = failure === 'refused' ? 'delayed_connect_error:_Connection_refused' : ''
    this.pool.failed(
      this,
      failure === 'timeout' ? 'connection timeout' : 'remote connection failure',
      detail || refused,
    )
  }
  onData(): void {}
  onClosed(): void {
    this.pool.remove(this)
  }
  onEvent(): void {
    this.dialling?.cancel()
    this.pool.failed(this, 'connection timeout', '')
  }
}

export class HostPool {
  readonly cluster: UpstreamCluster
  readonly host: Host
  private readonly idle: PooledConnection[] = []
  private readonly all: PooledConnection[] = []
  private readonly queue: PoolUser[] = []
  private connecting = 0

  constructor(cluster: UpstreamCluster, host: Host) {
    this.cluster = cluster
    this.host = host
  }

  /** Asks for a stream: attached at once, queued, or refused with overflow. */
  request(user: PoolUser): void {
    const cluster = this.cluster
    const ready = this.idle[this.idle.length - 1]
    if (ready) {
      if (cluster.requests >= cluster.maxRequests) user.onPoolFailure('overflow', '')
      else this.attach(ready, user)
      return
    }
    if (cluster.pending >= cluster.maxPending) {
      user.onPoolFailure('overflow', '')
      return
    }
    cluster.pending++
    this.queue.push(user)
    this.open()
  }

  /** Takes a waiting user out of the queue. */
  withdraw(user: PoolUser): void {
    const at = this.queue.indexOf(user)
    if (at < 0) return
    this.queue.splice(at, 1)
    this.cluster.pending--
  }

  private open(): void {
    const cluster = this.cluster
    const each = cluster.http2 ? 1024 : 1
    if (this.queue.length <= this.connecting * each) return
    if (cluster.connections >= cluster.maxConnections && this.all.length > 0) return
    const fresh = new PooledConnection(this)
    this.all.push(fresh)
    this.connecting++
    cluster.connections++
    if (cluster.connectTimeout > 0)
      fresh.timer = cluster.options.scheduler.after(cluster.connectTimeout, fresh, 0, null)
    fresh.dialling = cluster.options.network.dial(
      {
        ip: this.host.ip,
        port: this.host.port,
        tls: cluster.hello(this.host),
        firstBytes: cluster.http2 ? 'HTTP/2' : 'HTTP/1.1',
        bypassCapture: true,
        ...sourceOf(cluster),
      },
      fresh,
    )
  }

  connected(c: PooledConnection): void {
    this.connecting--
    this.idle.push(c)
    this.serve()
  }

  failed(c: PooledConnection, reason: StreamResetReason, detail: string): void {
    if (c.dead) return
    this.connecting--
    this.forget(c)
    const waiting = this.queue.splice(0)
    this.cluster.pending -= waiting.length
    for (const user of waiting) user.onPoolFailure(reason, detail)
  }

  remove(c: PooledConnection): void {
    if (c.dead) return
    this.forget(c)
    this.open()
  }

  private forget(c: PooledConnection): void {
    c.dead = true
    this.cluster.connections--
    this.all.splice(this.all.indexOf(c), 1)
    const at = this.idle.indexOf(c)
    if (at >= 0) this.idle.splice(at, 1)
  }

  private serve(): void {
    while (this.queue.length > 0) {
      const ready = this.idle[this.idle.length - 1]
      if (!ready) return
      const user = this.queue.shift()
      if (!user) return
      this.cluster.pending--
      if (this.cluster.requests >= this.cluster.maxRequests) user.onPoolFailure('overflow', '')
      else this.attach(ready, user)
    }
  }

  private attach(c: PooledConnection, user: PoolUser): void {
    const connection = c.connection
    if (!connection) return
    const cluster = this.cluster
    c.streams++
    c.used++
    const spent = cluster.maxPerConnection > 0 && c.used >= cluster.maxPerConnection
    if (!cluster.http2 || spent) this.idle.splice(this.idle.indexOf(c), 1)
    cluster.requests++
    this.host.active++
    let open = true
    const done = (cancelled: boolean) => {
      if (!open) return
      open = false
      c.streams--
      cluster.requests--
      this.host.active--
      if (c.dead) return
      // An abandoned HTTP/1 exchange leaves the connection unusable.
      if ((cancelled && !cluster.http2) || (spent && c.streams === 0)) {
        connection.close()
        this.remove(c)
      } else if (!cluster.http2 && !spent) {
        this.idle.push(c)
        this.serve()
      }
    }
    const handle = connection.request(user.outgoing, {
      onResponse(response) {
        done(false)
        user.onResponse(response)
      },
      onReset(reason, detail) {
        done(true)
        user.onReset(reason, detail)
      },
    })
    user.onPoolReady(
      {
        cancel() {
          if (!open) return
          handle.cancel()
          done(true)
        },
      },
      connection,
    )
  }
}

export function sourceOf(cluster: UpstreamCluster): { sourceIp?: string } {
  return cluster.name.startsWith('inbound|') || cluster.name === 'InboundPassthroughCluster'
    ? {}
    : { sourceIp: cluster.options.ip }
}
