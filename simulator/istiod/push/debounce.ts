// istiod's debounce (pilot/pkg/xds/discovery.go): changes are gathered until it has been quiet for a while, or the
// first of them has waited for too long; only one push is built at a time.
//
//   calm ──change──► waiting ──quiet or maximum──► pushing ──built──► calm (or waiting, when changes came meanwhile)
import type { EventHandler, EventId, Scheduler, SimTime } from '../../engine/types.ts'

export interface DebounceOptions {
  /** Quiet period, PILOT_DEBOUNCE_AFTER. */
  afterUs: SimTime
  /** Longest wait of the first change, PILOT_DEBOUNCE_MAX. */
  maxUs: SimTime
}

export const DEFAULT_DEBOUNCE: DebounceOptions = { afterUs: 100_000, maxUs: 10_000_000 }

const EVALUATE = 1
const BUILT = 2

/** Gathers changes of type T and hands each batch to `push`, which says how long building that push takes (µs). */
export class Debounce<T> implements EventHandler {
  private readonly scheduler: Scheduler
  private readonly push: (batch: T[], first: SimTime) => SimTime
  private readonly options: DebounceOptions
  private batch: T[] = []
  private first = 0
  private last = 0
  private timer: EventId = 0
  private built: EventId = 0
  private building = false

  constructor(
    scheduler: Scheduler,
    push: (batch: T[], first: SimTime) => SimTime,
    options: DebounceOptions = DEFAULT_DEBOUNCE,
  ) {
    this.scheduler = scheduler
    this.push = push
    this.options = options
  }

  /** A change has happened now. */
  add(change: T): void {
    const { now } = this.scheduler
    if (this.batch.length === 0) {
      this.first = now
      this.arm(this.options.afterUs)
    }
    this.last = now
    this.batch.push(change)
  }

  /** The process has died: what was gathered is lost. */
  reset(): void {
    for (const event of [this.timer, this.built]) if (event !== 0) this.scheduler.cancel(event)
    this.timer = 0
    this.built = 0
    this.batch = []
    this.building = false
  }

  onEvent(kind: number): void {
    if (kind === BUILT) {
      this.building = false
      this.built = 0
    } else this.timer = 0
    if (!this.building) this.evaluate()
  }

  private arm(delay: SimTime): void {
    if (this.timer !== 0) this.scheduler.cancel(this.timer)
    this.timer = this.scheduler.after(delay, this, EVALUATE, null)
  }

  private evaluate(): void {
    if (this.batch.length === 0) return
    const { now } = this.scheduler
    const quiet = now - this.last
    if (now - this.first < this.options.maxUs && quiet < this.options.afterUs) {
      this.arm(this.options.afterUs - quiet)
      return
    }
    const { batch, first } = this
    this.batch = []
    this.building = true
    this.built = this.scheduler.after(this.push(batch, first), this, BUILT, null)
  }
}
