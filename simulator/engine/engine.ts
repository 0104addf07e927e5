// The only loop. Events leave in the order (time, sequence of scheduling), each exactly once unless cancelled.
// The future is a 4-ary heap in typed arrays (structure of arrays), the present instant a plain queue: what is scheduled
// for this instant comes after all that was scheduled for it before. An event's handler and subject live in a slot that
// is used again. Cancelling is O(1): the slot is emptied and the heap entry stays behind as a husk, swept out when
// husks are the majority. Limits stand on what can grow, and tell the name of the component that went wild.
import { Fingerprint } from './fingerprint.ts'
import { InvariantViolation, invariant } from './invariant.ts'
import { PresentQueue } from './present.ts'
import type { EventHandler, EventId, Scheduler, SimTime } from './types.ts'

/** Slots are addressed with 20 bits of a handle, the slot's generation takes the rest. */
const SLOT_SPAN = 1 << 20
const GENERATION_MAX = 2 ** 31 - 1

export interface EngineLimits {
  /** Events that may run at one instant of virtual time. */
  eventsPerInstant: number
  /** Events that may wait in the queue, at most 2^20. */
  queueLength: number
}

const DEFAULT_LIMITS: EngineLimits = { eventsPerInstant: 1_000_000, queueLength: 1_000_000 }

export class Engine implements Scheduler {
  private time: SimTime = 0
  private readonly limits: EngineLimits

  private size = 0
  private husks = 0
  private capacity = 256
  private sequence = 0
  private heapTime = new Float64Array(256)
  private heapSequence = new Float64Array(256)
  private heapSlot = new Int32Array(256)
  private readonly present = new PresentQueue()

  private slotHandler: (EventHandler | null)[] = []
  private slotSubject: unknown[] = []
  private slotKind = new Int32Array(256)
  private slotGeneration = new Int32Array(256)
  private freeSlots = new Int32Array(256)
  private freeCount = 0
  private slotsMade = 0

  private executed = 0
  private executedAtInstant = 0
  private stopped = false
  private readonly print = new Fingerprint()

  constructor(limits: Partial<EngineLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    invariant(this.limits.queueLength <= SLOT_SPAN, 'queue limit beyond the handle space', { ...this.limits })
  }

  get now(): SimTime {
    return this.time
  }

  /** Events that wait and are not cancelled. */
  get pending(): number {
    return this.size + this.present.size - this.husks
  }

  /** Events run since the start. */
  get eventsRun(): number {
    return this.executed
  }

  /** Time of the next event, Infinity when none waits. */
  get nextEventAt(): SimTime {
    this.dropHusks()
    if (this.present.size > 0) return this.time
    return this.size === 0 ? Infinity : this.heapTime[0]!
  }

  schedule(at: SimTime, handler: EventHandler, kind: number, subject: unknown): EventId {
    if (!(at >= this.time && Number.isSafeInteger(at))) {
      throw new InvariantViolation('an event needs a whole time that is not past', {
        at,
        now: this.time,
        handler: nameOf(handler),
      })
    }
    const slot = this.takeSlot(handler)
    this.slotHandler[slot] = handler
    this.slotSubject[slot] = subject
    this.slotKind[slot] = kind
    if (at === this.time) this.present.push(this.sequence++, slot)
    else this.insert(at, this.sequence++, slot)
    return this.slotGeneration[slot]! * SLOT_SPAN + slot
  }

  after(delay: SimTime, handler: EventHandler, kind: number, subject: unknown): EventId {
    return this.schedule(this.time + delay, handler, kind, subject)
  }

  cancel(id: EventId): boolean {
    const slot = id % SLOT_SPAN
    if (id <= 0 || slot >= this.slotsMade) return false
    if (this.slotGeneration[slot] !== (id - slot) / SLOT_SPAN || this.slotHandler[slot] === null) return false
    this.slotHandler[slot] = null
    this.slotSubject[slot] = null
    this.husks++
    if (this.husks > 64 && this.husks * 2 > this.size) this.sweep()
    return true
  }

  note(word: number): void {
    this.print.mix(word)
  }

  /** 16 hex digits over time, sequence and kind of every event run and every noted word. */
  fingerprint(): string {
    return this.print.toString()
  }

  /** Runs the next event. False when none waits. */
  step(): boolean {
    this.dropHusks()
    if (this.size + this.present.size === 0) return false
    this.runNext()
    return true
  }

  /**
   * Runs every event up to and including time `until`, then sets the clock there. Stops early (clock at the last
   * event) when a handler called `stop`. Returns the number of events run.
   */
  runUntil(until: SimTime): number {
    const before = this.executed
    this.stopped = false
    for (;;) {
      this.dropHusks()
      if (this.present.size > 0 ? this.time > until : this.size === 0 || this.heapTime[0]! > until) break
      this.runNext()
      if (this.stopped) return this.executed - before
    }
    if (until > this.time && until !== Infinity) {
      this.time = until
      this.executedAtInstant = 0
    }
    return this.executed - before
  }

  /** Makes a running `runUntil` return after the current event. */
  stop(): void {
    this.stopped = true
  }

  private runNext(): void {
    const { present } = this
    // What came to this instant by the heap was scheduled before the clock stood here.
    if (present.size > 0 && (this.size === 0 || this.heapTime[0] !== this.time)) {
      const { sequence, slot } = present
      present.shift()
      this.runSlot(this.time, sequence, slot)
      return
    }
    const at = this.heapTime[0]!
    const sequence = this.heapSequence[0]!
    const slot = this.heapSlot[0]!
    this.removeTop()
    if (at !== this.time) {
      this.time = at
      this.executedAtInstant = 0
    }
    this.runSlot(at, sequence, slot)
  }

  private runSlot(at: SimTime, sequence: number, slot: number): void {
    const kind = this.slotKind[slot]!
    this.print.mixEvent(at, sequence, kind)
    const handler = this.slotHandler[slot]!
    const subject = this.slotSubject[slot]
    this.freeSlot(slot)
    this.executed++
    if (++this.executedAtInstant > this.limits.eventsPerInstant) {
      throw new InvariantViolation('too many events at one instant', {
        limit: this.limits.eventsPerInstant,
        at,
        handler: nameOf(handler),
        kind,
      })
    }
    handler.onEvent(kind, subject)
  }

  private takeSlot(handler: EventHandler): number {
    if (this.freeCount > 0) return this.freeSlots[--this.freeCount]!
    if (this.slotsMade >= this.limits.queueLength) {
      throw new InvariantViolation('too many events in the queue', {
        limit: this.limits.queueLength,
        now: this.time,
        handler: nameOf(handler),
      })
    }
    if (this.slotsMade === this.slotKind.length) {
      this.slotKind = grown(this.slotKind)
      this.slotGeneration = grown(this.slotGeneration)
      this.freeSlots = grown(this.freeSlots)
    }
    const slot = this.slotsMade++
    this.slotGeneration[slot] = 1
    return slot
  }

  private freeSlot(slot: number): void {
    this.slotHandler[slot] = null
    this.slotSubject[slot] = null
    // A new generation makes every handle of the old one stale.
    const next = this.slotGeneration[slot]! + 1
    this.slotGeneration[slot] = next > GENERATION_MAX ? 1 : next
    this.freeSlots[this.freeCount++] = slot
  }

  private insert(at: SimTime, sequence: number, slot: number): void {
    if (this.size === this.capacity) this.growHeap()
    const { heapTime, heapSequence, heapSlot } = this
    let i = this.size++
    // The newest sequence loses every tie, so only the time is compared on the way up.
    while (i > 0) {
      const parent = (i - 1) >> 2
      const parentTime = heapTime[parent]!
      if (parentTime <= at) break
      heapTime[i] = parentTime
      heapSequence[i] = heapSequence[parent]!
      heapSlot[i] = heapSlot[parent]!
      i = parent
    }
    heapTime[i] = at
    heapSequence[i] = sequence
    heapSlot[i] = slot
  }

  private removeTop(): void {
    const last = --this.size
    if (last > 0) this.sink(0, this.heapTime[last]!, this.heapSequence[last]!, this.heapSlot[last]!)
  }

  /** Places an entry at `start` or below it, moving smaller children up. */
  private sink(start: number, time: SimTime, sequence: number, slot: number): void {
    const { heapTime, heapSequence, heapSlot, size } = this
    let i = start
    for (;;) {
      let child = (i << 2) + 1
      if (child >= size) break
      const end = Math.min(child + 4, size)
      let least = child
      let leastTime = heapTime[child]!
      let leastSequence = heapSequence[child]!
      for (child++; child < end; child++) {
        const childTime = heapTime[child]!
        if (childTime < leastTime || (childTime === leastTime && heapSequence[child]! < leastSequence)) {
          least = child
          leastTime = childTime
          leastSequence = heapSequence[child]!
        }
      }
      if (leastTime > time || (leastTime === time && leastSequence > sequence)) break
      heapTime[i] = leastTime
      heapSequence[i] = leastSequence
      heapSlot[i] = heapSlot[least]!
      i = least
    }
    heapTime[i] = time
    heapSequence[i] = sequence
    heapSlot[i] = slot
  }

  /** Removes cancelled events from the heads, so that each head is one that will run. */
  private dropHusks(): void {
    const { present } = this
    while (present.size > 0 && this.slotHandler[present.slot] === null) {
      this.freeSlot(present.slot)
      present.shift()
      this.husks--
    }
    while (this.size > 0) {
      const slot = this.heapSlot[0]!
      if (this.slotHandler[slot] !== null) return
      this.removeTop()
      this.freeSlot(slot)
      this.husks--
    }
  }

  /** Rebuilds the heap without husks; amortised O(1) per cancel. Order is untouched: it is (time, sequence). */
  private sweep(): void {
    const { heapTime, heapSequence, heapSlot } = this
    let kept = 0
    for (let i = 0; i < this.size; i++) {
      const slot = heapSlot[i]!
      if (this.slotHandler[slot] === null) {
        this.freeSlot(slot)
        continue
      }
      heapTime[kept] = heapTime[i]!
      heapSequence[kept] = heapSequence[i]!
      heapSlot[kept] = slot
      kept++
    }
    this.husks -= this.size - kept
    this.size = kept
    for (let i = (kept - 2) >> 2; i >= 0; i--) this.sink(i, heapTime[i]!, heapSequence[i]!, heapSlot[i]!)
  }

  private growHeap(): void {
    this.capacity *= 2
    const heapTime = new Float64Array(this.capacity)
    heapTime.set(this.heapTime)
    this.heapTime = heapTime
    const heapSequence = new Float64Array(this.capacity)
    heapSequence.set(this.heapSequence)
    this.heapSequence = heapSequence
    this.heapSlot = grown(this.heapSlot)
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** A handler's own `name` when it has one, else its class. */
function nameOf(handler: EventHandler): string {
  return 'name' in handler && typeof handler.name === 'string' ? handler.name : handler.constructor.name
}
