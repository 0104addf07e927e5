// An HTTP client as Go's net/http has it: idle connections are kept per destination, HTTP/2 shares one connection, a
// request that outlives its patience is abandoned with its connection.
import type { EventId, Scheduler } from '../../../simulator/engine/index.ts'
import type {
  ClientConnection,
  ClientHello,
  HttpRequest,
  HttpResponse,
  Network,
  RequestHandle,
} from '../../../simulator/wire/types.ts'
import { later } from './later.ts'

export interface Call {
  ip: string
  port: number
  tls: ClientHello | null
  http2: boolean
  newConnection: boolean
  timeoutMs: number
  request: HttpRequest
}

/** `error` '' means that there is a response. */
export type Done = (error: string, response: HttpResponse | null, connection: ClientConnection | null) => void

/** Go's dialler waits this long for a connection. */
const DIAL_PATIENCE_MS = 5_000

/** One transport: one pool of connections. */
export class Caller {
  private readonly network: Network
  private readonly scheduler: Scheduler
  private readonly idle = new Map<string, Pooled[]>()

  constructor(network: Network, scheduler: Scheduler) {
    this.network = network
    this.scheduler = scheduler
  }

  /** `onData` hears bytes after an upgrade. */
  call(call: Call, done: Done, onData: (data: string) => void = () => {}): void {
    new Attempt(this, this.network, this.scheduler, call, done, onData).start()
  }

  /** The process ends: so do its connections. */
  close(): void {
    for (const pool of this.idle.values()) for (const { connection } of pool) connection.close()
    this.idle.clear()
  }

  /** @internal */
  take(key: string): Pooled | null {
    const pool = this.idle.get(key)
    return pool?.pop() ?? null
  }

  /** @internal */
  give(key: string, connection: Pooled): void {
    const pool = this.idle.get(key)
    if (pool === undefined) this.idle.set(key, [connection])
    else if (!pool.includes(connection)) pool.push(connection)
  }

  /** @internal */
  lose(key: string, connection: Pooled): void {
    const pool = this.idle.get(key)
    const i = pool?.indexOf(connection) ?? -1
    if (i >= 0) pool?.splice(i, 1)
  }
}

interface Pooled {
  connection: ClientConnection
  user: Attempt | null
}

class Attempt {
  private readonly caller: Caller
  private readonly network: Network
  private readonly scheduler: Scheduler
  private readonly call: Call
  private readonly done: Done
  private readonly onData: (data: string) => void
  private readonly key: string
  private timer: EventId = 0
  private dialTimer: EventId = 0
  private ended = false
  private pooled: Pooled | null = null
  private handle: RequestHandle | null = null
  private dialling: { cancel(): void } | null = null

  constructor(
    caller: Caller,
    network: Network,
    scheduler: Scheduler,
    call: Call,
    done: Done,
    onData: (data: string) => void,
  ) {
    this.caller = caller
    this.network = network
    this.scheduler = scheduler
    this.call = call
    this.done = done
    this.onData = onData
    this.key = `${call.ip}:${call.port} ${call.http2 ? 'h2' : 'h1'} ${call.tls === null ? '' : call.tls.sni}`
  }

  start(): void {
    this.timer = later(this.scheduler, this.call.timeoutMs, () => {
      this.timer = 0
      this.handle?.cancel()
      this.dialling?.cancel()
      if (!this.call.http2) this.pooled?.connection.close()
      this.end('timeout', null)
    })
    const free = this.call.newConnection ? null : this.caller.take(this.key)
    if (free === null) this.dial()
    else this.use(free)
  }

  private dial(): void {
    const pooled: { value: Pooled | null } = { value: null }
    this.dialTimer = later(this.scheduler, DIAL_PATIENCE_MS, () => {
      this.dialTimer = 0
      this.dialling?.cancel()
      this.end('timeout', null)
    })
    this.dialling = this.network.dial(
      {
        ip: this.call.ip,
        port: this.call.port,
        tls: this.call.tls,
        firstBytes: this.call.tls === null ? (this.call.http2 ? 'HTTP/2' : 'HTTP/1.1') : 'unknown',
        bypassCapture: false,
      },
      {
        onConnected: connection => {
          this.connected()
          pooled.value = { connection, user: null }
          this.use(pooled.value)
        },
        onConnectFailure: (failure, detail) => {
          this.connected()
          this.end(failure === 'tls' ? `tls: ${detail}` : failure, null)
        },
        onData: data => pooled.value?.user?.onData(data),
        onClosed: how => {
          if (pooled.value === null) return
          this.caller.lose(this.key, pooled.value)
          pooled.value.user?.end(how === 'rst' ? 'reset' : 'closed', null)
        },
      },
    )
  }

  private connected(): void {
    this.dialling = null
    if (this.dialTimer !== 0) this.scheduler.cancel(this.dialTimer)
    this.dialTimer = 0
  }

  private use(pooled: Pooled): void {
    this.pooled = pooled
    if (this.ended) {
      pooled.connection.close()
      return
    }
    pooled.user = this
    if (this.call.http2 && !this.call.newConnection) this.caller.give(this.key, pooled)
    this.handle = pooled.connection.request(this.call.request, {
      onResponse: response => this.end('', response),
      onReset: reason => this.end(reason === 'connection termination' ? 'closed' : 'reset', null),
    })
  }

  private end(error: string, response: HttpResponse | null): void {
    if (this.ended) return
    this.ended = true
    if (this.timer !== 0) this.scheduler.cancel(this.timer)
    const { pooled } = this
    if (pooled !== null && response?.status !== 101) {
      pooled.user = null
      const closing = response?.headers.some(([n, v]) => n === 'connection' && v === 'close') === true
      if (error !== '' && !this.call.http2) pooled.connection.close()
      else if (error === '' && !this.call.http2) {
        if (this.call.newConnection || closing) pooled.connection.close()
        else this.caller.give(this.key, pooled)
      } else if (this.call.newConnection) pooled.connection.close()
    }
    this.done(error, response, pooled?.connection ?? null)
  }
}
