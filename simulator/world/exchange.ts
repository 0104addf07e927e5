// One HTTP request and its answer on a link: the dialler's handle and the acceptor's responder in one object.
import type { EventHandler, EventId } from '../engine/index.ts'
import type {
  HttpRequest,
  HttpResponse,
  RequestHandle,
  Responder,
  ResponseObserver,
  StreamResetReason,
} from '../wire/types.ts'
import type { Link } from './link.ts'

const REQUEST = 1
const RESPONSE = 2
const RESET = 3
const CANCEL = 4

/** How a reset looks from the other end (source/common/http/codec_client.cc: what the peer did is remote). */
function seenFromAfar(reason: StreamResetReason): StreamResetReason {
  if (reason === 'local reset') return 'remote reset'
  return reason === 'local refused stream reset' ? 'remote refused stream reset' : reason
}

/** Delivered at most once to either side; whoever gives up first hears nothing more. */
export class Exchange implements EventHandler, RequestHandle, Responder {
  onCancel: (() => void) | null = null
  private readonly link: Link
  private readonly message: HttpRequest
  private observer: ResponseObserver | null
  /** The event that carries the request while it travels. */
  private travelling: EventId = 0
  private atServer = false
  private answered = false

  constructor(link: Link, message: HttpRequest, observer: ResponseObserver) {
    this.link = link
    this.message = message
    this.observer = observer
  }

  /** The request leaves the dialler. */
  start(): void {
    this.travelling = this.link.clock().schedule(this.link.serverTime(), this, REQUEST, null)
  }

  onEvent(kind: number, subject: unknown): void {
    if (this.link.holds(this, kind, subject)) return
    switch (kind) {
      case REQUEST:
        this.travelling = 0
        if (!this.link.isServerOpen()) return
        this.atServer = true
        this.link.serverHandler()?.onRequest(this.message, this)
        return
      case RESPONSE: {
        const { observer } = this
        this.observer = null
        this.link.drop(this)
        observer?.onResponse(subject as HttpResponse)
        return
      }
      case RESET:
        this.clientLearnsOfReset(subject as StreamResetReason)
        return
      case CANCEL:
        this.serverLearnsOfCancel()
        return
    }
  }

  /** RequestHandle: the dialler gives up. */
  cancel(): void {
    if (this.observer === null) return
    this.observer = null
    this.link.drop(this)
    this.link.clock().schedule(this.link.serverTime(), this, CANCEL, null)
  }

  respond(response: HttpResponse): void {
    this.answer(RESPONSE, response)
  }

  reset(reason: StreamResetReason): void {
    this.answer(RESET, seenFromAfar(reason))
  }

  private answer(kind: number, subject: unknown): void {
    if (this.answered) return
    this.answered = true
    this.onCancel = null
    if (!this.link.isServerOpen()) return
    this.link.clock().schedule(this.link.clientTime(), this, kind, subject)
  }

  /** The dialler has closed the connection and hears nothing more. */
  forget(): void {
    this.observer = null
    if (this.travelling !== 0) this.link.clock().cancel(this.travelling)
  }

  /** The acceptor has closed the connection: what it answers from now on is lost. */
  forgetServer(): void {
    this.onCancel = null
  }

  /** The dialler's close or cancel has arrived. */
  serverLearnsOfCancel(): void {
    if (!this.atServer || this.answered) return
    this.answered = true
    const { onCancel } = this
    this.onCancel = null
    onCancel?.()
  }

  /** The exchange ended without a response. */
  clientLearnsOfReset(reason: StreamResetReason): void {
    const { observer } = this
    if (observer === null) return
    this.observer = null
    this.link.drop(this)
    observer.onReset(reason, '')
  }
}
