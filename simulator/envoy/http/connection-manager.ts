// The HTTP connection manager: filters compiled once per configuration, and what it does to a request before any filter
// sees it (source/common/http/conn_manager_impl.cc, conn_manager_utility.cc).
import type { HttpRequest, Responder, ServerConnection } from '../../wire/types.ts'
import type { JsonObject } from '../../xds/types.ts'
import { type AccessLog, accessLogsOf } from '../access-log.ts'
import type { HttpFilter } from '../filters/http/filter.ts'
import { createHttpFilter } from '../filters/http/registry.ts'
import type { Terminal } from '../filters/network/gate.ts'
import { createStats } from '../filters/stats/create.ts'
import type { IstioStats } from '../filters/stats/istio-stats.ts'
import { put, remove } from '../header-lines.ts'
import { duration, header, list, object, text } from '../json.ts'
import type { Downstream, ProxyCore } from '../proxy.ts'
import { compileRouteTable, type RouteTable } from '../route.ts'
import { badRequest, type CodecError, NO_CONNECT, NOT_HTTP1, recordCodecError } from './codec-error.ts'
import {
  clientAddress,
  clientCertElement,
  compileForwarding,
  type ForwardingSettings,
  needsSanitizing,
  sanitize,
} from './forwarding.ts'
import type { LocalReply } from './local-reply.ts'
import { normalizePath, unescapeSlashes } from './path.ts'
import { HttpStream } from './stream.ts'

/** What Envoy waits where nothing is said; istiod says 0. */
const FIVE_MINUTES = 300_000_000
const XFCC = 'x-forwarded-client-cert'

export class ConnectionManager {
  readonly core: ProxyCore
  readonly serverName: string
  readonly filters: readonly HttpFilter[]
  readonly accessLogs: () => readonly AccessLog[]
  /** Istio's statistics filters; null = nobody asks for metrics. */
  readonly stats: readonly IstioStats[] | null
  private readonly forwarding: ForwardingSettings
  private readonly normalize: boolean
  private readonly mergeSlashes: boolean
  private readonly unescapeSlashes: boolean
  private readonly acceptHttp10: boolean
  private readonly allowConnect: boolean
  private readonly upgrades: ReadonlySet<string>
  /** Microseconds that a stream may be idle, and last; 0 = no end. */
  readonly idleTimeout: number
  readonly maxDuration: number
  private readonly rds: string
  private readonly inline: RouteTable | null

  constructor(config: JsonObject, core: ProxyCore) {
    this.core = core
    this.serverName = text(config.server_name, 'envoy')
    const prefix = text(config.stat_prefix)
    this.filters = list(config.http_filters)
      .map(entry => createHttpFilter(object(entry), name => core.stats.counter(`http.${prefix}.${name}`), core))
      .filter(filter => filter !== null)
    this.accessLogs = accessLogsOf(config.access_log)
    this.stats = createStats(list(config.http_filters).map(object), core.options.metrics)
    this.forwarding = compileForwarding(config)
    this.normalize = config.normalize_path === true
    this.mergeSlashes = config.merge_slashes === true
    this.unescapeSlashes = text(config.path_with_escaped_slashes_action).startsWith('UNESCAPE')
    this.acceptHttp10 = object(config.http_protocol_options).accept_http_10 === true
    this.allowConnect = object(config.http2_protocol_options).allow_connect === true
    this.upgrades = new Set(list(config.upgrade_configs).map(u => text(object(u).upgrade_type).toLowerCase()))
    this.idleTimeout = duration(config.stream_idle_timeout, FIVE_MINUTES)
    this.maxDuration = duration(object(config.common_http_protocol_options).max_stream_duration)
    this.rds = text(object(config.rds).route_config_name)
    const own = object(config.route_config)
    this.inline = config.rds === undefined ? compileRouteTable({ name: text(own.name), ...own }) : null
  }

  /** The routes as they are now; null while none came. */
  table(): RouteTable | null {
    return this.inline ?? this.core.routeTable(this.rds)
  }

  /** An upgrade travels over HTTP/2 as extended CONNECT: may it? */
  refusesUpgrade({ protocol, headers }: HttpRequest): boolean {
    return protocol === 'HTTP/2' && !this.allowConnect && header(headers, 'upgrade') !== undefined
  }

  /** The server side of one connection. */
  handler(down: Downstream, connection: ServerConnection): ManagedConnection {
    return new ManagedConnection(this, down, connection)
  }

  /** Judges and prepares a request; a reply means that it goes no further. */
  admit(stream: HttpStream): LocalReply | null {
    const { request, down } = stream
    if (request.protocol === 'HTTP/1.0' && !this.acceptHttp10)
      return { status: 426, body: '', flag: '', details: 'low_version' }
    if (request.authority === '') return { status: 400, body: '', flag: '', details: 'missing_host_header' }
    const upgrade = header(request.headers, 'upgrade')
    if (upgrade !== undefined && request.protocol !== 'HTTP/2' && !this.upgrades.has(upgrade.toLowerCase()))
      return { status: 403, body: '', flag: '', details: 'upgrade_failed' }
    if (!this.preparePath(stream)) return { status: 400, body: '', flag: '', details: 'path_normalization_failed' }
    stream.remoteIp = clientAddress(request.headers, down.sourceIp, this.forwarding)
    const edge = this.forwarding.useRemoteAddress
    if (needsSanitizing(request.headers, edge)) {
      stream.ownHeaders()
      stream.request.headers = sanitize(stream.request.headers, edge)
    }
    if (edge) this.atEdge(stream)
    this.clientCertificate(stream)
    if (header(stream.request.headers, 'x-forwarded-proto') === undefined)
      stream.ownHeaders().push(['x-forwarded-proto', down.tls ? 'https' : 'http'])
    if (edge) put(stream.ownHeaders(), 'x-request-id', this.core.uuid())
    else if (header(stream.request.headers, 'x-request-id') === undefined)
      stream.ownHeaders().push(['x-request-id', this.core.uuid()])
    return null
  }

  private preparePath(stream: HttpStream): boolean {
    const { path, method } = stream.request
    if (!this.normalize || method === 'CONNECT') return true
    const plain = this.unescapeSlashes ? unescapeSlashes(path) : path
    const normal = normalizePath(plain, this.mergeSlashes)
    if (normal === null) return false
    if (normal !== path) stream.change({ path: normal })
    return true
  }

  /** Where strangers come in: their address is written down, and whether they came over TLS. */
  private atEdge(stream: HttpStream): void {
    const { down } = stream
    const headers = stream.ownHeaders()
    const before = header(headers, 'x-forwarded-for')
    put(headers, 'x-forwarded-for', before === undefined ? down.sourceIp : `${before},${down.sourceIp}`)
    if (this.forwarding.trustedHops === 0 || header(headers, 'x-forwarded-proto') === undefined)
      put(headers, 'x-forwarded-proto', down.tls ? 'https' : 'http')
    put(headers, 'x-envoy-external-address', stream.remoteIp)
  }

  private clientCertificate(stream: HttpStream): void {
    const { clientCert, details } = this.forwarding
    const { down } = stream
    if (clientCert === 'ALWAYS_FORWARD_ONLY') return
    if (clientCert === 'SANITIZE' || down.certificate === null) {
      if (header(stream.request.headers, XFCC) !== undefined) remove(stream.ownHeaders(), XFCC)
      return
    }
    if (clientCert === 'FORWARD_ONLY') return
    const element = stream.connection.clientCertElement(details)
    const headers = stream.ownHeaders()
    const before = clientCert === 'APPEND_FORWARD' ? header(headers, XFCC) : undefined
    put(headers, XFCC, before === undefined ? element : `${before},${element}`)
  }
}

/** One downstream connection: HTTP until a stream is upgraded, then that stream's bytes. */
export class ManagedConnection implements Terminal {
  readonly manager: ConnectionManager
  readonly down: Downstream
  private readonly connection: ServerConnection
  private latest: HttpStream | null = null
  /** Of x-forwarded-client-cert: the peer stays the same as long as the connection. */
  private element: string | null = null

  constructor(manager: ConnectionManager, down: Downstream, connection: ServerConnection) {
    this.manager = manager
    this.down = down
    this.connection = connection
  }

  /** The element of x-forwarded-client-cert for this connection's peer; '' without a certificate. */
  clientCertElement(details: ForwardingSettings['details']): string {
    const { certificate, ownSans } = this.down
    this.element ??= certificate === null ? '' : clientCertElement(ownSans, certificate, details)
    return this.element
  }

  send(data: string): void {
    this.latest?.touch()
    this.connection.send(data)
  }

  close(): void {
    this.connection.close('fin')
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    if (this.manager.refusesUpgrade(request)) {
      this.codecError(NO_CONNECT)
      return
    }
    const stream = new HttpStream(this, request, responder)
    this.latest = stream
    stream.begin()
  }

  onData(data: string): void {
    if (this.latest !== null) {
      this.latest.touch()
      this.latest.router.sendUpgraded(data)
    } else {
      this.connection.send(badRequest(this.manager.serverName))
      this.codecError(NOT_HTTP1)
    }
  }

  /** All streams of the connection end with it. */
  private codecError(error: CodecError): void {
    recordCodecError(this.manager.core, this.down, error)
    this.connection.close('fin')
  }

  onClosed(): void {
    this.latest?.router.closeUpgraded()
  }

  refuse(): void {
    this.connection.close('fin')
  }
}
