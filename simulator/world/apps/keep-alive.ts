// A server's keep-alive timeout: a connection on which nothing has been asked for a while is closed. A request that is on its
// way at that moment is lost, and its sender sees the connection end instead of an answer.
import { type EventHandler, type Scheduler, Timer } from '../../engine/index.ts'
import type {
  HttpRequest,
  HttpResponse,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
  StreamResetReason,
} from '../../wire/types.ts'

/** Stands before the handler of a connection and watches when it is idle. */
export class KeepAlive implements ServerConnectionHandler, EventHandler {
  private readonly timer: Timer
  private readonly connection: ServerConnection
  private readonly handler: ServerConnectionHandler
  private readonly timeoutUs: number
  private open = 0

  constructor(scheduler: Scheduler, connection: ServerConnection, handler: ServerConnectionHandler, timeoutUs: number) {
    this.timer = new Timer(scheduler, this, 0)
    this.connection = connection
    this.handler = handler
    this.timeoutUs = timeoutUs
    this.timer.arm(timeoutUs)
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    this.open++
    this.timer.disarm()
    this.handler.onRequest(request, new WatchedResponder(responder, () => this.answered()))
  }

  onData(data: string): void {
    this.timer.disarm()
    this.handler.onData(data)
    if (this.open === 0) this.timer.arm(this.timeoutUs)
  }

  onClosed(): void {
    this.timer.disarm()
    this.open = Infinity
    this.handler.onClosed()
  }

  onEvent(): void {
    this.connection.close('fin')
    this.onClosed()
  }

  private answered(): void {
    if (--this.open === 0) this.timer.arm(this.timeoutUs)
  }
}

/** Tells once when its request is over, however that came. */
class WatchedResponder implements Responder {
  private readonly responder: Responder
  private over: (() => void) | null

  constructor(responder: Responder, over: () => void) {
    this.responder = responder
    this.over = over
  }

  get onCancel(): (() => void) | null {
    return this.responder.onCancel
  }

  set onCancel(learn: (() => void) | null) {
    this.responder.onCancel =
      learn &&
      (() => {
        this.end()
        learn()
      })
  }

  respond(response: HttpResponse): void {
    this.responder.respond(response)
    this.end()
  }

  reset(reason: StreamResetReason): void {
    this.responder.reset(reason)
    this.end()
  }

  private end(): void {
    const { over } = this
    this.over = null
    over?.()
  }
}
