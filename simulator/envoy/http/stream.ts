// One HTTP stream through a connection manager: the filters in order, then the router, then the answer back through the
// filters (source/common/http/conn_manager_impl.cc, filter_manager.cc).
//   filters --stop--> waiting --resume--> filters --all passed--> router --answer--> over
import type { EventHandler, EventId } from '../../engine/types.ts'
import type { TrailStep } from '../../observation/types.ts'
import type { HeaderLines, HttpRequest, HttpResponse, Responder } from '../../wire/types.ts'
import type { JsonObject } from '../../xds/types.ts'
import { unwrap } from '../filters/http/registry.ts'
import { put } from '../header-lines.ts'
import { header, object } from '../json.ts'
import type { Downstream, ProxyCore } from '../proxy.ts'
import type { RbacSubject } from '../rbac.ts'
import { type CompiledHost, type CompiledRoute, findHost, whyNot } from '../route.ts'
import { mutateResponse } from '../router/response-headers.ts'
import { Router } from '../router/router.ts'
import type { Metadata } from '../value-matcher.ts'
import type { ConnectionManager, ManagedConnection } from './connection-manager.ts'
import { type LocalReply, localResponse } from './local-reply.ts'
import { barePath } from './path.ts'
import { recordStream } from './stream-record.ts'
import { durationLimit, idleLimit, StreamTimers } from './stream-timers.ts'

const START = 1
const WAITED = 2

/** The cluster of a route: the only one, the weighted one drawn, or the one that a header names. */
export type ClusterChoice = CompiledRoute['clusters'][number]

const UNCHANGED = { remove: [], add: [] }
/** Most streams have none of these: they are made by the first that there is. */
const NO_METADATA: Metadata = new Map()
const NOTHING: readonly string[] = []

export class HttpStream implements EventHandler {
  readonly core: ProxyCore
  readonly manager: ConnectionManager
  readonly down: Downstream
  readonly connection: ManagedConnection
  /** As the filters see it; as received until somebody changes it. */
  request: HttpRequest
  /** As it came in. */
  readonly received: HttpRequest
  metadata: Metadata = NO_METADATA
  readonly start: number
  readonly span: number
  flags: readonly string[] = NOTHING
  details = ''
  injectedDelay = false
  injectedAbort = false
  /** By protocol of the upstream request; null = the cluster's own list. */
  alpnOffers: ReadonlyMap<string, string[]> | null = null
  /** The trusted client address. */
  remoteIp = ''
  /** null = nobody asked for it. */
  readonly trail: TrailStep[] | null
  readonly router: Router
  host: CompiledHost | null = null
  route: CompiledRoute | null = null
  /** The virtual host takes TLS only, and this request came without. */
  needsTls = false
  choice: ClusterChoice | null = null
  /** Cookies that hash policies made for the client. */
  cookies: readonly string[] = NOTHING
  over = false
  private routed = false
  private owned = false
  private next = 0
  /** The answer on its way back, and how many filters are still to see it. */
  private answering: HttpResponse | null = null
  private answerLeft = 0
  private readonly roll: number
  private readonly responder: Responder
  private waitTimer: EventId = 0
  /** The 101 that made it a connection of bytes. */
  private switched: HttpResponse | null = null
  private timers: StreamTimers | null = null
  private afterWait: (() => void) | null = null
  private atEnd: (() => void)[] | null = null

  constructor(connection: ManagedConnection, request: HttpRequest, responder: Responder) {
    const { manager, down } = connection
    const { core } = manager
    const { scheduler, recorder, nextSpan } = core.options
    this.core = core
    this.manager = manager
    this.connection = connection
    this.down = down
    this.received = request
    this.request = request
    this.responder = responder
    this.start = scheduler.now
    this.span = nextSpan()
    this.roll = core.dice.below(0x7fffffff)
    this.trail = recorder.wantsTrail(request.traceId) ? [] : null
    this.router = new Router(this)
    responder.onCancel = () => this.cancelled()
  }

  /** Begins, after the proxy's own time when one is modelled. */
  begin(): void {
    const { proxyDelay, scheduler } = this.core.options
    const delay = proxyDelay === undefined ? 0 : proxyDelay()
    if (delay > 0) this.waitTimer = scheduler.after(delay, this, START, null)
    else this.run()
  }

  onEvent(kind: number): void {
    this.waitTimer = 0
    if (kind === START) this.run()
    else {
      const then = this.afterWait
      this.afterWait = null
      then?.()
    }
  }

  private run(): void {
    this.note('listener', this.down.listener, '')
    this.note(
      'filter chain',
      this.down.chain,
      this.down.tls ? (this.down.peer === '' ? 'TLS' : 'mutual TLS') : 'plain text',
    )
    const refusal = this.manager.admit(this)
    if (refusal !== null) {
      this.localReply(refusal)
      return
    }
    this.resolveRoute()
    this.limit()
    this.resume()
  }

  /** Most streams may last: they cost no timer. */
  private limit(): void {
    const idle = idleLimit(this.route, this.manager.idleTimeout)
    const longest = durationLimit(this, this.manager.maxDuration)
    if (idle > 0 || longest > 0) this.timers = new StreamTimers(this, idle, longest)
  }

  /** Bytes of an upgraded stream passed. */
  touch(): void {
    this.timers?.touch()
  }

  /** A limit of time is reached: an answer where there was none yet, else the end of the connection. */
  expire(reply: LocalReply): void {
    if (this.over) return
    if (this.router.upgraded) {
      if (reply.flag !== '') this.flag(reply.flag)
      this.details = reply.details
      this.router.expireUpgraded()
      return
    }
    this.router.drop()
    this.localReply(reply)
  }

  /** Goes on with the filters after the one that stopped. */
  resume(): void {
    const { filters } = this.manager
    while (!this.over && this.next < filters.length) if (filters[this.next++]!.onRequest(this) === 'stop') return
    if (this.over) return
    this.resolveRoute()
    this.router.begin()
  }

  /** Chooses virtual host, route and cluster, unless that was done since the last change. */
  private resolveRoute(): void {
    if (this.routed) return
    this.routed = true
    this.host = null
    this.route = null
    this.choice = null
    const table = this.manager.table()
    if (table === null) return
    this.host = findHost(table, this.request.authority)
    if (this.host === null) return
    this.note('virtual host', this.host.name, '')
    this.needsTls = this.host.tls && this.scheme() !== 'https'
    if (this.needsTls) return
    this.route = this.findRoute(this.host.routes)
    if (this.route !== null) this.choice = this.chooseCluster(this.route)
  }

  private findRoute(routes: readonly CompiledRoute[]): CompiledRoute | null {
    const path = barePath(this.request.path)
    const rejected: TrailStep['rejected'] | null = this.trail === null ? null : []
    for (const route of routes) {
      const why = whyNot(route, this.request, path, this.roll, this.metadata)
      if (why === null) {
        this.trail?.push({
          step: 'route',
          name: route.name,
          note: route.conditions.map(c => c.words).join(', '),
          rejected: rejected ?? [],
          config: route.origin,
          at: this.now,
        })
        return route
      }
      rejected?.push({ name: route.name, why: `asks that ${why.words}` })
    }
    this.trail?.push({
      step: 'route',
      name: '',
      note: 'no route matches',
      rejected: rejected ?? [],
      config: '',
      at: this.now,
    })
    return null
  }

  private chooseCluster(route: CompiledRoute): ClusterChoice | null {
    if (route.clusterHeader !== '') {
      const name = header(this.request.headers, route.clusterHeader) ?? ''
      return { name, until: 1, change: { request: UNCHANGED, response: UNCHANGED }, config: {} }
    }
    if (route.total === 0) return null
    const roll = this.roll % route.total
    const choice = route.clusters.find(c => c.until > roll) ?? null
    if (this.trail !== null && choice !== null && route.clusters.length > 1)
      this.note('cluster', choice.name, `drawn by weight: ${roll} of ${route.total}`)
    return choice
  }

  get now(): number {
    return this.core.options.scheduler.now
  }

  get clusterName(): string {
    return this.choice?.name ?? ''
  }

  /** What the route says to a filter: the weighted cluster's word before the route's and the virtual host's. */
  perFilter(name: string): JsonObject | null {
    const { choice, route } = this
    const weighted = choice === null ? undefined : object(choice.config.typed_per_filter_config)[name]
    const found = weighted ?? route?.perFilter[name] ?? object(this.host?.config.typed_per_filter_config)[name]
    return found === undefined ? null : unwrap(object(found)).value
  }

  flag(flag: string): void {
    if (!this.flags.includes(flag)) this.flags = [...this.flags, flag]
  }

  note(step: TrailStep['step'], name: string, note: string): void {
    this.trail?.push({ step, name, note, rejected: [], config: '', at: this.now })
  }

  /** `then` runs after so many microseconds, unless the stream is over by then. */
  wait(us: number, then: () => void): void {
    this.afterWait = then
    this.waitTimer = this.core.options.scheduler.after(us, this, WAITED, null)
  }

  clearRouteCache(): void {
    this.routed = false
  }

  rbacSubject(): RbacSubject {
    return { request: this.request, down: this.down, remoteIp: this.remoteIp, metadata: this.metadata }
  }

  addMetadata(filter: string, values: JsonObject): void {
    this.metadata = new Map(this.metadata).set(filter, { ...this.metadata.get(filter), ...values })
  }

  /** The headers for writing: copied at the first call. */
  ownHeaders(): HeaderLines {
    this.own()
    return this.request.headers
  }

  /** Changes the message itself, or its pseudo headers. */
  change(part: Partial<Pick<HttpRequest, 'method' | 'scheme' | 'authority' | 'path' | 'body'>>): void {
    this.own()
    Object.assign(this.request, part)
  }

  private own(): void {
    if (this.owned) return
    this.owned = true
    const headers: HeaderLines = this.request.headers.slice()
    this.request = { ...this.request, headers }
  }

  scheme(): string {
    return header(this.request.headers, 'x-forwarded-proto') ?? (this.down.tls ? 'https' : 'http')
  }

  /** Runs when the stream is over, however it ends. */
  onDestroy(act: () => void): void {
    this.atEnd ??= []
    this.atEnd.push(act)
  }

  /** The proxy answers itself. */
  localReply(reply: LocalReply): void {
    if (this.over) return
    if (reply.flag !== '') this.flag(reply.flag)
    this.details = reply.details
    const response = localResponse(this.request, reply)
    // A route that answers by itself has no word on what filters say in its place.
    if (this.route?.config.route !== undefined) mutateResponse(this, response)
    this.answer(response)
  }

  /** Sends an answer back through the filters; its headers belong to the stream. */
  answer(response: HttpResponse): void {
    if (this.over) return
    this.answering = response
    this.answerLeft = this.manager.filters.length
    this.resumeAnswer()
  }

  /** Goes on with the answer at the filters before the one that stopped it. */
  resumeAnswer(): void {
    const { filters } = this.manager
    const response = this.answering
    if (this.over || response === null) return
    while (this.answerLeft > 0) if (filters[--this.answerLeft]!.onResponse?.(this, response) === 'stop') return
    this.answering = null
    for (const cookie of this.cookies) response.headers.push(['set-cookie', cookie])
    put(response.headers, 'server', this.manager.serverName)
    // Over HTTP/2 this line stands for the GOAWAY frame.
    if (this.down.drain.draining) put(response.headers, 'connection', 'close')
    if (this.router.upgraded) this.switched = response
    else this.finish(response)
    this.responder.respond(response)
  }

  /** An upgraded stream is over when its connection is. */
  endUpgrade(byClient: boolean): void {
    if (this.over) return
    if (byClient) {
      this.flag('DC')
      this.details = 'downstream_remote_disconnect'
    }
    this.finish(this.switched)
  }

  private cancelled(): void {
    if (this.over) return
    this.router.drop()
    // An HTTP/2 client resets the one stream, an HTTP/1 client can only leave.
    const reset = this.received.protocol === 'HTTP/2'
    this.flag(reset ? 'DR' : 'DC')
    this.details = reset ? 'http2.remote_reset' : 'downstream_remote_disconnect'
    this.finish(null)
  }

  private finish(response: HttpResponse | null): void {
    this.over = true
    this.responder.onCancel = null
    if (this.waitTimer !== 0) this.core.options.scheduler.cancel(this.waitTimer)
    this.timers?.end()
    this.router.end()
    if (this.atEnd !== null) for (const act of this.atEnd) act()
    this.note('end', response === null ? 'no answer' : String(response.status), this.details)
    const { stats } = this.manager
    if (stats !== null) for (const filter of stats) filter.report(this, response)
    recordStream(this, response)
  }
}
