// A timer that a component owns: armed or not, one at a time. The presence of the handle is the state.
import type { EventHandler, EventId, Scheduler, SimTime } from './types.ts'

export class Timer implements EventHandler {
  private id: EventId = 0
  private readonly scheduler: Scheduler
  private readonly owner: EventHandler
  private readonly kind: number
  private readonly subject: unknown

  /** When it fires, `owner.onEvent(kind, subject)` is called; the timer is then disarmed and may be armed again. */
  constructor(scheduler: Scheduler, owner: EventHandler, kind: number, subject: unknown = null) {
    this.scheduler = scheduler
    this.owner = owner
    this.kind = kind
    this.subject = subject
  }

  get armed(): boolean {
    return this.id !== 0
  }

  /** Fires `delay` microseconds from now; replaces a running one. */
  arm(delay: SimTime): void {
    this.disarm()
    this.id = this.scheduler.after(delay, this, this.kind, null)
  }

  disarm(): void {
    if (this.id === 0) return
    this.scheduler.cancel(this.id)
    this.id = 0
  }

  onEvent(): void {
    this.id = 0
    this.owner.onEvent(this.kind, this.subject)
  }
}
