// envoy.service.auth.v3 as it travels: what a proxy asks an authorizer over gRPC, and what that answers. The bodies are
// protobuf's JSON, because messages are text here.
import type { HeaderLines, HttpRequest } from './types.ts'

export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check'

interface Peer {
  address: { socket_address: { address: string; port_value: number } }
  /** SPIFFE identity; absent without a certificate. */
  principal?: string
}

export interface CheckRequest {
  attributes: {
    source: Peer
    destination: Peer
    /** Absent when a connection is asked about. */
    request?: {
      http: {
        id: string
        method: string
        headers: Record<string, string>
        path: string
        host: string
        scheme: string
        protocol: string
        body?: string
      }
    }
    tls_session?: { sni: string }
  }
}

interface HeaderOption {
  header: { key: string; value: string }
  /** true: beside what is there; default: in its place. */
  append?: boolean
}

export interface CheckResponse {
  /** google.rpc.Status: 0 allows (protobuf's default), all else denies. */
  status?: { code?: number }
  ok_response?: { headers?: HeaderOption[]; headers_to_remove?: string[]; response_headers_to_add?: HeaderOption[] }
  denied_response?: { status?: { code?: number }; headers?: HeaderOption[]; body?: string }
  error_response?: { status?: { code?: number }; headers?: HeaderOption[]; body?: string }
}

/** Where a route of an application finds who the asked-about client is. */
export const SOURCE_PRINCIPAL = ':source-principal'

/** The request that is asked about, as an application's routes can match it; a connection is one without method and path. */
export function askedAbout(body: string, asked: HttpRequest): HttpRequest | null {
  let check: CheckRequest
  try {
    check = JSON.parse(body) as CheckRequest
  } catch {
    return null
  }
  const { source, request } = check.attributes
  const headers: HeaderLines = Object.entries(request?.http.headers ?? {})
  headers.push([SOURCE_PRINCIPAL, source.principal ?? ''])
  const { method = '', path = '', host = '', scheme = '' } = request?.http ?? {}
  return { ...asked, method, path, authority: host, scheme, headers, body: request?.http.body ?? '' }
}

const options = (headers: HeaderLines): HeaderOption[] => headers.map(([key, value]) => ({ header: { key, value } }))

/** An ordinary answer as a verdict: 200 allows and its headers go on, all else is what the client shall see. */
export function verdictOf(status: number, headers: HeaderLines, body: string): CheckResponse {
  if (status === 200) return { status: { code: 0 }, ok_response: { headers: options(headers) } }
  return { status: { code: 7 }, denied_response: { status: { code: status }, headers: options(headers), body } }
}
