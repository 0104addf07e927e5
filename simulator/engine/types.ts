// The kernel's vocabulary. Not one mesh word lives in this room.

/** Virtual time: whole microseconds since the start of the run (safe for 285 years). */
export type SimTime = number

/** Microseconds in one millisecond, second and minute. */
export const MILLISECOND = 1_000
export const SECOND = 1_000_000
export const MINUTE = 60 * SECOND

/** Whatever receives events. A stable object rather than a closure, so that an event can be named and cancelled. */
export interface EventHandler {
  onEvent(kind: number, subject: unknown): void
}

/** Handle of a scheduled event: an opaque positive number, 0 is never a handle. */
export type EventId = number

/** The one clock and the one queue. Order of events is total: (time, order of scheduling). */
export interface Scheduler {
  readonly now: SimTime
  /** Schedules at absolute time `at` (>= now, whole microseconds). */
  schedule(at: SimTime, handler: EventHandler, kind: number, subject: unknown): EventId
  /** Schedules `delay` microseconds (>= 0) from now. */
  after(delay: SimTime, handler: EventHandler, kind: number, subject: unknown): EventId
  /** O(1). False when the event has already run or was cancelled. */
  cancel(id: EventId): boolean
  /** Mixes a number into the running fingerprint of all that happened. */
  note(word: number): void
}

/** One stream of dice. Take it once, at construction, by a stable path of names. */
export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** Uniform integer in [0, n), n >= 1. */
  below(n: number): number
  /** Exponential with mean 1, from exact operations only (no Math.log). */
  exponential(): number
  /** Standard normal, from exact operations only. */
  normal(): number
}

/** One seed, many streams: a new consumer never shifts the dice of another. */
export interface RandomTree {
  readonly seed: string
  stream(name: string): RandomStream
}
