// One upstream HTTP connection of a pool, from dialling to close (envoy: source/common/conn_pool/conn_pool_base.cc
// ActiveClient).   connecting --> open --> draining --> closed     (connecting --> closed on failure)
import type { EventHandler, EventId, SimTime } from '../../engine/types.ts'
import type {
  ClientConnection,
  ConnectFailure,
  DialObserver,
  HttpRequest,
  HttpResponse,
  RequestHandle,
  ResponseObserver,
  StreamResetReason,
} from '../../wire/types.ts'
import type { ConnectionPool } from './pool.ts'
import type { PoolUser } from './pool-user.ts'

export const CONNECT_TIMEOUT = 1
export const IDLE = 2
export const DURATION = 3

export type ClientState = 'connecting' | 'open' | 'draining' | 'closed'

export class ActiveClient implements DialObserver, EventHandler {
  readonly pool: ConnectionPool
  connection: ClientConnection | null = null
  state: ClientState = 'connecting'
  http2: boolean
  /** Streams on it now, and at most at once. */
  streams = 0
  capacity: number
  /** Streams that it may still take over its life. */
  left: number
  /** Is it in the pool's list of connections with room? */
  ready = false
  idleSince: SimTime = 0
  dialling: { cancel(): void } | null = null
  connectTimer: EventId = 0
  idleTimer: EventId = 0
  durationTimer: EventId = 0
  upgraded: PoolUser | null = null

  constructor(pool: ConnectionPool, http2: boolean, capacity: number, left: number) {
    this.pool = pool
    this.http2 = http2
    this.capacity = capacity
    this.left = left
  }

  onConnected(connection: ClientConnection): void {
    this.stopConnectTimer()
    this.connection = connection
    this.pool.connected(this)
  }

  onConnectFailure(failure: ConnectFailure, detail: string): void {
    this.stopConnectTimer()
    const timeout = failure === 'timeout'
    this.pool.failed(this, timeout ? 'connection timeout' : 'remote connection failure', detail || textOf(failure))
  }

  onData(data: string): void {
    this.upgraded?.onUpgradeData?.(data)
  }

  onClosed(): void {
    const user = this.upgraded
    this.upgraded = null
    this.pool.lost(this)
    user?.onUpgradeClosed?.()
  }

  onEvent(kind: number): void {
    if (kind === CONNECT_TIMEOUT) {
      this.connectTimer = 0
      this.dialling?.cancel()
      this.pool.failed(this, 'connection timeout', '')
    } else if (kind === IDLE) {
      this.idleTimer = 0
      this.pool.idleCheck(this)
    } else {
      this.durationTimer = 0
      this.pool.aged(this)
    }
  }

  private stopConnectTimer(): void {
    if (this.connectTimer !== 0) this.pool.cluster.options.scheduler.cancel(this.connectTimer)
    this.connectTimer = 0
  }
}

function textOf(failure: ConnectFailure): string {
  if (failure === 'refused') return 'delayed_connect_error:_Connection_refused'
  return failure === 'unreachable' ? 'delayed_connect_error:_No_route_to_host' : ''
}

/** One request on one connection: the stream's handle, and the ear for its answer. */
export class ActiveStream implements RequestHandle, ResponseObserver {
  private readonly client: ActiveClient
  private readonly user: PoolUser
  private handle: RequestHandle | null = null
  private open = true

  constructor(client: ActiveClient, user: PoolUser) {
    this.client = client
    this.user = user
  }

  send(connection: ClientConnection, request: HttpRequest): void {
    this.handle = connection.request(request, this)
  }

  onResponse(response: HttpResponse): void {
    if (!this.open) return
    if (response.status === 101) {
      // The connection now belongs to the two ends: it goes back to nobody.
      this.client.upgraded = this.user
    } else {
      this.open = false
      const hop = response.headers.findIndex(([name]) => name === 'connection')
      const close = hop >= 0 && response.headers[hop]![1].toLowerCase() === 'close'
      this.client.pool.streamEnded(this.client, close)
      if (hop >= 0) {
        // Said to this hop alone.
        this.user.onResponse({ ...response, headers: response.headers.filter(([name]) => name !== 'connection') })
        return
      }
    }
    this.user.onResponse(response)
  }

  onReset(reason: StreamResetReason, detail: string): void {
    if (!this.open) return
    this.open = false
    // On HTTP/1 a stream that ends early leaves a connection that nobody can use again.
    this.client.pool.streamEnded(this.client, !this.client.http2)
    this.user.onReset(reason, detail)
  }

  cancel(): void {
    if (!this.open) return
    this.open = false
    this.client.upgraded = null
    this.handle?.cancel()
    this.client.pool.streamEnded(this.client, !this.client.http2)
  }
}
