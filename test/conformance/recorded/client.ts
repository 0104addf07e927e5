// The client of the recordings: sends the traffic of one step and tells the outcome of each request.
import { X509Certificate } from 'node:crypto'
import type { Scheduler } from '../../../simulator/engine/index.ts'
import type {
  CertificateIdentity,
  ClientConnection,
  ClientHello,
  HeaderLines,
  HttpRequest,
  Network,
} from '../../../simulator/wire/types.ts'
import { Caller } from './caller.ts'
import type { Traffic } from './case.ts'
import { later } from './later.ts'
import { splitUrl } from './url.ts'

export interface Echo {
  workload: string
  method: string
  path: string
  host: string
  proto: string
  headers: Record<string, string>
  sni?: string
  calls?: unknown
}

export interface Result {
  index: number
  value: string
  status: number
  error: string
  by: string
  ms: number
  header: Record<string, string> | null
  echo: Echo | null
  body: string
  grpc: string
}

const PATIENCE_MS = 20_000
const MAX_BODY = 300

/** Sends a step's traffic; results in order of requests. */
export class Client {
  private readonly traffic: Traffic
  private readonly scheduler: Scheduler
  private readonly network: Network
  private readonly resolve: (host: string) => string | null
  private readonly caller: Caller
  private readonly done: (results: Result[]) => void
  private readonly results: Result[] = []
  private readonly total: number
  private readonly waiting: number[] = []
  private busy = 0
  private finished = 0

  constructor(
    traffic: Traffic,
    scheduler: Scheduler,
    network: Network,
    resolve: (host: string) => string | null,
    done: (results: Result[]) => void,
  ) {
    this.traffic = traffic
    this.scheduler = scheduler
    this.network = network
    this.resolve = resolve
    this.done = done
    this.caller = new Caller(network, scheduler)
    this.total = Math.max(1, traffic.requests ?? traffic.each?.values.length ?? 1)
  }

  start(): void {
    this.feed(0)
  }

  /** Jobs are handed to free workers one by one, with a pause after each. */
  private feed(i: number): void {
    if (i >= this.total) return
    if (this.busy >= Math.max(1, this.traffic.concurrency ?? 1)) {
      this.waiting.push(i)
      return
    }
    this.busy++
    this.one(i)
    later(this.scheduler, this.traffic.interval_ms ?? 0, () => this.feed(i + 1))
  }

  private finish(result: Result, start: number): void {
    this.results[result.index] = { ...result, ms: (this.scheduler.now - start) / 1000 }
    this.busy--
    this.finished++
    if (this.finished === this.total) {
      this.caller.close()
      this.done(this.results)
      return
    }
    const next = this.waiting.pop()
    if (next !== undefined) this.feed(next)
  }

  private one(index: number): void {
    const { traffic } = this
    const start = this.scheduler.now
    const values = traffic.each?.values ?? []
    const value = values.length > 0 ? String(values[index % values.length]) : ''
    const blank: Result = {
      index,
      value,
      status: 0,
      error: '',
      by: '',
      ms: 0,
      header: null,
      echo: null,
      body: '',
      grpc: '',
    }
    let url = traffic.url
    if (traffic.each?.query !== undefined)
      url += `${url.includes('?') ? '&' : '?'}${traffic.each.query}=${queryEscape(value)}`
    if (traffic.each?.path === true) url += value
    const to = splitUrl(url)
    const ip = this.resolve(to.host)
    if (ip === null) {
      later(this.scheduler, 0, () => this.finish({ ...blank, error: 'dns' }, start))
      return
    }
    const tls = to.scheme === 'https' || (to.scheme === 'tcp' && traffic.tls !== undefined) ? this.hello(to.host) : null
    if (to.scheme === 'tcp') this.line(blank, ip, to.port, tls, start)
    else this.http(blank, url, ip, tls, start)
  }

  private hello(host: string): ClientHello {
    const { tls, http2, grpc } = this.traffic
    const sni = tls?.sni === '-' ? '' : (tls?.sni ?? host)
    const alpn = tls?.alpn ?? (http2 === true || grpc === true ? ['h2'] : ['http/1.1'])
    return { sni, alpn, certificate: certificate(tls?.cert), verify: () => null }
  }

  private http(blank: Result, url: string, ip: string, tls: ClientHello | null, start: number): void {
    const { traffic } = this
    const { each } = traffic
    const { value } = blank
    const to = splitUrl(url)
    const http2 = traffic.http2 === true || traffic.grpc === true
    const given = new Map<string, string>()
    if (traffic.grpc === true) given.set('content-type', 'application/grpc').set('te', 'trailers')
    if (traffic.websocket === true)
      given
        .set('upgrade', 'websocket')
        .set('connection', 'Upgrade')
        .set('sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ==')
        .set('sec-websocket-version', '13')
    for (const [name, v] of Object.entries(traffic.headers ?? {})) given.set(name.toLowerCase(), String(v).trim())
    if (each?.header !== undefined && value !== '<none>') given.set(each.header.toLowerCase(), value.trim())
    given.delete('host')
    const body = traffic.grpc === true ? '\0\0\0\0\x02\n\0' : (traffic.body ?? '')
    const headers: HeaderLines = [...given]
    const method = each?.method === true ? value : traffic.grpc === true ? 'POST' : (traffic.method ?? 'GET')
    if (traffic.grpc !== true && (body !== '' || method === 'POST' || method === 'PUT' || method === 'PATCH'))
      headers.push(['content-length', String(body.length)])
    const request: HttpRequest = {
      method,
      scheme: to.scheme,
      authority: each?.host === true ? value : (traffic.host ?? to.authority),
      path: to.path,
      headers,
      body,
      protocol: http2 ? 'HTTP/2' : 'HTTP/1.1',
      traceId: blank.index + 1,
      parentSpan: 0,
    }
    let echoed: ((data: string) => void) | null = null
    this.caller.call(
      {
        ip,
        port: to.port,
        tls,
        http2,
        newConnection: traffic.new_conn === true || traffic.websocket === true,
        timeoutMs: traffic.timeout_ms ?? PATIENCE_MS,
        request,
      },
      (error, response, connection) => {
        if (response === null) {
          this.finish({ ...blank, error }, start)
          return
        }
        const header: Record<string, string> = {}
        for (const [name, v] of response.headers) header[name] = header[name] === undefined ? v : `${header[name]},${v}`
        const result = { ...blank, status: response.status, by: header['x-app-name'] ?? '' }
        if (traffic.websocket === true) {
          this.upgraded(result, response.status, response.body, connection, start, ear => {
            echoed = ear
          })
          return
        }
        const grpc =
          traffic.grpc === true
            ? (header['grpc-status'] ?? response.trailers?.find(([n]) => n === 'grpc-status')?.[1] ?? '')
            : ''
        const text = traffic.grpc === true && response.body.length > 5 ? response.body.slice(5) : response.body
        const echo = echoOf(text)
        this.finish({ ...result, header, grpc, echo, body: echo === null ? text.slice(0, MAX_BODY) : '' }, start)
      },
      data => echoed?.(data),
    )
  }

  private upgraded(
    result: Result,
    status: number,
    body: string,
    connection: ClientConnection | null,
    start: number,
    listen: (ear: (data: string) => void) => void,
  ): void {
    if (status !== 101 || connection === null) {
      this.finish({ ...result, body: body.slice(0, MAX_BODY) }, start)
      return
    }
    listen(data => {
      connection.close()
      this.finish({ ...result, body: data.trim() }, start)
    })
    connection.send('ping\n')
  }

  private line(blank: Result, ip: string, port: number, tls: ClientHello | null, start: number): void {
    const { traffic } = this
    let open: ClientConnection | null = null
    let ended = false
    const end = (result: Result, linger: number) => {
      if (ended) return
      ended = true
      this.scheduler.cancel(timer)
      const leave = () => {
        open?.close()
        this.finish(result, start)
      }
      if (linger > 0) later(this.scheduler, linger, leave)
      else leave()
    }
    const timer = later(this.scheduler, traffic.timeout_ms ?? PATIENCE_MS, () => {
      dial.cancel()
      end({ ...blank, error: 'timeout' }, 0)
    })
    const dial = this.network.dial(
      {
        ip,
        port,
        tls,
        firstBytes: traffic.recv_only === true && tls === null ? 'none' : 'unknown',
        bypassCapture: false,
      },
      {
        onConnected: connection => {
          open = connection
          if (traffic.recv_only !== true) connection.send(`${traffic.send ?? 'hello'}\n`)
        },
        onConnectFailure: (failure, detail) =>
          end({ ...blank, error: failure === 'tls' ? `tls: ${detail}` : failure }, 0),
        onData: data => {
          // the recording client reads one line
          const body = data.split('\n')[0]!.trim()
          end({ ...blank, status: 200, by: body.split(' ')[0] ?? '', body }, traffic.linger_ms ?? 0)
        },
        onClosed: how => end({ ...blank, error: how === 'rst' ? 'reset' : 'closed' }, 0),
      },
    )
  }
}

function echoOf(text: string): Echo | null {
  try {
    const found = JSON.parse(text) as Echo | null
    return typeof found === 'object' && found !== null && typeof found.workload === 'string' ? found : null
  } catch {
    return null
  }
}

function queryEscape(value: string): string {
  return encodeURIComponent(value).replace(/%20/g, '+')
}

function certificate(pem: string | undefined): CertificateIdentity | null {
  if (pem === undefined || !pem.includes('-----BEGIN')) return null
  const found = new X509Certificate(pem)
  const sans = (found.subjectAltName ?? '')
    .split(', ')
    .filter(s => s !== '')
    .map(s => s.replace(/^(DNS|URI):/, ''))
  return {
    sans,
    issuer: found.issuer.replace(/^CN=/, ''),
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
    subject: found.subject,
    pem,
  }
}
