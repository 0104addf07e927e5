// How long a stream may be idle and how long it may last (source/common/http/conn_manager_impl.cc: onIdleTimeout,
// refreshIdleTimeout, refreshDurationTimeout, onStreamMaxDurationReached). Requests come whole here, so that a stream is
// idle from its arrival to its answer; one that was upgraded, while no bytes pass.
import type { EventHandler, EventId, Scheduler } from '../../engine/types.ts'
import { grpcTimeout } from '../header-lines.ts'
import { header } from '../json.ts'
import type { CompiledRoute } from '../route.ts'
import type { LocalReply } from './local-reply.ts'
import type { HttpStream } from './stream.ts'

const IDLE = 1
const DURATION = 2
const DEADLINE_EXCEEDED = 4

const IDLE_REPLY: LocalReply = { status: 504, body: 'stream timeout', flag: 'SI', details: 'stream_idle_timeout' }
/** Envoy sets no response flag here (tried with 1.38). */
const DURATION_REPLY: LocalReply = {
  status: 504,
  body: 'downstream duration timeout',
  flag: '',
  details: 'max_duration_timeout',
  grpcStatus: DEADLINE_EXCEEDED,
}

/** Microseconds of idleness; the route's word before the manager's; 0 = no end. */
export const idleLimit = (route: CompiledRoute | null, managers: number): number =>
  route === null || route.idleTimeout < 0 ? managers : route.idleTimeout

/** Microseconds that the whole stream may last; 0 = no end. A gRPC caller's time-out counts where the route says so. */
export function durationLimit(stream: HttpStream, managers: number): number {
  const limit = stream.route?.streamLimit ?? null
  if (limit === null) return managers
  const { most, grpcMost } = limit
  const asked = grpcMost < 0 ? -1 : grpcTimeout(header(stream.request.headers, 'grpc-timeout'))
  if (asked < 0) return most < 0 ? managers : most
  return grpcMost > 0 && asked > grpcMost ? grpcMost : asked
}

export class StreamTimers implements EventHandler {
  private readonly stream: HttpStream
  private readonly scheduler: Scheduler
  private readonly idle: number
  private lastUse: number
  private idleTimer: EventId = 0
  private durationTimer: EventId = 0

  /** @param idle @param longest microseconds, 0 = no end */
  constructor(stream: HttpStream, idle: number, longest: number) {
    this.stream = stream
    this.idle = idle
    this.scheduler = stream.core.options.scheduler
    this.lastUse = this.scheduler.now
    if (idle > 0) this.idleTimer = this.scheduler.after(idle, this, IDLE, null)
    const rest = longest - (this.scheduler.now - stream.start)
    if (longest > 0) this.durationTimer = this.scheduler.after(Math.max(0, rest), this, DURATION, null)
  }

  /** Bytes passed. */
  touch(): void {
    this.lastUse = this.scheduler.now
  }

  onEvent(kind: number): void {
    if (kind === DURATION) {
      this.durationTimer = 0
      this.stream.expire(DURATION_REPLY)
      return
    }
    const rest = this.lastUse + this.idle - this.scheduler.now
    this.idleTimer = rest > 0 ? this.scheduler.after(rest, this, IDLE, null) : 0
    if (rest <= 0) this.stream.expire(IDLE_REPLY)
  }

  end(): void {
    if (this.idleTimer !== 0) this.scheduler.cancel(this.idleTimer)
    if (this.durationTimer !== 0) this.scheduler.cancel(this.durationTimer)
  }
}
