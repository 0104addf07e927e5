// What requests cost in memory. The heap is read now and then while the load runs: what it grew by between two looks is
// what was allocated, unless it was collected in between, then that stretch counts for nothing.
import { type Engine, SECOND } from '../engine/index.ts'
import type { LoadGenerator } from '../world/load/index.ts'
import type { Measure } from './index.ts'

/** Ended requests between two looks: far from one filling of the young generation. */
const STRIDE = 100

/** Requests per second of the crowd, as many as are then under way. */
const CROWD = 1_000

export class AllocationMeter {
  private readonly measure: Measure
  private looks = 0
  private heap = 0
  private hops = 0
  private bytes = 0
  private counted = 0

  constructor(measure: Measure) {
    this.measure = measure
  }

  /** To be called at the end of each request; `hops` so far. */
  look(hops: number): void {
    if (this.looks++ % STRIDE !== 0) return
    const { heap } = this.measure()
    if (this.heap > 0 && heap > this.heap) {
      this.bytes += heap - this.heap
      this.counted += hops - this.hops
    }
    this.heap = heap
    this.hops = hops
  }

  /** NaN when fewer requests ended than two looks take. */
  get bytesPerHop(): number {
    return Math.round(this.bytes / this.counted)
  }
}

/** A second of many arrivals, and what the live heap grew by: everything that waits with a request, its connections too. */
export function heapPerRequest(engine: Engine, load: LoadGenerator, measure: Measure): number {
  const waiting = load.inFlight
  const before = measure(true).heap
  load.setRate(CROWD)
  engine.runUntil(engine.now + SECOND)
  return Math.round((measure(true).heap - before) / (load.inFlight - waiting))
}
