// What the listener filters do before a filter chain is chosen, where the client has not spoken yet: the connection stands
// open and waits for bytes, or for the time-out (source/common/listener_manager/active_tcp_socket.cc,
// source/extensions/filters/listener/{tls,http}_inspector).
//   waiting --bytes--> chosen    waiting --time-out--> chosen, where the listener says so, else closed
// A server that speaks first behind such a listener is never heard when there is no time-out: Istio's default.
import { type EventHandler, Timer } from '../engine/index.ts'
import type {
  AcceptResult,
  ConnectionAttempt,
  FirstBytes,
  HttpRequest,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
} from '../wire/types.ts'
import type { CompiledListener } from './listener.ts'
import type { ProxyOptions } from './options.ts'

const REQUEST_LINE = /^[A-Z]+ \S+ (HTTP\/1\.[01])\r?\n/
const PREFACE = 'PRI * HTTP/2.0'

/** Does a connection stand still in the inspectors until its client speaks? */
export function waitsForBytes(listener: CompiledListener, attempt: ConnectionAttempt): boolean {
  if (attempt.firstBytes !== 'none' || attempt.tls !== null) return false
  const port = attempt.destinationPort
  return listener.tlsInspector(port) || listener.httpInspector(port)
}

/** What the inspectors make of plain bytes. */
export function inspect(data: string): FirstBytes {
  if (data.startsWith(PREFACE)) return 'HTTP/2'
  return (REQUEST_LINE.exec(data)?.[1] as FirstBytes | undefined) ?? 'unknown'
}

/** A connection in the inspectors, and afterwards the door to whoever took it. */
export class Inspection implements ServerConnectionHandler, EventHandler {
  private readonly continues: boolean
  private readonly connection: ServerConnection
  private readonly choose: (seen: FirstBytes) => AcceptResult
  private handler: ServerConnectionHandler | null = null
  private over = false
  private readonly timeout: Timer

  /** `choose`: the filter chain's answer once it is known what the client says. */
  constructor(
    options: ProxyOptions,
    listener: CompiledListener,
    connection: ServerConnection,
    choose: (seen: FirstBytes) => AcceptResult,
  ) {
    this.timeout = new Timer(options.scheduler, this, 0)
    this.continues = listener.continueOnTimeout
    this.connection = connection
    this.choose = choose
    if (listener.filtersTimeout > 0) this.timeout.arm(listener.filtersTimeout)
  }

  onData(data: string): void {
    this.decide(inspect(data))
    this.handler?.onData(data)
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    this.decide(request.protocol)
    this.handler?.onRequest(request, responder)
  }

  onClosed(): void {
    this.stop()
    this.handler?.onClosed()
  }

  /** The time-out. */
  onEvent(): void {
    if (this.continues) this.decide('none')
    else this.close()
  }

  private decide(seen: FirstBytes): void {
    if (this.over) return
    this.stop()
    const result = this.choose(seen)
    if (result.kind === 'accepted') this.handler = result.handler
    else this.close()
  }

  private close(): void {
    this.stop()
    this.connection.close('fin')
  }

  private stop(): void {
    this.over = true
    this.timeout.disarm()
  }
}
