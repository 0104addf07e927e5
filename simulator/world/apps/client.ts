// An HTTP client as applications and load generators use it: looks the name up, dials, sends one request, waits as long
// as its patience lasts. Connections are fresh for each request or kept in a pool; a request abandoned half-way takes
// its connection with it, as HTTP/1.1 demands. The answer always comes later, never within `send`.
import type { EventHandler, EventId, Scheduler } from '../../engine/index.ts'
import type {
  ClientConnection,
  ConnectFailure,
  DialObserver,
  HttpRequest,
  HttpResponse,
  Network,
  ProxyHeader,
  RequestHandle,
  ResponseObserver,
  StreamResetReason,
} from '../../wire/types.ts'
import { type ClientTls, helloFor } from './tls.ts'

/** Why a client got no answer. 'closed': the far end ended a TCP connection in good order, but before it had answered. */
export type ClientFailure = 'reset' | 'closed' | 'timeout' | 'refused' | 'unreachable' | 'tls'

/** Name (and port) to address, from where the client stands; null when nobody has the name. */
export type Resolve = (host: string, port: number) => string | null

export interface ClientOptions {
  scheduler: Scheduler
  network: Network
  resolve: Resolve
  /** Connections are used again, else one for each request. */
  keepAlive: boolean
}

export interface Destination {
  host: string
  port: number
  /** null: plain text. */
  tls: ClientTls | null
  /** Written before anything else; absent: no header. */
  proxyHeader?: ProxyHeader | undefined
}

export interface CallObserver {
  /** Exactly one of `response` and `failure` is set. `subject` is what was given to `send`. */
  onOutcome(subject: number, response: HttpResponse | null, failure: ClientFailure | null): void
}

const PATIENCE_OVER = 1
const NO_ADDRESS = 2

export class HttpClient {
  private readonly scheduler: Scheduler
  private readonly network: Network
  private readonly resolve: Resolve
  private readonly idle: Map<string, Connection[]> | null

  constructor(options: ClientOptions) {
    this.scheduler = options.scheduler
    this.network = options.network
    this.resolve = options.resolve
    this.idle = options.keepAlive ? new Map() : null
  }

  /** Sends; `patienceUs` 0 waits for ever. The returned call can be abandoned, then nothing is reported. */
  send(
    request: HttpRequest,
    destination: Destination,
    patienceUs: number,
    observer: CallObserver,
    subject: number,
  ): OutgoingCall {
    const call = new OutgoingCall(this.scheduler, request, patienceUs, observer, subject)
    const ip = this.resolve(destination.host, destination.port)
    if (ip === null) {
      call.fail('unreachable')
      return call
    }
    const key =
      this.idle === null
        ? ''
        : `${ip}:${destination.port}:${request.protocol}:${destination.tls === null ? '' : destination.host}`
    const kept = this.idle?.get(key)?.pop()
    if (kept !== undefined) {
      kept.carry(call)
      return call
    }
    const connection = new Connection(this.idle, key)
    connection.dial(this.network, ip, destination, call)
    return call
  }

  /** Closes the connections that wait for work; busy ones close when they are done. */
  closeIdle(): void {
    if (this.idle === null) return
    for (const connections of this.idle.values()) {
      for (const connection of connections) connection.close()
      connections.length = 0
    }
  }
}

/** One request under way. */
export class OutgoingCall implements EventHandler {
  readonly request: HttpRequest
  connection: Connection | null = null
  private readonly scheduler: Scheduler
  private readonly observer: CallObserver
  private readonly subject: number
  private timer: EventId = 0
  private done = false

  constructor(scheduler: Scheduler, request: HttpRequest, patienceUs: number, observer: CallObserver, subject: number) {
    this.scheduler = scheduler
    this.request = request
    this.observer = observer
    this.subject = subject
    if (patienceUs > 0) this.timer = scheduler.after(patienceUs, this, PATIENCE_OVER, null)
  }

  /** Gives the request up; its connection closes. */
  abandon(): void {
    if (this.done) return
    this.done = true
    this.disarm()
    this.connection?.abandon()
  }

  /** A failure known at once is reported as an event of its own. */
  fail(failure: ClientFailure): void {
    this.disarm()
    this.timer = this.scheduler.after(0, this, NO_ADDRESS, failure)
  }

  onEvent(kind: number): void {
    this.timer = 0
    if (kind === PATIENCE_OVER) this.connection?.abandon()
    this.finish(null, kind === PATIENCE_OVER ? 'timeout' : 'unreachable')
  }

  finish(response: HttpResponse | null, failure: ClientFailure | null): void {
    if (this.done) return
    this.done = true
    this.disarm()
    this.observer.onOutcome(this.subject, response, failure)
  }

  private disarm(): void {
    if (this.timer !== 0) this.scheduler.cancel(this.timer)
    this.timer = 0
  }
}

/** One connection, carrying at most one call at a time. */
class Connection implements DialObserver, ResponseObserver {
  private readonly pool: Map<string, Connection[]> | null
  private readonly key: string
  private attempt: { cancel(): void } | null = null
  private wire: ClientConnection | null = null
  private call: OutgoingCall | null = null
  private exchange: RequestHandle | null = null
  /** TLS that has carried no answer yet: an end now is the server's alert on the handshake (TLS 1.3). */
  private unproven = false

  constructor(pool: Map<string, Connection[]> | null, key: string) {
    this.pool = pool
    this.key = key
  }

  dial(network: Network, ip: string, destination: Destination, call: OutgoingCall): void {
    this.call = call
    call.connection = this
    const { protocol } = call.request
    const tls = helloFor(destination, protocol === 'HTTP/2' ? ['h2', 'http/1.1'] : ['http/1.1'])
    this.unproven = tls !== null
    const { port, proxyHeader } = destination
    this.attempt = network.dial({ ip, port, tls, firstBytes: protocol, bypassCapture: false, proxyHeader }, this)
  }

  carry(call: OutgoingCall): void {
    this.call = call
    call.connection = this
    this.exchange = this.wire!.request(call.request, this)
  }

  /** The caller lost interest in the call. */
  abandon(): void {
    this.call = null
    this.exchange?.cancel()
    this.exchange = null
    this.close()
  }

  close(): void {
    if (this.wire !== null) this.wire.close()
    else this.attempt?.cancel()
    this.wire = null
    this.attempt = null
  }

  onConnected(connection: ClientConnection): void {
    this.attempt = null
    this.wire = connection
    if (this.call === null) this.close()
    else this.exchange = connection.request(this.call.request, this)
  }

  onConnectFailure(failure: ConnectFailure): void {
    this.attempt = null
    this.takeCall()?.finish(null, failure)
  }

  onResponse(response: HttpResponse): void {
    const call = this.takeCall()
    this.unproven = false
    if (this.pool === null || closesConnection(response)) this.close()
    else this.rest()
    call?.finish(response, null)
  }

  onReset(_reason: StreamResetReason): void {
    const call = this.takeCall()
    this.close()
    call?.finish(null, this.unproven ? 'tls' : 'reset')
  }

  onData(): void {
    // Bytes that are not HTTP are nobody's answer.
  }

  onClosed(): void {
    this.wire = null
    const resting = this.pool?.get(this.key)
    const index = resting === undefined ? -1 : resting.indexOf(this)
    if (index >= 0) resting?.splice(index, 1)
    this.takeCall()?.finish(null, this.unproven ? 'tls' : 'reset')
  }

  private takeCall(): OutgoingCall | null {
    const { call } = this
    this.call = null
    this.exchange = null
    return call
  }

  private rest(): void {
    const resting = this.pool?.get(this.key)
    if (resting === undefined) this.pool?.set(this.key, [this])
    else resting.push(this)
  }
}

function closesConnection(response: HttpResponse): boolean {
  for (const [name, value] of response.headers) if (name === 'connection') return value === 'close'
  return false
}
