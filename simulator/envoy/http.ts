// One HTTP stream through the connection manager and the router: route, fault, pool, retries, time-outs, record
// (envoy: source/common/router/router.cc, retry_state_impl.cc).
import type { EventHandler, EventId } from '../engine/types.ts'
import type * as wire from '../wire/types.ts'
import type { HeaderLines, HttpRequest, HttpResponse, RequestHandle } from '../wire/types.ts'
import type { Host, UpstreamCluster } from './cluster.ts'
import { grpcTimeout, mutate, put } from './header-lines.ts'
import { duration, fraction, header, number, object, text } from './json.ts'
import { compileHeaders } from './matchers.ts'
import type { PoolUser } from './pool.ts'
import type { Downstream, ProxyCore } from './proxy.ts'
import { formatValue, redirectTo } from './redirect.ts'
import { FLAGS, retriesReset, retriesResponse } from './retry-conditions.ts'
import { barePath, type CompiledRoute, findHost, type RouteTable } from './route.ts'

const ROUTE_TIMEOUT = 1
const TRY_TIMEOUT = 2
const BACKOFF = 3
const DELAYED = 4
const FAULT = 'envoy.filters.http.fault'

export class HttpStream implements PoolUser, EventHandler {
  outgoing: HttpRequest
  private readonly core: ProxyCore
  private readonly down: Downstream
  private readonly request: HttpRequest
  private readonly responder: wire.Responder
  private readonly start: number
  private readonly span: number
  private readonly roll: number
  private route: CompiledRoute | null = null
  private choice: CompiledRoute['clusters'][number] | null = null
  private cluster: UpstreamCluster | null = null
  private host: Host | null = null
  private readonly tried: Host[] = []
  private flags: string[] = []
  private details = ''
  private attempts = 0
  private left = 0
  private interval = 0
  private holdsRetry = false
  private handle: RequestHandle | null = null
  private timer: EventId = 0
  private tryTimer: EventId = 0
  private waitTimer: EventId = 0
  private sent = -1
  private failure = ''
  private finished = false
  private injectedDelay = false
  private injectedAbort = false

  constructor(core: ProxyCore, down: Downstream, request: HttpRequest, responder: wire.Responder) {
    this.core = core
    this.down = down
    this.request = request
    this.outgoing = request
    this.responder = responder
    this.start = core.options.scheduler.now
    this.span = core.options.nextSpan()
    this.roll = core.dice.below(0x7fffffff)
    responder.onCancel = () => this.cancelled()
  }

  /** Runs the stream against the route table its connection manager holds now. */
  begin(table: RouteTable | null) {
    if (!table) return this.local(404, '', 'NR', 'route_configuration_not_found')
    const vhost = findHost(table, this.request.authority)
    if (vhost?.tls && !this.down.tls) {
      return this.local(301, '', '', 'direct_response', [
        ['location', `https://${this.request.authority}${this.request.path}`],
      ])
    }
    const path = barePath(this.request.path)
    const route = vhost?.routes.find(r => r.test(this.request, path, this.roll)) ?? null
    this.route = route
    const denied = this.down.filters.check(this.request, this.down)
    if (denied) return this.local(403, 'RBAC: access denied', '', `rbac_access_denied_matched_policy[${denied}]`)
    if (!route) return this.local(404, '', 'NR', 'route_not_found')
    const named = route.clusterHeader ? header(this.request.headers, route.clusterHeader) : undefined
    if (named !== undefined)
      this.choice = {
        name: named,
        until: 1,
        change: { request: { remove: [], add: [] }, response: { remove: [], add: [] } },
        config: {},
      }
    else if (route.total > 0) this.choice = route.clusters.find(c => c.until > this.roll % route.total) ?? null
    const fault = object(object(this.choice?.config.typed_per_filter_config)[FAULT] ?? route.perFilter[FAULT])
    if (
      !compileHeaders(fault.headers).every(h =>
        h(this.request.headers, this.request.authority, this.request.path, this.request.method),
      )
    )
      return this.forward()
    const delay = object(fault.delay)
    if (fault.delay && this.core.dice.below(1_000_000) < fraction(delay.percentage)) {
      this.injectedDelay = true
      this.flags.push('DI')
      this.waitTimer = this.core.options.scheduler.after(duration(delay.fixed_delay), this, DELAYED, fault)
    } else this.abort(fault)
  }

  private abort(fault: ReturnType<typeof object>) {
    const abort = object(fault.abort)
    if (!fault.abort || this.core.dice.below(1_000_000) >= fraction(abort.percentage)) return this.forward()
    this.injectedAbort = true
    if (abort.grpc_status !== undefined) {
      this.flags.push('FI')
      this.details = 'fault_filter_abort'
      return this.answer({
        status: 200,
        headers: [
          ['content-type', 'application/grpc'],
          ['grpc-status', `${number(abort.grpc_status)}`],
          ['grpc-message', 'fault filter abort'],
        ],
        body: '',
        trailers: null,
        protocol: this.request.protocol,
      })
    }
    this.local(number(abort.http_status), 'fault filter abort', 'FI', 'fault_filter_abort')
  }

  private forward() {
    const route = this.route
    if (!route) return
    const direct = route.config.direct_response
    if (direct) return this.local(number(direct.status), text(object(direct.body).inline_string), '', 'direct_response')
    if (route.config.redirect) return this.redirect(route, object(route.config.redirect))
    const cluster = this.core.cluster(this.choice?.name ?? '')
    if (!cluster) {
      const code = text(route.action.cluster_not_found_response_code)
      return this.local(
        code === 'NOT_FOUND' ? 404 : code === 'INTERNAL_SERVER_ERROR' ? 500 : 503,
        '',
        'NC',
        'cluster_not_found',
      )
    }
    this.cluster = cluster
    this.left = route.retry?.retries ?? 0
    this.interval = route.retry?.base ?? 0
    this.prepare(route)
    let limit = route.timeout
    const grpc =
      route.maxGrpcTimeout >= 0 && this.grpc() ? grpcTimeout(header(this.request.headers, 'grpc-timeout')) : -1
    if (route.maxGrpcTimeout >= 0 && this.grpc())
      limit = grpc < 0 ? route.maxGrpcTimeout : route.maxGrpcTimeout > 0 ? Math.min(grpc, route.maxGrpcTimeout) : grpc
    if (limit > 0) this.timer = this.core.options.scheduler.after(limit, this, ROUTE_TIMEOUT, null)
    this.attempt()
  }

  private redirect(route: CompiledRoute, action: ReturnType<typeof object>) {
    const { code, location } = redirectTo(this.request, action, route.matchedPrefix)
    this.local(code, '', '', 'direct_response', [['location', location]])
  }

  private prepare(route: CompiledRoute): void {
    const r = this.request
    const headers: HeaderLines = r.headers.map(line => [line[0], line[1]])
    const out: HttpRequest = { ...r, headers, parentSpan: this.span }
    const set = (name: string, value: string) => put(headers, name, value)
    if (!header(headers, 'x-forwarded-proto')) set('x-forwarded-proto', this.down.tls ? 'https' : 'http')
    if (!header(headers, 'x-request-id')) set('x-request-id', this.core.uuid())
    const action = route.action
    const apply = this.choice ? [this.choice.change.request, ...route.request] : route.request
    for (const c of apply) mutate(headers, c, v => formatValue(v, this.request))
    const bare = barePath(r.path)
    if (typeof action.prefix_rewrite === 'string') {
      out.path = action.prefix_rewrite + r.path.slice(route.matchedPrefix.length)
      set('x-envoy-original-path', r.path)
    } else if (route.rewriteRegex) {
      out.path =
        route.rewriteRegex.pattern.matcher(bare).replaceAll(route.rewriteRegex.substitution) + r.path.slice(bare.length)
      set('x-envoy-original-path', r.path)
    }
    const host = text(action.host_rewrite_literal)
    if (host) {
      set('x-envoy-original-host', r.authority)
      out.authority = host
    }
    this.outgoing = out
  }

  private attempt() {
    const cluster = this.cluster
    const route = this.route
    if (!cluster || !route) return
    this.attempts++
    if (route.host.attemptCount) put(this.outgoing.headers, 'x-envoy-attempt-count', `${this.attempts}`)
    const avoid = this.attempts > 1 && route.retry?.avoidHosts ? this.tried : []
    const host = cluster.pick(avoid, route.retry?.picks ?? 1, { ip: this.down.ip, port: this.down.port })
    if (!host) return this.local(503, 'no healthy upstream', 'UH', 'no_healthy_upstream')
    this.host = host
    this.tried.push(host)
    host.pool.request(this)
  }

  onPoolReady(handle: RequestHandle, _connection: wire.ClientConnection): void {
    this.handle = handle
    this.sent = this.core.options.scheduler.now
    const perTry = this.route?.retry?.perTry ?? 0
    if (perTry > 0 && !this.finished) this.tryTimer = this.core.options.scheduler.after(perTry, this, TRY_TIMEOUT, null)
  }

  onPoolFailure(reason: wire.StreamResetReason, detail: string): void {
    if (reason !== 'overflow' && this.host) this.cluster?.report(this.host, 503)
    this.reset(reason, detail)
  }

  onReset(reason: wire.StreamResetReason, detail: string): void {
    if (this.host) this.cluster?.report(this.host, 503)
    this.reset(reason, detail)
  }

  private reset(reason: wire.StreamResetReason, detail: string): void {
    this.endTry()
    this.failure = detail
    const on = this.route?.retry?.on
    const wants = on && retriesReset(on, reason, this.sent >= 0)
    if (wants && this.retry()) return
    const again = this.attempts > 1 ? 'retried and the latest ' : ''
    const extra: HeaderLines = reason === 'overflow' ? [['x-envoy-overloaded', 'true']] : []
    const why = `${reason.replaceAll(' ', '_')}${detail ? `|${detail}` : ''}`
    this.local(
      reason === 'protocol error' ? 502 : 503,
      `upstream connect error or disconnect/reset before headers. ${again}reset reason: ${reason}`,
      FLAGS[reason] ?? '',
      `upstream_reset_before_response_started{${why}}`,
      extra,
    )
  }

  onResponse(response: HttpResponse): void {
    this.endTry()
    if (this.host) this.cluster?.report(this.host, response.status)
    const on = this.route?.retry?.on
    if (on && this.route?.retry) {
      const wants = retriesResponse(on, this.route.retry.codes, response)
      if (wants && this.retry()) return
    }
    this.details = 'via_upstream'
    const headers: HeaderLines = response.headers.map(line => [line[0], line[1]])
    const ms = Math.floor((this.core.options.scheduler.now - this.start) / 1000)
    put(headers, 'x-envoy-upstream-service-time', `${ms}`)
    this.answer({ ...response, headers, protocol: this.request.protocol })
  }

  private retry(): boolean {
    const policy = this.route?.retry
    const cluster = this.cluster
    if (!policy || !cluster) return false
    this.releaseRetry()
    if (this.left <= 0) {
      this.flags.push('URX')
      return false
    }
    this.left--
    if (cluster.retries >= cluster.maxRetries) {
      this.flags.push('UO')
      return false
    }
    cluster.retries++
    this.holdsRetry = true
    const wait = this.core.dice.below(Math.max(1, Math.floor(this.interval / 1000))) * 1000
    this.interval = this.interval < policy.max / 2 ? this.interval * 2 : policy.max
    this.waitTimer = this.core.options.scheduler.after(wait, this, BACKOFF, null)
    return true
  }

  onEvent(kind: number, subject: unknown): void {
    if (kind === BACKOFF) {
      this.waitTimer = 0
      this.attempt()
    } else if (kind === DELAYED) {
      this.waitTimer = 0
      this.abort(object(subject))
    } else {
      if (kind === ROUTE_TIMEOUT) this.timer = 0
      else this.tryTimer = 0
      if (this.host && this.handle) this.cluster?.report(this.host, 504)
      this.drop()
      const on = this.route?.retry?.on
      if (kind === TRY_TIMEOUT && on && (on.has('5xx') || on.has('gateway-error') || on.has('reset')) && this.retry())
        return
      this.local(
        504,
        'upstream request timeout',
        'UT',
        kind === ROUTE_TIMEOUT ? 'response_timeout' : 'upstream_per_try_timeout',
      )
    }
  }

  private endTry(): void {
    this.handle = null
    if (this.tryTimer) this.core.options.scheduler.cancel(this.tryTimer)
    this.tryTimer = 0
  }
  private drop(): void {
    this.host?.pool.withdraw(this)
    this.handle?.cancel()
    this.endTry()
  }
  private releaseRetry(): void {
    if (this.holdsRetry && this.cluster) this.cluster.retries--
    this.holdsRetry = false
  }
  private cancelled(): void {
    if (this.finished) return
    this.drop()
    this.flags.push('DC')
    this.details = 'downstream_remote_disconnect'
    this.finish(0, null)
  }
  private grpc(): boolean {
    return (header(this.request.headers, 'content-type') ?? '').startsWith('application/grpc')
  }

  private local(status: number, body: string, flag: string, details: string, extra: HeaderLines = []) {
    if (flag) this.flags.push(flag)
    this.details = details
    const headers: HeaderLines = [...extra]
    if (this.grpc() && details !== 'direct_response') {
      const codes: { [s: number]: number } = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 }
      headers.push(['content-type', 'application/grpc'], ['grpc-status', `${codes[status] ?? 2}`])
      if (body) headers.push(['grpc-message', body])
      return this.answer({ status: 200, headers, body: '', trailers: null, protocol: this.request.protocol })
    }
    if (body) headers.push(['content-length', `${body.length}`], ['content-type', 'text/plain'])
    this.answer({ status, headers, body, trailers: null, protocol: this.request.protocol })
  }

  private answer(response: HttpResponse): void {
    if (this.finished) return
    put(response.headers, 'server', this.down.server)
    if (this.route) {
      const all = this.choice ? [this.choice.change.response, ...this.route.response] : this.route.response
      for (const c of all) mutate(response.headers, c, v => formatValue(v, this.request))
    }
    this.finish(response.status, response)
    this.responder.respond(response)
  }

  private finish(status: number, response: HttpResponse | null): void {
    this.finished = true
    this.responder.onCancel = null
    this.releaseRetry()
    const { scheduler, recorder, id, pod } = this.core.options
    for (const t of [this.timer, this.tryTimer, this.waitTimer]) if (t) scheduler.cancel(t)
    if (!recorder.wants('stream')) return
    recorder.record({
      kind: 'stream',
      span: this.span,
      parentSpan: this.request.parentSpan,
      traceId: this.request.traceId,
      proxy: id,
      pod,
      direction: this.down.direction,
      start: this.start,
      end: scheduler.now,
      upstreamStart: this.sent,
      upstreamEnd: this.details === 'via_upstream' ? scheduler.now : -1,
      protocol: this.request.protocol,
      method: this.request.method,
      authority: this.request.authority,
      path: this.request.path,
      status,
      flags: this.flags,
      details: this.details,
      attempts: this.attempts,
      listener: this.down.listener,
      filterChain: this.down.chain,
      virtualHost: this.route?.host.name ?? '',
      routeName: this.route?.name ?? '',
      cluster: this.choice?.name ?? '',
      upstreamHost: this.host?.key ?? '',
      upstreamProtocol: this.cluster?.http2 ? 'HTTP/2' : 'HTTP/1.1',
      upstreamTransportFailure: this.failure,
      downstreamPeer: this.down.peer,
      mtls: this.down.peer !== '',
      requestId: header(this.outgoing.headers, 'x-request-id') ?? '',
      userAgent: header(this.request.headers, 'user-agent') ?? '',
      bytesReceived: this.request.body.length,
      bytesSent: response?.body.length ?? 0,
      injectedDelay: this.injectedDelay,
      injectedAbort: this.injectedAbort,
      isShadow: false,
      trail: null,
      requestHeaders: null,
      responseHeaders: null,
    })
  }
}
