// A client of bare TCP as `nc` is one: connects, writes a line, waits for an answer, and so on until its lines are used up;
// then it closes. Without lines it only listens, as the clients of servers that speak first do (MySQL, SMTP).
import { type EventHandler, type Scheduler, Timer } from '../../engine/index.ts'
import type { ClientConnection, ConnectFailure, DialObserver, Network } from '../../wire/types.ts'
import type { ClientFailure, Destination, Resolve } from './client.ts'
import { helloFor } from './tls.ts'

/** What is said on one connection. */
export interface TcpTalk {
  /** Written without its line feed; null: the client says nothing and takes what the server says first. */
  line: string | null
  /** Lines in all; each waits for the answer to the one before. */
  lines: number
  /** Between an answer and the next line, µs. */
  pauseUs: number
}

export interface TcpObserver {
  /** All that was received, and why the talk ended early; null: every line was answered. */
  onTalked(subject: number, received: string, failure: ClientFailure | null): void
}

export interface TcpClientOptions {
  scheduler: Scheduler
  network: Network
  resolve: Resolve
}

const PATIENCE_OVER = 1
const NO_ADDRESS = 2
const NEXT_LINE = 3

export class TcpClient {
  private readonly options: TcpClientOptions

  constructor(options: TcpClientOptions) {
    this.options = options
  }

  /** `patienceUs` for the connection and for each answer; 0 waits for ever. The outcome comes later, never within `talk`. */
  talk(talk: TcpTalk, destination: Destination, patienceUs: number, observer: TcpObserver, subject: number): void {
    const { scheduler, network, resolve } = this.options
    const ip = resolve(destination.host, destination.port)
    new Conversation(scheduler, talk, patienceUs, observer, subject).begin(network, ip, destination)
  }
}

/** One connection, from the dial to the close. */
class Conversation implements EventHandler, DialObserver {
  private readonly scheduler: Scheduler
  private readonly talk: TcpTalk
  private readonly patienceUs: number
  private readonly observer: TcpObserver
  private readonly subject: number
  private attempt: { cancel(): void } | null = null
  private wire: ClientConnection | null = null
  private readonly patience: Timer
  private readonly pause: Timer
  private said = 0
  private received = ''

  constructor(scheduler: Scheduler, talk: TcpTalk, patienceUs: number, observer: TcpObserver, subject: number) {
    this.scheduler = scheduler
    this.patience = new Timer(scheduler, this, PATIENCE_OVER)
    this.pause = new Timer(scheduler, this, NEXT_LINE)
    this.talk = talk
    this.patienceUs = patienceUs
    this.observer = observer
    this.subject = subject
  }

  begin(network: Network, ip: string | null, destination: Destination): void {
    if (ip === null) {
      this.scheduler.after(0, this, NO_ADDRESS, null)
      return
    }
    this.wait()
    const firstBytes = this.talk.line === null ? 'none' : 'unknown'
    const { port, proxyHeader } = destination
    this.attempt = network.dial(
      { ip, port, tls: helloFor(destination, []), firstBytes, bypassCapture: false, proxyHeader },
      this,
    )
  }

  onEvent(kind: number): void {
    if (kind === NEXT_LINE) this.say()
    else this.end(kind === PATIENCE_OVER ? 'timeout' : 'unreachable')
  }

  onConnected(connection: ClientConnection): void {
    this.attempt = null
    this.wire = connection
    if (this.talk.line !== null) this.say()
  }

  onConnectFailure(failure: ConnectFailure): void {
    this.attempt = null
    this.end(failure)
  }

  onData(data: string): void {
    this.received += data
    if (this.talk.line === null || this.said >= this.talk.lines) {
      this.end(null)
      return
    }
    this.patience.disarm()
    this.pause.arm(this.talk.pauseUs)
  }

  onClosed(how: 'fin' | 'rst'): void {
    this.wire = null
    this.end(how === 'rst' ? 'reset' : 'closed')
  }

  private say(): void {
    this.said++
    this.wait()
    this.wire?.send(`${this.talk.line}\n`)
  }

  private end(failure: ClientFailure | null): void {
    this.patience.disarm()
    this.pause.disarm()
    this.attempt?.cancel()
    this.wire?.close()
    this.attempt = null
    this.wire = null
    this.observer.onTalked(this.subject, this.received, failure)
  }

  private wait(): void {
    this.patience.disarm()
    if (this.patienceUs > 0) this.patience.arm(this.patienceUs)
  }
}
