// Where an ordinary answer of an application goes out as the answer of a gRPC service that it stands for.
import type { HttpResponse, Responder, StreamResetReason } from '../../wire/types.ts'

export class GrpcResponder implements Responder {
  private readonly inner: Responder
  private readonly messageOf: (response: HttpResponse) => object | null

  /** `messageOf`: the message that an answer becomes; null: the call fails (grpc-status 2, UNKNOWN). */
  constructor(inner: Responder, messageOf: (response: HttpResponse) => object | null) {
    this.inner = inner
    this.messageOf = messageOf
  }

  respond(response: HttpResponse): void {
    const message = this.messageOf(response)
    this.inner.respond({
      status: 200,
      headers: [['content-type', 'application/grpc']],
      body: message === null ? '' : JSON.stringify(message),
      trailers: [['grpc-status', message === null ? '2' : '0']],
      protocol: response.protocol,
    })
  }

  reset(reason: StreamResetReason): void {
    this.inner.reset(reason)
  }

  get onCancel(): (() => void) | null {
    return this.inner.onCancel
  }

  set onCancel(act: (() => void) | null) {
    this.inner.onCancel = act
  }
}
