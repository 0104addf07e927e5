// The floor: the same workload without a mesh. One heap of typed arrays, one record per try, no proxies, connections or
// messages; timeouts are entries of the same heap. What the data path costs is read against this, in the same run.
import { createRandomTree } from '../engine/index.ts'
import type { BenchRow, Measure } from './index.ts'
import { type BenchWorkload, WORKLOADS, type WorkloadName } from './workloads.ts'

const ARRIVAL = 0
const DONE = 1
const TIMEOUT = 2

/** Times with a kind and a number, earliest first; equal times in order of insertion. */
class Heap {
  size = 0
  private sequence = 0
  private readonly times = new Float64Array(1 << 20)
  private readonly orders = new Float64Array(1 << 20)
  private readonly words = new Int32Array(1 << 20)

  get time(): number {
    return this.times[0]!
  }

  push(time: number, kind: number, id: number): void {
    this.settle(this.size++, time, this.sequence++, id * 4 + kind)
  }

  /** Kind and number of the earliest, as id * 4 + kind. */
  pop(): number {
    const word = this.words[0]!
    const last = --this.size
    if (last > 0) this.sink(this.times[last]!, this.orders[last]!, this.words[last]!)
    return word
  }

  private settle(from: number, time: number, order: number, word: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      if (this.times[parent]! <= time) break
      this.move(parent, at)
      at = parent
    }
    this.put(at, time, order, word)
  }

  private sink(time: number, order: number, word: number): void {
    let at = 0
    for (;;) {
      let least = at * 4 + 1
      if (least >= this.size) break
      const end = least + 4 < this.size ? least + 4 : this.size
      for (let child = least + 1; child < end; child++) if (this.before(child, least)) least = child
      if (this.times[least]! > time || (this.times[least] === time && this.orders[least]! > order)) break
      this.move(least, at)
      at = least
    }
    this.put(at, time, order, word)
  }

  private before(a: number, b: number): boolean {
    return this.times[a]! < this.times[b]! || (this.times[a] === this.times[b] && this.orders[a]! < this.orders[b]!)
  }

  private move(from: number, to: number): void {
    this.put(to, this.times[from]!, this.orders[from]!, this.words[from]!)
  }

  private put(at: number, time: number, order: number, word: number): void {
    this.times[at] = time
    this.orders[at] = order
    this.words[at] = word
  }
}

/** A try of a call at one replica. Slots are not used again: a run holds as many as it has tries. */
interface Try {
  id: number
  service: number
  replica: number
  calls: readonly number[]
  waiting: number
  /** The call that it belongs to, and which of its tries this is. */
  call: Call
  number: number
  queuedAt: number
}

interface Call {
  parent: Try | null
  service: number
  start: number
  tries: number
  over: boolean
}

/** Runs the workload until `requests` requests have ended. */
export function runFloor(name: WorkloadName, requests: number, seed: string, measure: Measure): BenchRow {
  return new Floor(WORKLOADS[name], seed).run(name, requests, measure)
}

class Floor {
  private readonly workload: BenchWorkload
  private readonly dice
  private readonly heap = new Heap()
  private readonly tries: Try[] = []
  private readonly busy: number[][]
  private readonly queues: Try[][][]
  private readonly next: number[]
  private readonly index: ReadonlyMap<string, number>
  private now = 0
  private row = { hops: 0, events: 0, wait: 0, waits: 0, latency: 0, retries: 0, failed: 0, done: 0 }

  constructor(workload: BenchWorkload, seed: string) {
    this.workload = workload
    this.dice = createRandomTree(seed).stream('floor')
    this.index = new Map(workload.services.map((service, i) => [service.name, i]))
    this.busy = workload.services.map(service => new Array<number>(service.replicas).fill(0))
    this.queues = workload.services.map(service => Array.from({ length: service.replicas }, () => []))
    this.next = workload.services.map(() => 0)
  }

  run(name: WorkloadName, requests: number, measure: Measure): BenchRow {
    const before = measure()
    this.heap.push(this.dice.exponential() / this.workload.rate, ARRIVAL, 0)
    while (this.row.done < requests) this.step()
    const after = measure()
    const { hops, events, wait, waits, latency, retries, failed } = this.row
    return {
      engine: 'floor',
      workload: name,
      requests,
      hops,
      events,
      wall: after.wall - before.wall,
      cpu: after.cpu - before.cpu,
      wait: wait / waits,
      theory: this.workload.theory,
      latency: latency / requests,
      retries: retries / requests,
      failed: failed / requests,
    }
  }

  private step(): void {
    this.now = this.heap.time
    const word = this.heap.pop()
    const kind = word & 3
    this.row.events++
    if (kind === ARRIVAL) {
      this.heap.push(this.now + this.dice.exponential() / this.workload.rate, ARRIVAL, 0)
      this.begin(this.index.get(this.workload.root)!, null)
    } else if (kind === DONE) this.served(this.tries[word >> 2]!)
    else this.expire(this.tries[word >> 2]!)
  }

  private begin(service: number, parent: Try | null): void {
    this.attempt({ parent, service, start: this.now, tries: 0, over: false })
  }

  private attempt(call: Call): void {
    call.tries++
    const service = this.workload.services[call.service]!
    const replica = this.next[call.service]!
    this.next[call.service] = (replica + 1) % service.replicas
    const id = this.tries.length
    const calls = this.drawCalls(call.service)
    const { service: index, tries: number } = call
    const attempt: Try = { id, service: index, replica, calls, waiting: 0, call, number, queuedAt: this.now }
    this.tries.push(attempt)
    this.heap.push(this.now + service.timeoutSeconds, TIMEOUT, id)
    if (this.busy[call.service]![replica]! < service.workers) {
      this.busy[call.service]![replica]!++
      this.serve(attempt)
    } else this.queues[call.service]![replica]!.push(attempt)
  }

  private drawCalls(service: number): readonly number[] {
    const { versions } = this.workload.services[service]!
    let roll = this.dice.next() * 100
    const version = versions.find(v => (roll -= v.weight) < 0) ?? versions[versions.length - 1]!
    return version.calls.map(call => this.index.get(call)!)
  }

  private serve(attempt: Try): void {
    this.row.wait += this.now - attempt.queuedAt
    this.row.waits++
    this.heap.push(this.now + this.dice.exponential(), DONE, attempt.id)
  }

  private served(attempt: Try): void {
    this.row.hops++
    const queued = this.queues[attempt.service]![attempt.replica]!.shift()
    if (queued === undefined) this.busy[attempt.service]![attempt.replica]!--
    else this.serve(queued)
    attempt.waiting = attempt.calls.length
    if (attempt.waiting === 0) this.answered(attempt)
    for (const call of attempt.calls) this.begin(call, attempt)
  }

  private answered(attempt: Try): void {
    // the answer of a try that timed out is read by nobody
    if (!attempt.call.over && attempt.number === attempt.call.tries) this.end(attempt.call, true)
  }

  private expire(attempt: Try): void {
    const { call } = attempt
    if (call.over || attempt.number !== call.tries) return
    if (call.tries === 1) {
      this.row.retries++
      this.attempt(call)
    } else this.end(call, false)
  }

  private end(call: Call, ok: boolean): void {
    call.over = true
    const { parent } = call
    if (parent !== null) {
      if (--parent.waiting === 0) this.answered(parent)
      return
    }
    this.row.done++
    this.row.latency += this.now - call.start
    if (!ok) this.row.failed++
  }
}
