// An application that is an authorizer for envoy.service.auth.v3: its routes are asked about the request in question, and
// their answer becomes the verdict.
import { askedAbout, CHECK_PATH, verdictOf } from '../../wire/check.ts'
import type { HttpRequest, HttpResponse, Responder, StreamResetReason } from '../../wire/types.ts'

/** The request in question; null when this is no check. */
export function checked(request: HttpRequest): HttpRequest | null {
  return request.path === CHECK_PATH ? askedAbout(request.body, request) : null
}

/** Where an ordinary answer goes out as a CheckResponse. */
export class CheckResponder implements Responder {
  private readonly inner: Responder

  constructor(inner: Responder) {
    this.inner = inner
  }

  respond({ status, headers, body, protocol }: HttpResponse): void {
    this.inner.respond({
      status: 200,
      headers: [['content-type', 'application/grpc']],
      body: JSON.stringify(verdictOf(status, headers, body)),
      trailers: [['grpc-status', '0']],
      protocol,
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
