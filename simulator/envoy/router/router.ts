// The router: one request to its cluster, tried until it is answered, given up or out of time
// (source/common/router/router.cc, retry_state_impl.cc).
//   begin -> [try -> waiting for a connection -> sent] -> answered
//                ^------ backing off <------ failed, retriable
import type { EventHandler, EventId, SimTime } from '../../engine/types.ts'
import type {
  CertificateIdentity,
  ClientConnection,
  HttpProtocol,
  HttpRequest,
  HttpResponse,
  ProxyHeader,
  RequestHandle,
  StreamResetReason,
} from '../../wire/types.ts'
import { hashOf } from '../hash-policy.ts'
import { put } from '../header-lines.ts'
import { localResponse } from '../http/local-reply.ts'
import { barePath } from '../http/path.ts'
import type { HttpStream } from '../http/stream.ts'
import { number, object, text } from '../json.ts'
import { redirectTo } from '../redirect.ts'
import { FLAGS, retriesReset, retriesResponse } from '../retry-conditions.ts'
import { type CompiledRoute, matchedLength } from '../route.ts'
import type { UpstreamCluster } from '../upstream/cluster.ts'
import type { Host } from '../upstream/host.ts'
import type { PoolUser } from '../upstream/pool-user.ts'
import { mirror } from './mirror.ts'
import { outgoingRequest } from './outgoing.ts'
import { mutateResponse } from './response-headers.ts'
import { globalTimeout } from './timeouts.ts'

const ROUTE_TIMEOUT = 1
const TRY_TIMEOUT = 2
const BACKOFF = 3
const SWITCHING_PROTOCOLS = 101
const NOT_FOUND: { [code: string]: number } = { NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 }

const withoutPort = (authority: string): string =>
  authority.includes(':') ? authority.replace(/:\d+$/, '') : authority

export class Router implements PoolUser, EventHandler {
  outgoing: HttpRequest
  /** Name for SNI where the cluster takes it from the request. */
  sni = ''
  alpn: readonly string[] | null = null
  host: Host | null = null
  attempts = 0
  /** When the last try went out and when its answer came; -1 = never. */
  sentAt: SimTime = -1
  answeredAt: SimTime = -1
  protocol = ''
  /** Own end of the upstream connection. */
  upstreamLocal = ''
  transportFailure = ''
  private readonly stream: HttpStream
  private route: CompiledRoute | null = null
  private cluster: UpstreamCluster | null = null
  private tried: Host[] | null = null
  private hash: bigint | null = null
  private left = 0
  private interval = 0
  private holdsRetry = false
  private inTry = false
  private handle: RequestHandle | null = null
  private connection: ClientConnection | null = null
  /** After a 101 the two connections are one: this ends it. */
  private upgrade: RequestHandle | null = null
  private began: SimTime = 0
  private timer: EventId = 0
  private tryTimer: EventId = 0
  private waitTimer: EventId = 0

  constructor(stream: HttpStream) {
    this.stream = stream
    this.outgoing = stream.request
  }

  /** What the server of the last try showed; null = plain text, or not connected. */
  get upstreamCertificate(): CertificateIdentity | null {
    return this.connection?.peerCertificate ?? null
  }

  get client(): ProxyHeader {
    const { sourceIp, sourcePort } = this.stream.down
    return { ip: sourceIp, port: sourcePort }
  }

  get downstreamProtocol(): HttpProtocol {
    return this.stream.received.protocol
  }

  begin(): void {
    const { stream } = this
    const { route, request, core } = stream
    this.began = stream.now
    if (stream.needsTls) {
      this.direct(301, '', [['location', `https://${request.authority}${request.path}`]])
      return
    }
    if (route === null) {
      this.fail(404, '', 'NR', 'route_not_found')
      return
    }
    this.route = route
    if (route.config.direct_response) {
      const answer = object(route.config.direct_response)
      this.direct(number(answer.status), text(object(answer.body).inline_string), [])
      return
    }
    if (route.config.redirect) {
      const { code, location } = redirectTo(
        request,
        object(route.config.redirect),
        matchedLength(route, barePath(request.path)),
      )
      this.direct(code, '', [['location', location]])
      return
    }
    const cluster = core.cluster(stream.clusterName)
    if (cluster === null) {
      const status = NOT_FOUND[text(route.action.cluster_not_found_response_code)] ?? 503
      this.fail(status, '', 'NC', 'cluster_not_found')
      return
    }
    this.forward(cluster, route)
  }

  private forward(cluster: UpstreamCluster, route: CompiledRoute): void {
    const { stream } = this
    this.cluster = cluster
    this.left = route.retry?.retries ?? 0
    this.interval = route.retry?.base ?? 0
    const limit = globalTimeout(route, stream.request)
    const perTry = route.retry?.perTry ?? 0
    this.outgoing = outgoingRequest(stream, route, perTry > 0 && (limit === 0 || perTry < limit) ? perTry : limit)
    if (cluster.settings.autoSni) this.sni = withoutPort(this.outgoing.authority)
    if (stream.alpnOffers !== null && cluster.alpnOverride) this.alpn = this.offers(cluster)
    if (route.hash.length > 0) this.hash = this.hashRequest(route)
    if (limit > 0) this.timer = stream.core.options.scheduler.after(limit, this, ROUTE_TIMEOUT, null)
    stream.note('cluster', cluster.name, '')
    this.attempt()
    if (route.mirrors.length > 0 && this.inTry) mirror(stream, route, this.outgoing, limit)
  }

  private offers(cluster: UpstreamCluster): readonly string[] | null {
    const kind = cluster.settings.protocolFor(this.downstreamProtocol, this.outgoing)
    return this.stream.alpnOffers?.get(kind === 'http2' ? 'HTTP/2' : 'HTTP/1.1') ?? null
  }

  private hashRequest(route: CompiledRoute): bigint | null {
    const { stream } = this
    const { down } = stream
    return hashOf(route.hash, {
      request: stream.request,
      sourceIp: stream.remoteIp,
      connection: `${down.ip}:${down.port}${down.sourceIp}:${down.sourcePort}`,
      setCookie: line => {
        stream.cookies = [...stream.cookies, line]
      },
    })
  }

  private attempt(): void {
    const { cluster, route, stream } = this
    if (cluster === null || route === null) return
    this.attempts++
    this.sentAt = -1
    if (route.host.attemptCount) put(this.outgoing.headers, 'x-envoy-attempt-count', String(this.attempts))
    const avoid = this.tried !== null && route.retry?.avoidHosts ? this.tried : []
    const { down } = stream
    const host = cluster.pick(
      avoid,
      this.attempts > 1 ? (route.retry?.picks ?? 1) : 1,
      { ip: down.ip, port: down.port },
      this.hash,
      this.prioritiesToSkip(route),
    )
    if (host === null) {
      this.host = null
      this.fail(503, 'no healthy upstream', 'UH', 'no_healthy_upstream')
      return
    }
    this.host = host
    if (route.retry !== null) {
      this.tried ??= []
      this.tried.push(host)
    }
    stream.note('endpoint', host.key, this.attempts > 1 ? `try ${this.attempts}` : '')
    this.inTry = true
    host.pool.request(this)
  }

  /** The retry policy may ask for other priorities than those that failed (previous_priorities). */
  private prioritiesToSkip(route: CompiledRoute): number {
    const every = route.retry?.priorityEvery ?? 0
    if (every === 0 || this.tried === null) return 0
    let skip = 0
    const until = this.tried.length - (this.tried.length % every)
    for (let i = 0; i < until; i++) skip |= 1 << this.tried[i]!.priority
    return skip
  }

  onPoolReady(handle: RequestHandle, connection: ClientConnection, protocol: HttpProtocol): void {
    const { stream, route } = this
    const { scheduler } = stream.core.options
    this.handle = handle
    this.connection = connection
    this.sentAt = scheduler.now
    this.protocol = protocol
    this.upstreamLocal = connection.localAddress
    const perTry = route?.retry?.perTry ?? 0
    if (perTry > 0 && this.inTry) this.tryTimer = scheduler.after(perTry, this, TRY_TIMEOUT, null)
  }

  onPoolFailure(reason: StreamResetReason, detail: string): void {
    if (reason !== 'overflow') this.blame(reason === 'connection timeout' ? 'timeout' : 'failed')
    this.transportFailure = detail
    this.reset(reason, detail)
  }

  onReset(reason: StreamResetReason, detail: string): void {
    this.blame('failed')
    this.reset(reason, detail)
  }

  private blame(outcome: 'failed' | 'timeout'): void {
    if (this.host !== null) this.cluster?.reportLocal(this.host, outcome)
  }

  private reset(reason: StreamResetReason, detail: string): void {
    const sent = this.sentAt >= 0
    this.endTry()
    this.stream.note('try', this.host?.key ?? '', `${reason}${detail === '' ? '' : `: ${detail}`}`)
    const on = this.route?.retry?.on
    if (on !== undefined && retriesReset(on, reason, sent) && this.retry()) return
    const again = this.attempts > 1 ? 'retried and the latest ' : ''
    const why = `${reason.replaceAll(' ', '_')}${detail === '' ? '' : `|${detail}`}`
    this.fail(
      reason === 'protocol error' ? 502 : 503,
      `upstream connect error or disconnect/reset before headers. ${again}reset reason: ${reason}`,
      FLAGS[reason] ?? '',
      `upstream_reset_before_response_started{${why}}`,
      reason === 'overflow' ? [['x-envoy-overloaded', 'true']] : [],
    )
  }

  onResponse(response: HttpResponse): void {
    if (response.status === SWITCHING_PROTOCOLS) this.upgrade = this.handle
    this.endTry()
    const { stream, route, cluster } = this
    if (this.host !== null) cluster?.report(this.host, response.status)
    const policy = route?.retry ?? null
    if (policy !== null && retriesResponse(policy.on, policy.codes, response)) {
      stream.note('try', this.host?.key ?? '', `answered ${response.status}`)
      if (this.retry()) {
        cluster?.chargeRetried(response.status)
        return
      }
    } else if (policy !== null && this.attempts > 1 && cluster !== null) cluster.counters.upstream_rq_retry_success++
    cluster?.charge(response.status)
    this.answeredAt = stream.now
    stream.details = 'via_upstream'
    const headers = response.headers.slice()
    put(headers, 'x-envoy-upstream-service-time', String(Math.floor((stream.now - this.began) / 1000)))
    const answer = { ...response, headers, protocol: this.downstreamProtocol }
    mutateResponse(stream, answer)
    stream.answer(answer)
  }

  /** Bytes from the client after an upgrade. */
  sendUpgraded(data: string): void {
    if (this.upgrade !== null) this.connection?.send(data)
  }

  /** The client has left the upgraded connection. */
  closeUpgraded(): void {
    if (this.upgrade === null) return
    this.upgrade.cancel()
    this.upgrade = null
    this.stream.endUpgrade(true)
  }

  /** The upgraded stream has reached a limit of time. */
  expireUpgraded(): void {
    this.upgrade?.cancel()
    this.upgrade = null
    this.stream.endUpgrade(false)
    this.stream.connection.close()
  }

  onUpgradeData(data: string): void {
    this.stream.connection.send(data)
  }

  onUpgradeClosed(): void {
    this.upgrade = null
    this.stream.endUpgrade(false)
    this.stream.connection.close()
  }

  get upgraded(): boolean {
    return this.upgrade !== null
  }

  /** Tries again after a while, when tries are left and the breaker lets it. */
  private retry(): boolean {
    const { cluster, stream } = this
    const policy = this.route?.retry
    if (policy === undefined || policy === null || cluster === null) return false
    this.giveBackRetry()
    if (this.left <= 0) {
      stream.flag('URX')
      cluster.counters.upstream_rq_retry_limit_exceeded++
      return false
    }
    this.left--
    if (!cluster.takeRetry()) {
      stream.flag('UO')
      return false
    }
    this.holdsRetry = true
    const wait = stream.core.dice.below(Math.max(1, Math.floor(this.interval / 1000))) * 1000
    this.interval = Math.min(policy.max, this.interval * 2)
    cluster.counters.upstream_rq_retry_backoff_exponential++
    this.waitTimer = stream.core.options.scheduler.after(wait, this, BACKOFF, null)
    return true
  }

  onEvent(kind: number): void {
    if (kind === BACKOFF) {
      this.waitTimer = 0
      this.attempt()
      return
    }
    if (kind === ROUTE_TIMEOUT) this.timer = 0
    else this.tryTimer = 0
    const waited = this.handle !== null
    if (waited) this.blame('timeout')
    this.drop()
    const { cluster } = this
    if (cluster !== null) {
      if (kind === ROUTE_TIMEOUT) cluster.counters.upstream_rq_timeout++
      else cluster.counters.upstream_rq_per_try_timeout++
    }
    const on = this.route?.retry?.on
    if (kind === TRY_TIMEOUT) {
      this.stream.note('try', this.host?.key ?? '', 'no answer in the time for one try')
      if (on !== undefined && retriesReset(on, 'local reset', true) && this.retry()) return
    }
    const details = kind === ROUTE_TIMEOUT ? 'response_timeout' : 'upstream_per_try_timeout'
    this.fail(504, 'upstream request timeout', 'UT', details)
  }

  private direct(status: number, body: string, headers: [string, string][]): void {
    const { stream } = this
    const response = localResponse(stream.request, { status, body, flag: '', details: 'direct_response', headers })
    mutateResponse(stream, response)
    stream.details = 'direct_response'
    stream.answer(response)
  }

  private fail(status: number, body: string, flag: string, details: string, headers: [string, string][] = []): void {
    this.cluster?.charge(status)
    this.stream.localReply({ status, body, flag, details, headers })
  }

  private endTry(): void {
    this.inTry = false
    this.handle = null
    if (this.tryTimer !== 0) this.stream.core.options.scheduler.cancel(this.tryTimer)
    this.tryTimer = 0
  }

  /** Gives up the try that is under way: no time is left, or no client. */
  drop(): void {
    if (this.inTry && this.handle === null) this.host?.pool.withdraw(this)
    this.handle?.cancel()
    this.endTry()
  }

  private giveBackRetry(): void {
    if (this.holdsRetry) this.cluster?.giveBackRetry()
    this.holdsRetry = false
  }

  /** The stream is over. */
  end(): void {
    this.giveBackRetry()
    const { scheduler } = this.stream.core.options
    if (this.timer !== 0) scheduler.cancel(this.timer)
    if (this.tryTimer !== 0) scheduler.cancel(this.tryTimer)
    if (this.waitTimer !== 0) scheduler.cancel(this.waitTimer)
    this.timer = 0
    this.tryTimer = 0
    this.waitTimer = 0
  }
}
