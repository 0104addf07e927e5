// The run as it was seen, kept so that any moment of it can be shown at once: figures twice a second (keys), finished
// requests, events and seconds, each bounded. What the page shows is always read from here, live or long ago, so that the
// same moment gives the same picture whenever one looks.
import type { BeatFrame, EdgeFigures, EventFrame, NodeFigures, RequestFrame, TopologyFrame } from './frame.ts'

/** Virtual time between two keys, µs. */
export const KEY_EVERY = 500_000

/** Seconds and events of a run that are kept. */
const BEATS_MAX = 86_400
const EVENTS_MAX = 5000
/** Requests of one second that ended well and are kept; above, one in n by the hash of the id. */
const GOOD_PER_SECOND = 240
/** Requests kept in all; then the older half is thinned. */
const REQUESTS_MAX = 24_000
/** Figures of edges and nodes kept in all keys; then the older half loses every second key. */
const FIGURES_MAX = 200_000

export interface Key {
  at: number
  edges: EdgeFigures[]
  nodes: NodeFigures[]
  topology: TopologyFrame
}

export interface Span {
  requests: RequestFrame[]
  /** One in so many of the requests that ended well is kept. */
  sampling: number
}

export class Tape {
  readonly events: EventFrame[] = []
  readonly beats: BeatFrame[] = []
  readonly keys: Key[] = []
  private requests: RequestFrame[] = []
  private readonly pushes: { at: number; version: number }[] = []
  private figures = 0
  private readonly changed = new Set<BeatFrame>()
  private second = { at: -1, good: 0, sampling: 1 }
  /** Requests before this time are thinned: one in so many. */
  private thinned = { until: 0, sampling: 1 }

  request(request: RequestFrame): void {
    const beat = this.beat(Math.floor(request.end / 1_000_000))
    beat.requests++
    if (request.outcome === 'fail' || request.outcome === 'denied') beat.failed++
    else if (request.outcome === 'warn') beat.degraded++
    this.changed.add(beat)
    if (request.outcome === 'ok' && !this.roomFor(request, beat.second)) return
    this.requests.push(request)
    if (this.requests.length > REQUESTS_MAX) this.thinRequests()
  }

  event(event: EventFrame): void {
    keep(this.events, event, EVENTS_MAX)
  }

  /** istiod sent configuration number `version`. */
  push(at: number, version: number): void {
    if (version > (this.pushes.at(-1)?.version ?? 0)) this.pushes.push({ at, version })
  }

  key(key: Key): void {
    this.keys.push(key)
    this.figures += key.edges.length + key.nodes.length
    if (this.figures > FIGURES_MAX) this.thinKeys()
  }

  /** Seconds whose counts have changed since the last call. */
  takeBeats(): BeatFrame[] {
    const beats = [...this.changed]
    this.changed.clear()
    return beats
  }

  /** The last key at or before `time`; null before the first. */
  keyAt(time: number): Key | null {
    return this.keys[after(this.keys, time, key => key.at) - 1] ?? null
  }

  /** Configuration number that istiod had sent last. */
  pushesAt(time: number): number {
    return this.pushes[after(this.pushes, time, push => push.at) - 1]?.version ?? 0
  }

  /** Requests that ended in `(from, to]`, oldest first. */
  between(from: number, to: number): Span {
    const first = after(this.requests, from, request => request.end)
    const last = after(this.requests, to, request => request.end)
    const sampling = to <= this.thinned.until ? this.thinned.sampling : this.second.sampling
    return { requests: this.requests.slice(first, last), sampling }
  }

  /** The last `count` requests that had ended at `time`. */
  latest(time: number, count: number): RequestFrame[] {
    const last = after(this.requests, time, request => request.end)
    return this.requests.slice(Math.max(0, last - count), last)
  }

  /** A kept request by its id. */
  requestOf(traceId: number): RequestFrame | null {
    return this.requests.findLast(request => request.traceId === traceId) ?? null
  }

  /** The end of the first request after `time`, or of the last one before it; null when there is none. */
  requestBeside(time: number, back: boolean): number | null {
    const i = back
      ? after(this.requests, time - 1, request => request.end) - 1
      : after(this.requests, time, request => request.end)
    return this.requests[i]?.end ?? null
  }

  /** The nearest beginning or end of a hop, or event of the mesh, beside `time`; null when there is none. */
  eventBeside(time: number, back: boolean): number | null {
    let best: number | null = null
    const consider = (at: number): void => {
      if (back ? at < time && (best === null || at > best) : at > time && (best === null || at < best)) best = at
    }
    const from = after(this.requests, time, request => request.end)
    for (const request of this.requests.slice(Math.max(0, from - HOPS_LOOK), from + HOPS_LOOK)) {
      for (const hop of request.hops) {
        consider(hop.start)
        consider(hop.end)
      }
    }
    for (const event of this.events) consider(event.at)
    return best
  }

  private roomFor(request: RequestFrame, second: number): boolean {
    if (this.second.at !== second) this.second = { at: second, good: 0, sampling: 1 }
    this.second.good++
    while (this.second.good > GOOD_PER_SECOND * this.second.sampling) this.second.sampling *= 2
    return chosen(request, this.second.sampling)
  }

  private thinRequests(): void {
    const half = this.requests.length >> 1
    const until = this.requests[half]?.end ?? 0
    this.thinned = { until, sampling: this.thinned.sampling * 2 }
    const { sampling } = this.thinned
    const older = this.requests.slice(0, half).filter(r => r.outcome !== 'ok' || chosen(r, sampling))
    // A run in which nothing ends well is thinned all the same.
    const kept = older.length > half * 0.9 ? older.filter((_, i) => i % 2 === 0) : older
    this.requests = [...kept, ...this.requests.slice(half)]
  }

  private thinKeys(): void {
    const half = this.keys.length >> 1
    const kept = this.keys.filter((_, i) => i >= half || i % 2 === 0)
    this.keys.splice(0, this.keys.length, ...kept)
    this.figures = kept.reduce((sum, key) => sum + key.edges.length + key.nodes.length, 0)
  }

  private beat(second: number): BeatFrame {
    const last = this.beats.at(-1)
    if (last?.second === second) return last
    const beat = { second, requests: 0, degraded: 0, failed: 0 }
    keep(this.beats, beat, BEATS_MAX)
    return beat
  }
}

/** Requests on each side of a moment whose hops may lie next to it. */
const HOPS_LOOK = 100

/** One in n by a hash of the id: the same requests again at the same time. */
export function chosen(request: RequestFrame, sampling: number): boolean {
  return (Math.imul(request.traceId, 2_654_435_761) >>> 16) % sampling === 0
}

/** Index of the first item later than `time` in a list sorted by time. */
function after<T>(list: readonly T[], time: number, of: (item: T) => number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (of(list[middle] as T) > time) high = middle
    else low = middle + 1
  }
  return low
}

function keep<T>(list: T[], item: T, max: number): void {
  list.push(item)
  if (list.length > max) list.shift()
}
