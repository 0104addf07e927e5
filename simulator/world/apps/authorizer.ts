// An application that is an authorizer for envoy.service.auth.v3: its routes are asked about the request in question, and
// their answer becomes the verdict.
import { askedAbout, CHECK_PATH, verdictOf } from '../../wire/check.ts'
import type { HttpRequest, Responder } from '../../wire/types.ts'
import { GrpcResponder } from './grpc-responder.ts'

/** The request in question; null when this is no check. */
export function checked(request: HttpRequest): HttpRequest | null {
  return request.path === CHECK_PATH ? askedAbout(request.body, request) : null
}

/** Where an ordinary answer goes out as a CheckResponse. */
export const checkResponder = (inner: Responder): Responder =>
  new GrpcResponder(inner, ({ status, headers, body }) => verdictOf(status, headers, body))
