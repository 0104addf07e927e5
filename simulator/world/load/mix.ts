// The requests of a load and their weights, made ready to send.
import { invariant, parseDuration, type RandomStream } from '../../engine/index.ts'
import type { HeaderLines, HttpProtocol, HttpRequest, ProxyHeader } from '../../wire/types.ts'
import { type ClientTls, type Destination, parseSocket, parseUrl, type Socket, type TcpTalk } from '../apps/index.ts'
import { signJwt } from './jwt.ts'
import type { LoadSpec, RequestSpec } from './types.ts'

export interface RequestTemplate {
  method: string
  url: string
  scheme: string
  authority: string
  path: string
  headers: HeaderLines
  body: string
  protocol: HttpProtocol
  destination: Destination
  /** What is said over bare TCP; null: it is HTTP. */
  talk: TcpTalk | null
}

export interface Mix {
  requests: readonly RequestTemplate[]
  pick(dice: RandomStream): number
}

export function compileMix(spec: LoadSpec, epochSeconds: number): Mix {
  invariant(spec.requests.length > 0, 'a load needs a request', { load: spec.name })
  const requests = spec.requests.map(request => compileRequest(request, spec, epochSeconds))
  let total = 0
  const bounds = spec.requests.map(request => (total += request.weight ?? 1))
  return { requests, pick: dice => (requests.length === 1 ? 0 : indexOf(bounds, dice.next() * total)) }
}

/** A request ready to send. The header lines are its own: proxies write on them. */
export function requestFrom(template: RequestTemplate, traceId: number): HttpRequest {
  const { method, scheme, authority, path, body, protocol } = template
  const headers: HeaderLines = template.headers.map(([name, value]) => [name, value])
  return { method, scheme, authority, path, headers, body, protocol, traceId, parentSpan: 0 }
}

function indexOf(bounds: readonly number[], point: number): number {
  for (let i = 0; i < bounds.length; i++) if (point < bounds[i]!) return i
  return bounds.length - 1
}

function compileRequest(request: RequestSpec, spec: LoadSpec, epochSeconds: number): RequestTemplate {
  const socket = parseSocket(request.url)
  if (socket !== null) return overTcp(request, spec, socket)
  const target = parseUrl(request.url)
  invariant(target !== null, 'a load needs http(s)://host[:port]/path', { load: spec.name, url: request.url })
  const headers: HeaderLines = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  const cookies = Object.entries(request.cookies ?? {}).map(([name, value]) => `${name}=${value}`)
  if (cookies.length > 0) headers.push(['cookie', cookies.join('; ')])
  if (request.jwt !== undefined) headers.push(['authorization', `Bearer ${signJwt(request.jwt, epochSeconds)}`])
  return {
    method: request.method ?? 'GET',
    url: request.url,
    scheme: target.scheme,
    authority: request.host ?? target.authority,
    path: target.path,
    headers,
    body: request.body ?? '',
    protocol: spec.protocol ?? 'HTTP/1.1',
    destination: {
      host: spec.via ?? target.host,
      port: target.port,
      tls: target.scheme === 'https' ? tlsOf(spec, target.host) : null,
      proxyHeader: headerOf(spec),
    },
    talk: null,
  }
}

/** Names are those of the URL, also where the load connects to a gateway instead. */
const tlsOf = (spec: LoadSpec, host: string): ClientTls => ({ sni: host, ...spec.tls })

/** The port is nobody's: load balancers hardly ever tell it. */
const headerOf = ({ proxyProtocol }: LoadSpec): ProxyHeader | undefined =>
  proxyProtocol === undefined ? undefined : { ip: proxyProtocol, port: 40_000 }

function overTcp(request: RequestSpec, spec: LoadSpec, { host, port, tls }: Socket): RequestTemplate {
  return {
    method: 'TCP',
    url: request.url,
    scheme: tls ? 'tls' : 'tcp',
    authority: `${host}:${port}`,
    path: '',
    headers: [],
    body: '',
    protocol: 'HTTP/1.1',
    destination: { host: spec.via ?? host, port, tls: tls ? tlsOf(spec, host) : null, proxyHeader: headerOf(spec) },
    talk: { line: request.send ?? null, lines: request.lines ?? 1, pauseUs: parseDuration(request.every ?? '0s') ?? 0 },
  }
}
