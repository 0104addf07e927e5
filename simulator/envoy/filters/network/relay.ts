// The two ears of a TCP session on its upstream side: on the connection, and on one HTTP message that it carries without
// looking inside (messages travel whole in this model).
import type {
  ClientConnection,
  ConnectFailure,
  DialObserver,
  HttpRequest,
  HttpResponse,
  RequestHandle,
  Responder,
  ResponseObserver,
  StreamResetReason,
} from '../../../wire/types.ts'

export interface TcpUpstreamUser {
  onConnected(connection: ClientConnection): void
  onConnectFailure(failure: ConnectFailure, detail: string): void
  fromUpstream(data: string): void
  upstreamClosed(how: 'fin' | 'rst'): void
  /** A message of this many bytes passed back. */
  passed(length: number): void
}

export class UpstreamEar implements DialObserver {
  private readonly user: TcpUpstreamUser

  constructor(user: TcpUpstreamUser) {
    this.user = user
  }
  onConnected(connection: ClientConnection): void {
    this.user.onConnected(connection)
  }
  onConnectFailure(failure: ConnectFailure, detail: string): void {
    this.user.onConnectFailure(failure, detail)
  }
  onData(data: string): void {
    this.user.fromUpstream(data)
  }
  onClosed(how: 'fin' | 'rst'): void {
    this.user.upstreamClosed(how)
  }
}

export class Relay implements ResponseObserver {
  private readonly user: TcpUpstreamUser
  private readonly responder: Responder
  private handle: RequestHandle | null = null

  constructor(user: TcpUpstreamUser, responder: Responder) {
    this.user = user
    this.responder = responder
  }

  send(upstream: ClientConnection, request: HttpRequest): void {
    this.handle = upstream.request(request, this)
    this.responder.onCancel = () => this.handle?.cancel()
  }

  onResponse(response: HttpResponse): void {
    this.user.passed(response.body.length)
    this.responder.respond(response)
  }

  onReset(reason: StreamResetReason): void {
    // A connection that ends takes the message with it; the close of the other side tells.
    if (reason !== 'connection termination') this.responder.reset(reason)
  }
}
