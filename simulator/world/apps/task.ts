// One request on its way through an application.
//   arrived ─► (queued) ─► working ─► calling ─► answered      any of them may be abandoned by the caller on the way
// Abandoned work goes on to its end unless the behaviour says otherwise: servers seldom notice that nobody waits.
import type { EventHandler } from '../../engine/index.ts'
import type { HeaderLines, HttpRequest, HttpResponse, Responder, ServerConnection } from '../../wire/types.ts'
import type { Application } from './application.ts'
import type { CallObserver, ClientFailure, OutgoingCall } from './client.ts'
import type { Behaviour, Call, Handling } from './compile.ts'
import { callHeaders } from './headers.ts'
import { readSteering, type Steering } from './steering.ts'

const WORK_DONE = 1
const SLEPT = 2

/** Subject of a copy of a call whose answer nobody reads. */
const UNREAD = -1

/** An outcome of a task: what it will answer. */
const SUCCESS = 0
const RESET = -1

export class Task implements EventHandler, CallObserver {
  /** The next one in the queue. */
  behind: Task | null = null
  /** Left the queue unserved. */
  dropped = false
  private readonly app: Application
  /** That of the moment of arrival: a change acts on later requests only. */
  private readonly behaviour: Behaviour
  private readonly handling: Handling
  private readonly request: HttpRequest
  private readonly responder: Responder
  private readonly connection: ServerConnection
  private readonly start: number
  private begun = -1
  private abandoned = false
  /** SUCCESS, RESET or the status to answer with. */
  private outcome = SUCCESS
  private failureBody: string | null = null
  private steering: Steering | null = null
  /** Calls and the pause of the current step that are not done yet. */
  private pending = 0
  private step = 0
  private answered = false
  private attempts: number[] | null = null
  /** Status of each call made, in the order of the spec; -1 = not made. */
  private statuses: number[] | null = null
  private notes: string[] | null = null
  /** Calls of the current step that failed. */
  private failed: number[] | null = null
  /** Calls of the current step. */
  private readonly outgoing: OutgoingCall[] = []

  constructor(
    app: Application,
    handling: Handling,
    request: HttpRequest,
    responder: Responder,
    connection: ServerConnection,
  ) {
    this.app = app
    this.behaviour = app.behaviour
    this.handling = handling
    this.request = request
    this.responder = responder
    this.connection = connection
    this.start = app.scheduler.now
    responder.onCancel = () => this.onCancel()
  }

  /** The queue is full. */
  refuse(status: number): void {
    this.outcome = status
    this.answer()
  }

  /** A worker took it. */
  begin(): void {
    const { app, handling } = this
    this.begun = app.scheduler.now
    if (this.behaviour.spec.steerable === true) this.steering = readSteering(this.request, app.name)
    this.outcome = this.decide()
    let work = handling.serviceTime === null ? 0 : handling.serviceTime()
    if (this.steering !== null) work += this.steering.delayUs
    if (handling.spec.delayFromPath !== undefined) {
      const seconds = numberAfter(this.request.path, handling.spec.delayFromPath)
      if (seconds !== null) work += Math.floor(seconds * 1_000_000)
    }
    if (work === 0) this.workDone()
    else app.scheduler.after(work, this, WORK_DONE, null)
  }

  onEvent(kind: number): void {
    if (this.app.crashed) return
    if (kind === SLEPT) this.oneDone()
    else this.workDone()
  }

  /** How this request will end, as far as the application itself decides. Every die is rolled in the same order. */
  private decide(): number {
    const { app, steering } = this
    const { spec } = this.handling
    const seen = ++this.handling.seen
    if (spec.reset !== undefined) {
      if (spec.reset === true) return RESET
      if ('first' in spec.reset) {
        if (seen <= spec.reset.first) return RESET
      } else if (app.dice.resets.next() < spec.reset.rate) return RESET
    }
    if (steering?.reset === true) return RESET
    if (spec.failFirst !== undefined && seen <= spec.failFirst.count) return spec.failFirst.status ?? 503
    if (spec.failEvery !== undefined && seen % spec.failEvery.n === 0) return spec.failEvery.status ?? 503
    if (spec.toggle !== undefined) {
      const turns = Math.floor((app.scheduler.now - app.since) / this.handling.togglePeriodUs)
      if (turns % 2 === 1) return spec.toggle.status ?? 503
    }
    if (spec.errors !== undefined && app.dice.errors.next() < spec.errors.rate) {
      this.failureBody = spec.errors.body ?? null
      return spec.errors.status ?? 503
    }
    return SUCCESS
  }

  private workDone(): void {
    const { app, handling } = this
    if (this.behaviour.spec.holdWorker === 'work') app.release()
    const { calls, steps } = handling
    if (this.outcome !== SUCCESS || steps.length === 0 || this.givesUp()) {
      this.answer()
      return
    }
    this.statuses = new Array<number>(calls.length).fill(-1)
    this.attempts = new Array<number>(calls.length).fill(0)
    this.stepFrom(0)
  }

  /** The next step that does something, or the answer. */
  private stepFrom(start: number): void {
    const { steps, calls } = this.handling
    for (let i = start; i < steps.length; i++) {
      const { calls: indices, certain, sleep } = steps[i]!
      this.step = i
      this.outgoing.length = 0
      const chosen = certain ? indices : indices.filter(index => this.chosen(calls[index]!))
      this.pending = chosen.length + (sleep === null ? 0 : 1)
      for (const index of chosen) this.call(index)
      if (sleep !== null) this.app.scheduler.after(sleep(), this, SLEPT, null)
      if (this.pending > 0) return
    }
    this.answer()
  }

  private oneDone(): void {
    if (--this.pending > 0 || this.answered) return
    // Of several failures the first in the order of the spec decides, not the first in time.
    this.failed?.sort((a, b) => a - b)
    for (const index of this.failed ?? []) this.applyFailure(this.handling.calls[index]!, index)
    this.failed = null
    if (this.outcome !== SUCCESS || this.givesUp()) this.answer()
    else this.stepFrom(this.step + 1)
  }

  private chosen(call: Call): boolean {
    return call.probability >= 1 || this.app.dice.calls.next() < call.probability
  }

  private call(index: number): void {
    const call = this.handling.calls[index]!
    this.attempts![index]!++
    this.outgoing.push(this.send(call, index))
    for (let copy = 1; copy < call.copies; copy++) this.send(call, UNREAD)
  }

  private send(call: Call, subject: number): OutgoingCall {
    const { target } = call
    this.app.called++
    const request: HttpRequest = {
      method: call.method,
      scheme: target.scheme,
      authority: target.authority,
      path: target.path,
      headers: callHeaders(call, this.request, this.behaviour.spec.session),
      body: call.body,
      protocol: 'HTTP/1.1',
      traceId: this.request.traceId,
      parentSpan: this.request.parentSpan,
    }
    const destination = { host: target.host, port: target.port, tls: target.scheme === 'https' ? {} : null }
    return this.app.client.send(request, destination, call.timeoutUs, this, subject)
  }

  onOutcome(subject: number, response: HttpResponse | null, failure: ClientFailure | null): void {
    if (subject === UNREAD || this.app.crashed) return
    const call = this.handling.calls[subject]!
    const failed = isFailure(call, response)
    if (failed && this.attempts![subject]! < call.attempts && !this.givesUp()) {
      this.call(subject)
      return
    }
    // A callee that gave no answer counts as 500.
    this.statuses![subject] = failure !== null || response === null ? 500 : response.status
    if (failed) (this.failed ??= []).push(subject)
    this.oneDone()
  }

  private applyFailure(call: Call, index: number): void {
    const { onFailure } = call
    if ('ignore' in onFailure) {
      if (onFailure.body !== undefined) (this.notes ??= []).push(onFailure.body)
    } else if (this.outcome === SUCCESS) {
      this.outcome = 'status' in onFailure ? onFailure.status : this.statuses![index]!
      if ('status' in onFailure) this.failureBody = onFailure.body ?? null
    }
  }

  private answer(): void {
    const { app } = this
    this.answered = true
    if (this.begun >= 0 && this.behaviour.spec.holdWorker !== 'work') app.release()
    let status = this.outcome
    if (this.outcome === RESET) {
      status = 0
      if (!this.abandoned) this.connection.close('rst')
    } else {
      const response = this.response()
      status = response.status
      if (!this.abandoned) this.responder.respond(response)
    }
    if (app.watched && this.request.traceId >= 0) this.record(status)
  }

  private response(): HttpResponse {
    const { spec, headers } = this.handling
    const { steering } = this
    const lines: HeaderLines = headers.slice()
    let status = this.outcome
    if (status === SUCCESS) {
      const fromPath = spec.statusFromPath === undefined ? null : numberAfter(this.request.path, spec.statusFromPath)
      status = steering?.status ?? fromPath ?? spec.status ?? 200
    }
    if (steering !== null) for (const line of steering.responseHeaders) lines.push(line)
    const grpcStatus = steering?.grpcStatus ?? spec.grpcStatus
    const trailers: HeaderLines | null = grpcStatus === undefined ? null : [['grpc-status', String(grpcStatus)]]
    if (trailers !== null) lines.push(['content-type', 'application/grpc'])
    return { status, headers: lines, body: this.body(), trailers, protocol: this.request.protocol }
  }

  private body(): string {
    const { spec } = this.handling
    if (this.failureBody !== null) return this.failureBody
    if (spec.body !== undefined && this.statuses === null) return spec.body
    if (spec.echoHeaders === true) return this.request.headers.map(([name, value]) => `${name}: ${value}`).join('\n')
    if (this.statuses === null) return this.app.name
    const lines = [spec.body ?? this.app.name]
    for (const [i, status] of this.statuses.entries()) {
      if (status >= 0) lines.push(`${this.handling.calls[i]!.name} ${status}`)
    }
    if (this.notes !== null) lines.push(...this.notes)
    return lines.join('\n')
  }

  private record(status: number): void {
    this.app.recorder.record({
      kind: 'served',
      traceId: this.request.traceId,
      parentSpan: this.request.parentSpan,
      pod: this.app.pod,
      start: this.start,
      begun: this.begun,
      end: this.app.scheduler.now,
      method: this.request.method,
      authority: this.request.authority,
      path: this.request.path,
      status,
      abandoned: this.abandoned,
    })
  }

  /** The caller has gone, and this application stops when it notices. */
  private givesUp(): boolean {
    return this.abandoned && this.behaviour.spec.finishAbandoned === false
  }

  private onCancel(): void {
    this.abandoned = true
    if (!this.givesUp()) return
    if (this.begun < 0) this.dropped = true
    else if (this.outgoing.length > 0 && !this.answered) {
      for (const call of this.outgoing) call.abandon()
      this.answer()
    }
  }
}

function isFailure(call: Call, response: HttpResponse | null): boolean {
  if (response === null) return true
  if (call.retryOn === 'no-answer') return false
  return call.retryOn === '5xx' ? response.status >= 500 : response.status !== 200
}

/** `/status/418?x` after '/status/' is 418; null when the path is another or no number follows. */
function numberAfter(path: string, prefix: string): number | null {
  if (!path.startsWith(prefix)) return null
  const digits = /^\d+(?:\.\d+)?/.exec(path.slice(prefix.length))
  return digits === null ? null : Number(digits[0])
}
