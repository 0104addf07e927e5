// One TCP connection between two sockets, and the HTTP exchanges on it. This is the hot path of a run: every message is
// one event on a stable object with an integer kind; nothing here allocates closures. Messages of one direction never
// overtake each other. Times: set-up takes one round trip, TLS 1.3 one more.
import type { EventHandler, EventId, Scheduler, SimTime } from '../engine/index.ts'
import type {
  Acceptor,
  CertificateIdentity,
  ClientConnection,
  ClientHello,
  ConnectFailure,
  ConnectionAttempt,
  DialObserver,
  HttpRequest,
  RequestHandle,
  ResponseObserver,
  ServerConnection,
  ServerConnectionHandler,
  ServerHello,
} from '../wire/types.ts'
import { Exchange } from './exchange.ts'

const ARRIVE = 1
const ESTABLISHED = 2
const FAILED = 3
const TO_SERVER = 4
const TO_CLIENT = 5
const CLIENT_CLOSED = 6
const SERVER_CLOSED = 7
const HELLO = 8
const GIVE_UP = 9

/** Linux resets a connection whose segments nobody confirms after fifteen repeats (net.ipv4.tcp_retries2). */
const UNCONFIRMED = 924_600_000

/** What Envoy logs when the far end does not speak TLS (BoringSSL, SSL_R_WRONG_VERSION_NUMBER). */
const CUT_IN_HANDSHAKE = 'TLS_error:|33554536:system_library:OPENSSL_internal:Connection_reset_by_peer:TLS_error_end'
const NOT_TLS = 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'

/** What every link of one world shares. */
export interface LinkHost {
  readonly scheduler: Scheduler
  /** Keeps the link findable while it is open, so that a killed pod can cut it. */
  opened(link: Link): void
  ended(link: Link): void
  /** Does the network carry anything between its two ends now? */
  passes(link: Link): boolean
  /** How long a dial that nobody answers hangs, µs. */
  readonly patience: number
}

/** One connection, from the dial to the close: the dialler's end; `ServerEnd` is the other. */
export class Link implements EventHandler, ClientConnection {
  readonly localAddress: string
  readonly attempt: ConnectionAttempt
  alpn: string | null = null
  peerCertificate: CertificateIdentity | null = null
  /** Ids of the pods at both ends, for cutting. */
  readonly from: string
  readonly to: string
  private readonly host: LinkHost
  private readonly scheduler: Scheduler
  private readonly latency: () => number
  private acceptor: Acceptor | null
  private readonly observer: DialObserver
  private handler: ServerConnectionHandler | null = null
  private exchanges: Exchange[] = []
  private pending: EventId = 0
  private lastToServer: SimTime = 0
  private lastToClient: SimTime = 0
  private roundTrip = 0
  private clientOpen = true
  private serverOpen = false
  private connected = false
  private deferred = false
  private outerHello: ServerHello | null = null
  /** What the network holds back; null = it carries. */
  private held: { to: EventHandler; kind: number; subject: unknown }[] | null = null

  constructor(
    host: LinkHost,
    latency: () => number,
    from: string,
    to: string,
    attempt: ConnectionAttempt,
    acceptor: Acceptor | null,
    observer: DialObserver,
  ) {
    this.host = host
    this.scheduler = host.scheduler
    this.latency = latency
    this.from = from
    this.to = to
    this.attempt = attempt
    this.acceptor = acceptor
    this.observer = observer
    this.localAddress = `${attempt.sourceIp}:${attempt.sourcePort}`
  }

  /** Starts: the first packets leave now. */
  start(): void {
    const out = this.latency()
    this.roundTrip = out + this.latency()
    // The acceptor decides when it has seen the first bytes: under TLS a round trip after the SYN.
    const arrival = this.attempt.tls === null ? out : out + this.roundTrip
    this.pending = this.scheduler.after(arrival, this, ARRIVE, null)
  }

  /** Fails after `delay` without having reached anybody. */
  fail(delay: number, failure: ConnectFailure): void {
    this.acceptor = null
    this.pending = this.scheduler.after(delay, this, FAILED, failure)
  }

  /** Abandons an attempt, or cuts what came of it. */
  cancel(): void {
    if (this.connected) return
    this.close()
  }

  onEvent(kind: number, subject: unknown): void {
    if (this.held !== null && this.holds(this, kind, subject)) return
    switch (kind) {
      case ARRIVE:
        this.arrive()
        return
      case ESTABLISHED:
        this.establish(subject as ServerHello | null)
        return
      case HELLO:
        this.establish(subject as ServerHello | null)
        return
      case FAILED:
        this.pending = 0
        if (!this.clientOpen) return
        this.clientOpen = false
        this.host.ended(this)
        this.failed(subject as ConnectFailure)
        return
      case TO_SERVER:
        if (this.serverOpen) this.handler?.onData(subject as string)
        return
      case TO_CLIENT:
        if (this.clientOpen) this.observer.onData(subject as string)
        return
      case CLIENT_CLOSED:
        this.clientGone()
        return
      case SERVER_CLOSED:
        this.serverGone(subject as 'fin' | 'rst')
        return
    }
  }

  /** The network between its ends carries nothing from now on; neither end is told. */
  hold(): void {
    if (this.held !== null) return
    this.held = []
    if (this.connected) this.scheduler.after(UNCONFIRMED, this, GIVE_UP, this.held)
  }

  /** It carries again: what was repeated meanwhile arrives. */
  release(): void {
    const { held } = this
    if (held === null) return
    this.held = null
    for (const { to, kind, subject } of held) this.scheduler.after(0, to, kind, subject)
  }

  /** @internal Keeps an event of this link or of one of its exchanges back while the network holds. */
  holds(to: EventHandler, kind: number, subject: unknown): boolean {
    if (this.held === null) return false
    if (to === this && kind === FAILED && this.clientOpen && !this.connected) return false
    if (to === this && kind === GIVE_UP) {
      if (subject === this.held) this.abandon()
      return true
    }
    this.held.push({ to, kind, subject })
    return true
  }

  /** Neither end has heard of the other for too long: both have lost the connection. */
  private abandon(): void {
    this.held = null
    const { handler } = this
    const server = this.serverOpen
    this.serverOpen = false
    this.host.ended(this)
    this.serverGone('rst')
    if (server) handler?.onClosed()
  }

  private failed(failure: ConnectFailure | { detail: string }): void {
    if (typeof failure === 'string') this.observer.onConnectFailure(failure, '')
    else this.observer.onConnectFailure('tls', failure.detail)
  }

  private arrive(): void {
    this.pending = 0
    const { acceptor } = this
    if (acceptor === null || !this.clientOpen) return
    if (!this.host.passes(this)) {
      this.host.opened(this)
      this.hold()
      this.held?.push({ to: this, kind: ARRIVE, subject: null })
      this.scheduler.after(this.host.patience, this, FAILED, 'unreachable')
      return
    }
    this.acceptor = null
    this.serverOpen = true
    this.host.opened(this)
    const result = acceptor.accept(this.attempt, new ServerEnd(this))
    if (result.kind === 'accepted') {
      this.handler = result.handler
      this.deferred = result.deferHello === true && this.attempt.tls !== null
      if (this.deferred) this.outerHello = result.hello
      if (!this.deferred && this.serverOpen) this.toClient(ESTABLISHED, result.hello)
      else if (!this.serverOpen) this.end()
      return
    }
    this.serverOpen = false
    this.host.ended(this)
    if (result.kind === 'tls-failure') this.toClient(FAILED, { detail: result.detail })
    else if (result.kind === 'refused') this.toClient(FAILED, 'refused')
    else if (this.attempt.tls !== null) this.toClient(FAILED, { detail: CUT_IN_HANDSHAKE })
    else {
      // The kernel had already accepted: the dialler has a connection, and loses it.
      this.toClient(ESTABLISHED, null)
      this.scheduler.schedule(this.clientTime(), this, SERVER_CLOSED, 'rst')
    }
  }

  /** The answer to a handshake that went on to somebody further away (a TCP proxy passing TLS through). */
  answerHello(hello: ServerHello | null): void {
    if (!this.deferred || !this.serverOpen) return
    this.deferred = false
    this.toClient(HELLO, hello)
  }

  private establish(hello: ServerHello | null): void {
    if (!this.clientOpen) return
    const { tls } = this.attempt
    if (tls !== null) {
      const detail = this.verify(tls, hello)
      if (detail !== null) {
        this.close()
        this.observer.onConnectFailure('tls', detail)
        return
      }
      this.alpn = hello?.alpn ?? null
      this.peerCertificate = hello?.certificate ?? null
      if (hello !== null) tls.onFinished?.(this.outerHello ?? hello)
    }
    this.connected = true
    this.observer.onConnected(this)
  }

  /** TLS within TLS: the outer handshake was with the acceptor, the inner one with somebody further on. */
  private verify(tls: ClientHello, hello: ServerHello | null): string | null {
    const { outerHello } = this
    if (hello === null) return NOT_TLS
    if (outerHello === null || tls.inner === undefined) return tls.verify(hello.certificate)
    return tls.verify(outerHello.certificate) ?? tls.inner.verify(hello.certificate)
  }

  // The dialler's side.

  request(request: HttpRequest, observer: ResponseObserver): RequestHandle {
    const exchange = new Exchange(this, request, observer)
    this.exchanges.push(exchange)
    exchange.start()
    return exchange
  }

  send(data: string): void {
    if (this.clientOpen) this.scheduler.schedule(this.serverTime(), this, TO_SERVER, data)
  }

  close(): void {
    if (!this.clientOpen) return
    this.clientOpen = false
    if (this.pending !== 0 && this.scheduler.cancel(this.pending)) this.pending = 0
    for (const exchange of this.exchanges) exchange.forget()
    if (this.serverOpen) this.scheduler.schedule(this.serverTime(), this, CLIENT_CLOSED, null)
  }

  // The acceptor's side.

  sendToClient(data: string): void {
    if (!this.serverOpen) return
    this.scheduler.schedule(this.clientTime(), this, TO_CLIENT, data)
  }

  closeServer(how: 'fin' | 'rst'): void {
    if (!this.serverOpen) return
    this.serverOpen = false
    this.host.ended(this)
    for (const exchange of this.exchanges) exchange.forgetServer()
    this.scheduler.schedule(this.clientTime(), this, SERVER_CLOSED, how)
  }

  /** The pod `id` at one end has vanished: the other end gets a reset. */
  cut(id: string): void {
    if (this.to === id) {
      const { handler } = this
      this.closeServer('rst')
      handler?.onClosed()
    } else if (this.from === id) this.close()
  }

  private clientGone(): void {
    if (!this.serverOpen) return
    this.serverOpen = false
    this.host.ended(this)
    const open = this.exchanges
    this.exchanges = []
    for (const exchange of open) exchange.serverLearnsOfCancel()
    this.handler?.onClosed()
  }

  private serverGone(how: 'fin' | 'rst'): void {
    if (!this.clientOpen) return
    this.clientOpen = false
    if (!this.connected) {
      this.observer.onConnectFailure(this.attempt.tls === null ? 'reset' : 'tls', '')
      return
    }
    const open = this.exchanges
    this.exchanges = []
    for (const exchange of open) exchange.clientLearnsOfReset('connection termination')
    this.observer.onClosed(how)
  }

  private end(): void {
    this.host.ended(this)
  }

  private toClient(kind: number, subject: unknown): void {
    this.scheduler.schedule(this.clientTime(), this, kind, subject)
  }

  /** @internal When a message that leaves now reaches the server. */
  serverTime(): SimTime {
    const at = this.scheduler.now + this.latency()
    if (at > this.lastToServer) this.lastToServer = at
    return this.lastToServer
  }

  /** @internal When a message that leaves now reaches the client. */
  clientTime(): SimTime {
    const at = this.scheduler.now + this.latency()
    if (at > this.lastToClient) this.lastToClient = at
    return this.lastToClient
  }

  /** @internal */
  isServerOpen(): boolean {
    return this.serverOpen
  }

  /** @internal */
  serverHandler(): ServerConnectionHandler | null {
    return this.handler
  }

  /** @internal */
  clock(): Scheduler {
    return this.scheduler
  }

  /** @internal */
  drop(exchange: Exchange): void {
    const i = this.exchanges.indexOf(exchange)
    if (i < 0) return
    const last = this.exchanges.pop()
    if (last !== undefined && last !== exchange) this.exchanges[i] = last
  }
}

/** The acceptor's end of a link. */
class ServerEnd implements ServerConnection {
  private readonly link: Link

  constructor(link: Link) {
    this.link = link
  }

  send(data: string): void {
    this.link.sendToClient(data)
  }

  close(how: 'fin' | 'rst'): void {
    this.link.closeServer(how)
  }

  answerHello(hello: ServerHello | null): void {
    this.link.answerHello(hello)
  }
}
