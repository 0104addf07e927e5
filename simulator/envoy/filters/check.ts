// The question to a gRPC authorizer and what its answer says (source/extensions/filters/common/ext_authz/
// check_request_utils.cc, ext_authz_grpc_impl.cc): for requests and for connections.
import type { CheckRequest, CheckResponse } from '../../wire/check.ts'
import { CHECK_PATH } from '../../wire/check.ts'
import type { HeaderLines, HttpRequest, HttpResponse } from '../../wire/types.ts'
import { header } from '../json.ts'
import type { Downstream } from '../proxy.ts'
import { grpcAnswer, grpcCall } from './grpc-call.ts'

/** error: nobody could be asked, or the authorizer said that it failed. */
export interface CheckVerdict {
  kind: 'ok' | 'denied' | 'error'
  /** HTTP status for the client; 0 = the filter's own. */
  status: number
  body: string
  /** Denied: for the client. Ok: for the upstream. */
  headers: HeaderLines
  /** Ok: taken from the request. */
  remove: readonly string[]
  /** Ok: for the client with the final answer. */
  toClient: HeaderLines
}

const FORBIDDEN = 403
/** A verdict that changes nothing. */
export const NOTHING = { status: 0, body: '', headers: [], remove: [], toClient: [] }

/** The gRPC call. `request` null: about a connection. */
export function checkCall(down: Downstream, request: HttpRequest | null, body: string, authority: string): HttpRequest {
  const peer = (address: string, port: number, principal: string) => ({
    address: { socket_address: { address, port_value: port } },
    ...(principal === '' ? {} : { principal }),
  })
  const check: CheckRequest = {
    attributes: {
      source: peer(down.sourceIp, down.sourcePort, down.peer),
      destination: peer(down.ip, down.port, down.ownSans[0] ?? ''),
      ...(request === null ? {} : { request: { http: httpPart(request, body) } }),
      ...(down.sni === '' ? {} : { tls_session: { sni: down.sni } }),
    },
  }
  return grpcCall(authority, CHECK_PATH, check, request ?? { traceId: 0, parentSpan: 0 })
}

function httpPart(request: HttpRequest, body: string) {
  const headers: Record<string, string> = {
    ':authority': request.authority,
    ':method': request.method,
    ':path': request.path,
    ':scheme': request.scheme,
  }
  for (const [name, value] of request.headers) {
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before},${value}`
  }
  return {
    id: header(request.headers, 'x-request-id') ?? '',
    method: request.method,
    headers,
    path: request.path,
    host: request.authority,
    scheme: request.scheme,
    protocol: request.protocol,
    ...(body === '' ? {} : { body }),
  }
}

/** What came back; null = nothing did. */
export function checkVerdict(response: HttpResponse | null): CheckVerdict {
  const answer: CheckResponse | null = grpcAnswer(response)
  if (answer === null) return { kind: 'error', ...NOTHING }
  const { ok_response: ok, denied_response: denied, error_response: failed } = answer
  if ((answer.status?.code ?? 0) === 0)
    return {
      kind: 'ok',
      ...NOTHING,
      headers: lines(ok?.headers),
      remove: ok?.headers_to_remove ?? [],
      toClient: lines(ok?.response_headers_to_add),
    }
  const said = failed ?? denied
  return {
    kind: failed === undefined ? 'denied' : 'error',
    ...NOTHING,
    status: said?.status?.code || (failed === undefined ? FORBIDDEN : 0),
    body: said?.body ?? '',
    headers: lines(said?.headers),
  }
}

const lines = (options: readonly { header: { key: string; value: string } }[] = []): HeaderLines =>
  options.map(({ header: { key, value } }) => [key.toLowerCase(), value])
