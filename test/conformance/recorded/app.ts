// The servers of the recordings, as acceptors: an HTTP echo steered by its behaviour and by x-app-* headers, a line
// server over TCP, and HTTPS.
import type { RandomStream, Scheduler } from '../../../simulator/engine/index.ts'
import type {
  Acceptor,
  AcceptResult,
  ConnectionAttempt,
  HeaderLines,
  HttpRequest,
  Network,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
} from '../../../simulator/wire/types.ts'
import { Caller } from './caller.ts'
import type { Behaviour } from './case.ts'
import { later } from './later.ts'
import { splitUrl } from './url.ts'

export interface Hit {
  host: string
  path: string
}

interface Tried {
  url: string
  status: number
  by: string
  tries: number
  calls: unknown
}

const FORWARDED = ['x-request-id', 'end-user', 'x-app-only', 'x-app-status', 'x-app-delay-ms']
const CALL_PATIENCE_MS = 30_000
/** The recordings' own authority stands for the public ones; it also signs the mesh's identities. */
const AUTHORITY = 'cluster.local'

/** One workload's servers and their common state. */
export class App {
  seen = 0
  hits: Hit[] = []
  readonly name: string
  readonly scheduler: Scheduler
  private readonly dice: RandomStream
  private readonly resolve: (host: string) => string | null
  private readonly caller: Caller
  private behaviour: Behaviour
  private count = 0

  constructor(
    name: string,
    behaviour: Behaviour,
    scheduler: Scheduler,
    network: Network,
    dice: RandomStream,
    resolve: (host: string) => string | null,
  ) {
    this.name = name
    this.behaviour = behaviour
    this.scheduler = scheduler
    this.dice = dice
    this.resolve = resolve
    this.caller = new Caller(network, scheduler)
  }

  /** Replaces the behaviour and starts its counters anew. */
  set(behaviour: Behaviour): void {
    this.behaviour = behaviour
    this.count = 0
  }

  /** The acceptor of one of its ports. */
  port(protocol: string, hosts: readonly string[]): Acceptor {
    if (protocol === 'tcp' || protocol === 'tcp-banner') return new LinePort(this, protocol === 'tcp-banner')
    return new HttpPort(this, protocol === 'tls' || protocol === 'https' ? hosts : null)
  }

  /** @internal */
  serve(request: HttpRequest, responder: Responder, connection: ServerConnection, sni: string): void {
    const header = new Map<string, string>()
    for (const [name, value] of request.headers) {
      const old = header.get(name)
      header.set(name, old === undefined ? value : `${old},${value}`)
    }
    const plan = this.decide(header)
    this.seen++
    this.hits.push({ host: request.authority, path: request.path })
    let gone = false
    responder.onCancel = () => {
      gone = true
    }
    const proto = request.protocol === 'HTTP/2' ? 'HTTP/2.0' : request.protocol
    const echo: Record<string, unknown> = {
      workload: this.name,
      method: request.method,
      path: request.path,
      host: request.authority,
      proto,
      headers: Object.fromEntries(header),
    }
    if (sni !== '') echo.sni = sni
    const go = () => {
      if (gone) return
      if (plan.reset) {
        if (request.protocol === 'HTTP/2') responder.reset('local reset')
        else connection.close('rst')
        return
      }
      const calls = this.behaviour.calls ?? []
      if (calls.length === 0 || plan.status !== 200) this.answer(request, header, plan, echo, responder)
      else
        this.callAll(request, header, calls, (results, status) => {
          echo.calls = results
          if (!gone) this.answer(request, header, status === 0 ? plan : { ...plan, status }, echo, responder)
        })
    }
    if (plan.delayMs > 0) later(this.scheduler, plan.delayMs, go)
    else go()
  }

  private decide(header: ReadonlyMap<string, string>) {
    const b = this.behaviour
    const n = ++this.count
    let status = b.status ?? 200
    let grpcStatus = b.grpc_status ?? 0
    let delayMs = b.delay_ms ?? 0
    let reset = b.reset === true || n <= (b.reset_first ?? 0)
    const every = b.fail_every ?? 0
    if (n <= (b.fail_first ?? 0) || (every > 0 && n % every === 0) || this.dice.next() < (b.fail_prob ?? 0))
      status = b.fail_status ?? 503
    const only = header.get('x-app-only')
    if (only !== undefined && only !== '' && only !== this.name) return { status, grpcStatus, delayMs, reset }
    const asked = (name: string) => (/^[+-]?\d+$/.test(header.get(name) ?? '') ? Number(header.get(name)) : null)
    const wanted = asked('x-app-status')
    if (wanted !== null && wanted >= 100 && wanted <= 999) status = wanted
    delayMs = asked('x-app-delay-ms') ?? delayMs
    grpcStatus = asked('x-app-grpc-status') ?? grpcStatus
    if ((header.get('x-app-reset') ?? '') !== '') reset = true
    return { status, grpcStatus, delayMs, reset }
  }

  private answer(
    request: HttpRequest,
    header: ReadonlyMap<string, string>,
    plan: { status: number; grpcStatus: number },
    echo: unknown,
    responder: Responder,
  ): void {
    const { protocol } = request
    const headers: HeaderLines = []
    if ((header.get('upgrade') ?? '').toLowerCase() === 'websocket') {
      headers.push(['upgrade', 'websocket'], ['connection', 'Upgrade'], ['x-app-name', this.name])
      responder.respond({ status: 101, headers, body: '', trailers: null, protocol })
      return
    }
    for (const [name, value] of Object.entries(this.behaviour.headers ?? {}))
      headers.push([name.toLowerCase(), String(value)])
    for (const pair of (header.get('x-app-response-headers') ?? '').split(';')) {
      const i = pair.indexOf('=')
      if (i > 0) headers.push([pair.slice(0, i).toLowerCase(), pair.slice(i + 1)])
    }
    headers.push(['x-app-name', this.name])
    if ((header.get('content-type') ?? '').startsWith('application/grpc')) {
      headers.push(['content-type', 'application/grpc'])
      if (plan.status !== 200) {
        responder.respond({ status: plan.status, headers, body: '', trailers: null, protocol })
      } else if (plan.grpcStatus !== 0) {
        headers.push(['grpc-status', String(plan.grpcStatus)], ['grpc-message', 'app'])
        responder.respond({ status: 200, headers, body: '', trailers: null, protocol })
      } else {
        const body = `\0\0\0\0\0${JSON.stringify(echo)}`
        responder.respond({ status: 200, headers, body, trailers: [['grpc-status', '0']], protocol })
      }
      return
    }
    const silent = request.method === 'HEAD' || plan.status === 204 || plan.status === 304
    const body = silent ? '' : (this.behaviour.body ?? JSON.stringify(echo))
    headers.push(['content-type', 'application/json'], ['content-length', String(body.length)])
    responder.respond({ status: plan.status, headers, body, trailers: null, protocol })
  }

  private callAll(
    request: HttpRequest,
    header: ReadonlyMap<string, string>,
    urls: readonly string[],
    done: (results: Tried[], status: number) => void,
  ): void {
    const b = this.behaviour
    const results: Tried[] = []
    let status = 0
    const one = (i: number, tries: number, by: string) => {
      const url = urls[i]
      if (url === undefined) {
        done(results, status)
        return
      }
      this.callOne(request, header, url, tried => {
        const named = { ...tried, by: tried.by || by, tries }
        const good = named.status > 0 && named.status < 500
        if (!good && tries < Math.max(b.call_attempts ?? 1, 1)) {
          one(i, tries + 1, named.by)
          return
        }
        const otherwise = b.call_error_status ?? 0
        if (!good && otherwise >= 0) status = otherwise === 0 ? 500 : otherwise
        results.push(named)
        one(i + 1, 1, '')
      })
    }
    one(0, 1, '')
  }

  private callOne(
    request: HttpRequest,
    header: ReadonlyMap<string, string>,
    url: string,
    done: (tried: Tried) => void,
  ): void {
    const failed: Tried = { url, status: 0, by: '', tries: 1, calls: undefined }
    const to = splitUrl(url)
    const ip = this.resolve(to.host)
    if (ip === null) {
      later(this.scheduler, 0, () => done(failed))
      return
    }
    const headers: HeaderLines = []
    for (const name of [...FORWARDED, ...(this.behaviour.forward ?? [])]) {
      const value = header.get(name.toLowerCase())
      if (value !== undefined && value !== '') headers.push([name.toLowerCase(), value])
    }
    this.caller.call(
      {
        ip,
        port: to.port,
        tls: null,
        http2: false,
        newConnection: false,
        timeoutMs: this.behaviour.call_timeout_ms ?? CALL_PATIENCE_MS,
        request: {
          method: 'GET',
          scheme: 'http',
          authority: to.authority,
          path: to.path,
          headers,
          body: '',
          protocol: 'HTTP/1.1',
          traceId: request.traceId,
          parentSpan: request.parentSpan,
        },
      },
      (_error, response) => {
        if (response === null) {
          done(failed)
          return
        }
        let calls: unknown
        try {
          calls = JSON.parse(response.body).calls
        } catch {
          calls = undefined
        }
        const by = response.headers.find(([name]) => name === 'x-app-name')?.[1] ?? ''
        done({ url, status: response.status, by, tries: 1, calls })
      },
    )
  }
}

/** HTTP/1.1 and h2c, or HTTPS when it has names. */
class HttpPort implements Acceptor {
  private readonly app: App
  private readonly hosts: readonly string[] | null

  constructor(app: App, hosts: readonly string[] | null) {
    this.app = app
    this.hosts = hosts
  }

  accept(attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult {
    const { app, hosts } = this
    const { tls } = attempt
    let upgraded = false
    const handler: ServerConnectionHandler = {
      onRequest: (request, responder) => {
        if (hosts !== null && tls === null) {
          const headers: HeaderLines = [['connection', 'close']]
          const body = 'Client sent an HTTP request to an HTTPS server.\n'
          responder.respond({ status: 400, headers, body, trailers: null, protocol: 'HTTP/1.0' })
          return
        }
        if (request.headers.some(([n, v]) => n === 'upgrade' && v.toLowerCase() === 'websocket')) upgraded = true
        app.serve(request, responder, connection, tls?.sni ?? '')
      },
      onData: data => {
        if (upgraded) connection.send(`${app.name} ${data}`)
        else connection.close('fin')
      },
      onClosed: () => {},
    }
    if (tls === null) return { kind: 'accepted', hello: null, handler }
    if (hosts === null) return { kind: 'accepted', hello: null, handler }
    const alpn = tls.alpn.find(p => p === 'h2' || p === 'http/1.1') ?? null
    if (alpn === null && tls.alpn.length > 0)
      return {
        kind: 'tls-failure',
        detail: 'TLS_error:|268436576:SSL routines:OPENSSL_internal:TLSV1_ALERT_NO_APPLICATION_PROTOCOL:TLS_error_end',
      }
    const certificate = {
      sans: hosts.length > 0 ? [...hosts] : [app.name],
      issuer: AUTHORITY,
      notBefore: 0,
      notAfter: Number.MAX_SAFE_INTEGER,
      subject: '',
    }
    return { kind: 'accepted', hello: { alpn, certificate }, handler }
  }
}

/** Echoes lines behind the workload's name; with a banner it speaks first. */
class LinePort implements Acceptor {
  private readonly app: App
  private readonly banner: boolean

  constructor(app: App, banner: boolean) {
    this.app = app
    this.banner = banner
  }

  accept(_attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult {
    const { app } = this
    app.seen++
    if (this.banner) later(app.scheduler, 0, () => connection.send(`${app.name} banner\n`))
    const handler: ServerConnectionHandler = {
      // To a line server an HTTP request is lines that it echoes: no answer that HTTP knows.
      onRequest: (_request, responder) => responder.reset('protocol error'),
      onData: data => connection.send(`${app.name} ${data}`),
      onClosed: () => {},
    }
    return { kind: 'accepted', hello: null, handler }
  }
}
