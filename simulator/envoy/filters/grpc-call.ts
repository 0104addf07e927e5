// A unary gRPC call of a filter's own: the request that goes out, and the message that comes back. Bodies are protobuf's JSON,
// because messages are text here.
import type { HttpRequest, HttpResponse } from '../../wire/types.ts'
import { header } from '../json.ts'

/** `cause`: what made the filter ask, for observers. */
export function grpcCall(
  authority: string,
  path: string,
  message: object,
  cause: Pick<HttpRequest, 'traceId' | 'parentSpan'>,
): HttpRequest {
  return {
    method: 'POST',
    scheme: 'http',
    authority,
    path,
    headers: [
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ],
    body: JSON.stringify(message),
    protocol: 'HTTP/2',
    traceId: cause.traceId,
    parentSpan: cause.parentSpan,
  }
}

/** Null: no answer, another status than OK, or no message. */
export function grpcAnswer(response: HttpResponse | null): object | null {
  if (response === null) return null
  const status = header(response.trailers ?? [], 'grpc-status') ?? header(response.headers, 'grpc-status')
  if (status !== '0') return null
  try {
    const value: unknown = JSON.parse(response.body)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
