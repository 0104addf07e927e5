// An application behind a pod's port: takes requests, holds them back when its workers are busy, works for a while,
// calls others, answers. It knows HTTP and nothing of meshes; its pod's network does the rest.
import type { RandomTree, Scheduler } from '../../engine/index.ts'
import type { Recorder } from '../../observation/types.ts'
import type {
  Acceptor,
  AcceptResult,
  ConnectionAttempt,
  HttpRequest,
  Network,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
} from '../../wire/types.ts'
import { checked, checkResponder } from './authorizer.ts'
import { HttpClient, type Resolve } from './client.ts'
import { type ApplicationDice, type Behaviour, compileBehaviour, handlingFor } from './compile.ts'
import { KeepAlive } from './keep-alive.ts'
import { isRateLimitCall, type RateLimiter, rateLimitResponder } from './rate-limiter.ts'
import { Task } from './task.ts'
import { serverIdentity } from './tls.ts'
import type { BehaviourSpec } from './types.ts'

export interface ApplicationOptions {
  scheduler: Scheduler
  tree: RandomTree
  recorder: Recorder
  /** What the pod's application sees of the network. */
  network: Network
  resolve: Resolve
  /** Workload's name: the default body. */
  name: string
  /** `name.namespace` of the pod: dice and records carry it. */
  pod: string
  /** Absent: answers 200 with the name at once. */
  behaviour?: BehaviourSpec
  /** What answers where the behaviour has a rateLimiter. */
  rateLimiter?: RateLimiter | null
}

/** Trace id of the kubelet's questions, which no report counts. */
export const PROBE_TRACE = -1

const PROBE: HttpRequest = {
  method: 'GET',
  scheme: 'http',
  authority: 'kubelet',
  path: '/',
  headers: [['user-agent', 'kube-probe/1.32']],
  body: '',
  protocol: 'HTTP/1.1',
  traceId: PROBE_TRACE,
  parentSpan: 0,
}

export class Application implements Acceptor {
  readonly name: string
  readonly pod: string
  readonly scheduler: Scheduler
  readonly recorder: Recorder
  readonly watched: boolean
  readonly dice: ApplicationDice
  client: HttpClient
  behaviour: Behaviour
  /** When the behaviour was set, for what turns with time. */
  since: number
  /** Its process is gone: what it had begun ends nowhere. */
  crashed = false
  private readonly network: Network
  private readonly resolve: Resolve
  private readonly rateLimiter: RateLimiter | null

  /** Requests that have arrived, and calls made to others (a repeated attempt is a call of its own). */
  arrived = 0
  called = 0

  private busy = 0
  private waiting = 0
  private first: Task | null = null
  private last: Task | null = null

  constructor(options: ApplicationOptions) {
    this.name = options.name
    this.pod = options.pod
    this.scheduler = options.scheduler
    this.recorder = options.recorder
    this.watched = options.recorder.wants('served')
    this.network = options.network
    this.resolve = options.resolve
    this.rateLimiter = options.rateLimiter ?? null
    const stream = (aspect: string) => options.tree.stream(`app/${options.pod}/${aspect}`)
    this.dice = {
      serviceTime: stream('service-time'),
      errors: stream('errors'),
      resets: stream('resets'),
      calls: stream('calls'),
    }
    this.since = this.scheduler.now
    this.behaviour = compileBehaviour(options.behaviour ?? {}, this.dice)
    this.client = this.newClient()
  }

  /** Replaces the behaviour for requests that arrive from now on; counters begin anew, dice roll on. */
  setBehaviour(spec: BehaviourSpec): void {
    this.behaviour = compileBehaviour(spec, this.dice)
    this.since = this.scheduler.now
    this.client.closeIdle()
    this.client = this.newClient()
    this.admit()
  }

  /** Requests being worked on and waiting. */
  get load(): { busy: number; waiting: number } {
    return { busy: this.busy, waiting: this.waiting }
  }

  accept(attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult {
    const { certificate } = this.behaviour.spec
    if (certificate === undefined || attempt.tls === null) {
      // A server with a certificate answers plain bytes with an alert and closes.
      if (certificate !== undefined) return { kind: 'reset' }
      return { kind: 'accepted', hello: null, handler: this.handlerFor(connection) }
    }
    const alpn = attempt.tls.alpn.find(name => name === 'h2' || name === 'http/1.1') ?? null
    return {
      kind: 'accepted',
      hello: { alpn, certificate: serverIdentity(certificate) },
      handler: this.handlerFor(connection),
    }
  }

  /** A request has arrived: to a worker, to the queue, or away. */
  arrive(request: HttpRequest, responder: Responder, connection: ServerConnection): void {
    const { behaviour } = this
    this.arrived++
    if (this.rateLimiter !== null && isRateLimitCall(request.path)) {
      const verdict = rateLimitResponder(responder, this.rateLimiter, request, () => this.scheduler.now)
      this.queue(new Task(this, handlingFor(behaviour, request), request, verdict, connection))
      return
    }
    const question = behaviour.spec.authorizer === true ? checked(request) : null
    const task =
      question === null
        ? new Task(this, handlingFor(behaviour, request), request, responder, connection)
        : new Task(this, handlingFor(behaviour, question), question, checkResponder(responder), connection)
    this.queue(task)
  }

  /**
   * The kubelet's question, which waits for a worker like any other: a path that a route names is answered by that route,
   * any other with 200. Status 0: the connection was reset.
   */
  probe(path: string, answer: (status: number) => void): void {
    const request = { ...PROBE, path }
    const route = handlingFor(this.behaviour, request)
    const handling = route === this.behaviour.fallback ? this.behaviour.healthy : route
    const responder: Responder = {
      onCancel: null,
      respond: response => answer(response.status),
      reset: () => answer(0),
    }
    this.queue(new Task(this, handling, request, responder, { send: () => {}, close: () => answer(0) }))
  }

  /** The process exits: workers, queue and connections are gone. */
  crash(): void {
    this.crashed = true
    this.busy = 0
    this.waiting = 0
    this.first = null
    this.last = null
    this.client.closeIdle()
  }

  private queue(task: Task): void {
    const { behaviour } = this
    if (this.busy < (behaviour.spec.workers ?? Infinity)) {
      this.busy++
      task.begin()
    } else if (this.waiting >= (behaviour.spec.queueLimit ?? Infinity)) {
      task.refuse(behaviour.spec.queueFullStatus ?? 503)
    } else {
      this.waiting++
      if (this.last === null) this.first = task
      else this.last.behind = task
      this.last = task
    }
  }

  /** A worker is free again. */
  release(): void {
    this.busy--
    this.admit()
  }

  private admit(): void {
    const limit = this.behaviour.spec.workers ?? Infinity
    while (this.first !== null && this.busy < limit) {
      const task = this.first
      this.first = task.behind
      if (this.first === null) this.last = null
      task.behind = null
      this.waiting--
      if (task.dropped) continue
      this.busy++
      task.begin()
    }
  }

  private handlerFor(connection: ServerConnection): ServerConnectionHandler {
    const { tcp } = this.behaviour.spec
    const { idleUs } = this.behaviour
    if (tcp?.greeting !== undefined) connection.send(`${tcp.greeting}\n`)
    const handler = new AcceptedConnection(this, connection)
    return idleUs === 0 ? handler : new KeepAlive(this.scheduler, connection, handler, idleUs)
  }

  private newClient(): HttpClient {
    return new HttpClient({
      scheduler: this.scheduler,
      network: this.network,
      resolve: this.resolve,
      keepAlive: this.behaviour.spec.connections === 'keep-alive',
    })
  }
}

class AcceptedConnection implements ServerConnectionHandler {
  private readonly app: Application
  private readonly connection: ServerConnection

  constructor(app: Application, connection: ServerConnection) {
    this.app = app
    this.connection = connection
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    this.app.arrive(request, responder, this.connection)
  }

  onData(data: string): void {
    const { tcp } = this.app.behaviour.spec
    if (tcp === undefined) {
      // Bytes that are not HTTP, to an HTTP server.
      this.connection.close('fin')
      return
    }
    for (const line of data.split('\n')) {
      if (line !== '') this.connection.send(`${tcp.prefix ?? this.app.name} ${line}\n`)
    }
  }

  onClosed(): void {
    // Requests under way learn of it by their responders.
  }
}
