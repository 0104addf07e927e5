// Closures on the engine's queue: what a test's application or client does some time from now.
import type { EventHandler, EventId, Scheduler } from '../../../simulator/engine/index.ts'

/** Runs what it was given. */
class Runner implements EventHandler {
  onEvent(_kind: number, subject: unknown): void {
    ;(subject as () => void)()
  }
}

const RUNNER = new Runner()

/** Calls `what` after `ms` milliseconds of virtual time. */
export function later(scheduler: Scheduler, ms: number, what: () => void): EventId {
  return scheduler.after(Math.round(ms * 1000), RUNNER, 0, what)
}
