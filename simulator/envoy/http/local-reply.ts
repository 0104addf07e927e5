// Answers that the proxy makes itself (source/common/http/utility.cc sendLocalReply): text for HTTP, trailers-only for
// gRPC, nothing but headers for HEAD.
import type { HeaderLines, HttpRequest, HttpResponse } from '../../wire/types.ts'
import { header } from '../json.ts'

export interface LocalReply {
  status: number
  body: string
  /** Response flag, '' = none. */
  flag: string
  /** Response code details. */
  details: string
  headers?: HeaderLines
  /** gRPC status in place of the one that belongs to the HTTP status. */
  grpcStatus?: number
}

/** source/common/grpc/status.cc httpToGrpcStatus. */
const GRPC_STATUS: { [http: number]: number } = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
}
const UNKNOWN = 2

export function isGrpc(request: HttpRequest): boolean {
  const type = header(request.headers, 'content-type')
  return type !== undefined && /^application\/grpc($|[+;])/.test(type)
}

export function localResponse(request: HttpRequest, reply: LocalReply): HttpResponse {
  const headers: HeaderLines = reply.headers === undefined ? [] : reply.headers.map(([name, value]) => [name, value])
  const { protocol } = request
  if (isGrpc(request)) {
    headers.push(['content-type', 'application/grpc'])
    headers.push(['grpc-status', String(reply.grpcStatus ?? GRPC_STATUS[reply.status] ?? UNKNOWN)])
    if (reply.body !== '') headers.push(['grpc-message', reply.body])
    return { status: 200, headers, body: '', trailers: null, protocol }
  }
  if (reply.body !== '') {
    headers.unshift(['content-length', String(reply.body.length)])
    if (header(headers, 'content-type') === undefined) headers.push(['content-type', 'text/plain'])
  }
  return { status: reply.status, headers, body: request.method === 'HEAD' ? '' : reply.body, trailers: null, protocol }
}
