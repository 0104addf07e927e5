// One source of load. An open loop sends by the clock and does not care how the mesh fares; a closed loop is a number
// of users who wait for their answers. What each request came to goes to the recorder as the client saw it.
import {
  type EventHandler,
  type EventId,
  invariant,
  parseDuration,
  type RandomStream,
  type RandomTree,
  type Scheduler,
} from '../../engine/index.ts'
import type { ClientRecord, Recorder } from '../../observation/types.ts'
import type { HttpResponse, Network } from '../../wire/types.ts'
import {
  type CallObserver,
  type ClientFailure,
  HttpClient,
  type Resolve,
  TcpClient,
  type TcpObserver,
} from '../apps/index.ts'
import { type Arrivals, compileArrivals, isOpen } from './arrivals.ts'
import { type ClosedLoop, compileClosedLoop } from './closed-loop.ts'
import { CookieJar } from './cookies.ts'
import { compileMix, type Mix, requestFrom } from './mix.ts'
import type { LoadSpec } from './types.ts'

const NEXT = 1
const USER = 2

export interface LoadOptions {
  scheduler: Scheduler
  tree: RandomTree
  /** The source's view of the network. */
  network: Network
  resolve: Resolve
  recorder: Recorder
  spec: LoadSpec
  /** Gives each client request its number, unique in the world. */
  nextTraceId: () => number
  /** Seconds since 1970 at virtual time 0, for the times in tokens. 0 when absent. */
  epochSeconds?: number
  /** Called with every finished request, for whoever counts without recording. */
  onFinished?: (status: number, startUs: number) => void
}

interface Flight {
  traceId: number
  start: number
  request: number
  /** Number of the closed-loop user, -1 in an open loop. */
  user: number
}

export class LoadGenerator implements EventHandler, CallObserver, TcpObserver {
  readonly spec: LoadSpec
  /** Requests sent, and those of them that have ended. */
  sent = 0
  finished = 0
  private readonly options: LoadOptions
  private readonly scheduler: Scheduler
  private readonly client: HttpClient
  private readonly tcp: TcpClient
  private readonly mix: Mix
  private readonly dice: RandomStream
  private readonly loop: ClosedLoop | null
  private readonly begin: number
  /** Of each closed-loop user, when they keep cookies. */
  private readonly jars: readonly CookieJar[]
  /** Requests that each user has sent. */
  private readonly turns: number[] = []
  private readonly flights = new Map<number, Flight>()
  private readonly watched: boolean
  private readonly patienceUs: number
  private readonly stopAt: number
  private arrivals: Arrivals | null
  private next: EventId = 0
  private paused = false
  private idleUsers: number[] = []
  private flightNumber = 0

  constructor(options: LoadOptions) {
    const { scheduler, tree, spec } = options
    this.options = options
    this.spec = spec
    this.scheduler = scheduler
    this.mix = compileMix(spec, options.epochSeconds ?? 0)
    this.dice = tree.stream(`load/${spec.name}/mix`)
    this.watched = options.recorder.wants('client')
    this.patienceUs = spec.timeout === 'none' ? 0 : microseconds(spec.timeout ?? '20s')
    this.stopAt = spec.stop === undefined ? Infinity : microseconds(spec.stop)
    this.client = new HttpClient({
      scheduler,
      network: options.network,
      resolve: options.resolve,
      keepAlive: spec.connections !== 'fresh',
    })
    this.tcp = new TcpClient(options)
    const { pattern } = spec
    this.begin = Math.max(scheduler.now, microseconds(spec.start ?? '0s'))
    this.arrivals = isOpen(pattern) ? compileArrivals(pattern, tree.stream(`load/${spec.name}/gaps`)) : null
    this.loop = isOpen(pattern) ? null : compileClosedLoop(pattern, this.begin, tree, spec.name)
    const jars = spec.keepCookies === true ? (this.loop?.users ?? 0) : 0
    this.jars = Array.from({ length: jars }, () => new CookieJar())
  }

  /** Begins at the spec's start (or now, when that has passed). */
  start(): void {
    const { loop, begin } = this
    if (loop === null) {
      this.arrivals?.startAt(begin)
      this.scheduleNext(begin)
      return
    }
    for (let user = 0; user < loop.users; user++) {
      this.turns.push(0)
      this.scheduler.schedule(begin + loop.begin(user), this, USER, user)
    }
  }

  /** Sends nothing more until `resume`; requests under way go on. */
  pause(): void {
    this.paused = true
    if (this.next !== 0) this.scheduler.cancel(this.next)
    this.next = 0
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    if (this.arrivals !== null) this.scheduleNext(this.scheduler.now)
    const users = this.idleUsers
    this.idleUsers = []
    for (const user of users) this.scheduler.after(0, this, USER, user)
  }

  /** New rate of an open loop, in requests per second; 0 sends nothing. A ramp or stage ends there. */
  setRate(perSecond: number): void {
    invariant(this.arrivals !== null, 'a closed loop has no rate', { load: this.spec.name })
    const constant = 'constant' in this.spec.pattern
    const pattern = constant ? { constant: perSecond } : { poisson: perSecond }
    this.arrivals = compileArrivals(pattern, this.arrivals.stream)
    this.arrivals.startAt(this.scheduler.now)
    if (this.next !== 0) this.scheduler.cancel(this.next)
    this.next = 0
    if (!this.paused) this.scheduleNext(this.scheduler.now)
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.flights.size
  }

  onEvent(kind: number, subject: unknown): void {
    if (kind === USER) {
      this.userSends(subject as number)
      return
    }
    this.next = 0
    if (this.exhausted()) return
    this.send(-1)
    this.scheduleNext(this.scheduler.now)
  }

  private userSends(user: number): void {
    if (this.paused) this.idleUsers.push(user)
    else if (!this.exhausted()) this.send(user)
  }

  private exhausted(): boolean {
    return this.sent >= (this.spec.count ?? Infinity) || this.scheduler.now >= this.stopAt
  }

  private scheduleNext(from: number): void {
    if (this.arrivals === null || this.paused || this.sent >= (this.spec.count ?? Infinity)) return
    const at = this.arrivals.after(from)
    if (at < this.stopAt) this.next = this.scheduler.schedule(at, this, NEXT, null)
  }

  private send(user: number): void {
    const index = this.choose(user)
    const flight = { traceId: this.options.nextTraceId(), start: this.scheduler.now, request: index, user }
    const number = ++this.flightNumber
    this.flights.set(number, flight)
    this.sent++
    const template = this.mix.requests[index]!
    if (template.talk !== null) {
      this.tcp.talk(template.talk, template.destination, this.patienceUs, this, number)
      return
    }
    const request = requestFrom(template, flight.traceId)
    this.jars[user]?.write(request.headers)
    this.client.send(request, template.destination, this.patienceUs, this, number)
  }

  /** Which request of the mix: as recorded, the user's next in the list, or drawn by weight. */
  private choose(user: number): number {
    if (user < 0 || this.spec.order !== 'listed') return this.arrivals?.request ?? this.mix.pick(this.dice)
    return this.turns[user]!++ % this.mix.requests.length
  }

  onOutcome(subject: number, response: HttpResponse | null, failure: ClientFailure | null): void {
    const flight = this.land(subject, response?.status ?? 0, response?.body ?? '', failure)
    if (response !== null) this.jars[flight.user]?.take(response.headers)
  }

  onTalked(subject: number, received: string, failure: ClientFailure | null): void {
    this.land(subject, failure === null ? 200 : 0, received, failure)
  }

  /** A request has ended: it is recorded, and its user thinks of the next. */
  private land(subject: number, status: number, body: string, failure: ClientFailure | null): Flight {
    const flight = this.flights.get(subject)
    invariant(flight !== undefined, 'an answer without a request', { load: this.spec.name, subject })
    this.flights.delete(subject)
    this.finished++
    if (this.watched) this.options.recorder.record(this.recordOf(flight, status, body, failure))
    this.options.onFinished?.(status, flight.start)
    if (flight.user >= 0)
      this.scheduler.after(this.loop?.pause(flight.user, this.scheduler.now) ?? 0, this, USER, flight.user)
    return flight
  }

  private recordOf(flight: Flight, status: number, body: string, failure: ClientFailure | null): ClientRecord {
    const template = this.mix.requests[flight.request]!
    return {
      kind: 'client',
      traceId: flight.traceId,
      source: this.spec.name,
      start: flight.start,
      end: this.scheduler.now,
      method: template.method,
      url: template.url,
      status,
      failure: failure ?? '',
      body,
    }
  }
}

function microseconds(text: string): number {
  const value = parseDuration(text)
  invariant(value !== null && value >= 0, 'load: not a duration', { text })
  return value
}
