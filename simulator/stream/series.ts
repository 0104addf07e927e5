// The whole run as curves: answers by status and by version, and percentiles of latency, for the mesh and for each node. Buckets
// begin with a second; when there are too many, two become one, so that a run of any length costs the same.
import { SECOND } from '../engine/index.ts'
import { LatencyHistogram } from '../observation/index.ts'
import type { Curve, SeriesFrame } from './frame.ts'

/** Buckets of one node at most. */
const MOST = 600

interface Bucket {
  codes: Map<string, number>
  parts: Map<string, number>
  latency: LatencyHistogram
}

const empty = (): Bucket => ({ codes: new Map(), parts: new Map(), latency: new LatencyHistogram() })
const count = (into: Map<string, number>, name: string, more: number): void => {
  into.set(name, (into.get(name) ?? 0) + more)
}

function merge(into: Bucket, { codes, parts, latency }: Bucket): void {
  for (const [name, more] of codes) count(into.codes, name, more)
  for (const [name, more] of parts) count(into.parts, name, more)
  into.latency.merge(latency)
}

/** One answer at one place. */
export interface Answered {
  end: number
  duration: number
  /** 0 = no answer. */
  status: number
  /** Who shares the place: version of a workload, load of a client. */
  part: string
}

export class SeriesKeeper {
  /** Seconds of one bucket. */
  private width = 1
  private readonly places = new Map<string, Bucket[]>()

  /** `place`: id of a node, '' = the mesh as its clients see it. */
  add(place: string, { end, duration, status, part }: Answered): void {
    let at = this.indexOf(end)
    while (at >= MOST) {
      this.widen()
      at = this.indexOf(end)
    }
    let buckets = this.places.get(place)
    if (buckets === undefined) {
      buckets = []
      this.places.set(place, buckets)
    }
    while (buckets.length <= at) buckets.push(empty())
    const bucket = buckets[at]!
    count(bucket.codes, status === 0 ? 'no answer' : String(status), 1)
    count(bucket.parts, part, 1)
    bucket.latency.add(Math.max(0, duration))
  }

  private indexOf(end: number): number {
    return Math.floor(end / SECOND / this.width)
  }

  private widen(): void {
    this.width *= 2
    for (const [place, buckets] of this.places) {
      const wide: Bucket[] = []
      for (const [i, bucket] of buckets.entries()) {
        wide[i >> 1] ??= empty()
        merge(wide[i >> 1]!, bucket)
      }
      this.places.set(place, wide)
    }
  }

  /** The curves of some places taken together, up to the bucket of `edge`. */
  read(places: readonly string[], edge: number): Omit<SeriesFrame, 'type' | 'node'> {
    const length = Math.min(MOST, this.indexOf(edge) + 1)
    const merged = Array.from({ length }, empty)
    for (const place of places)
      for (const [i, bucket] of (this.places.get(place) ?? []).entries()) {
        const into = merged[i]
        if (into === undefined) break
        merge(into, bucket)
      }
    const percentile = (p: number): (number | null)[] =>
      merged.map(({ latency }) => (latency.count === 0 ? null : latency.percentile(p)))
    return {
      width: this.width,
      codes: this.curves(merged, 'codes'),
      parts: this.curves(merged, 'parts'),
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
    }
  }

  /** Answers a second, by name. */
  private curves(buckets: readonly Bucket[], of: 'codes' | 'parts'): Curve[] {
    const names = [...new Set(buckets.flatMap(bucket => [...bucket[of].keys()]))].sort((a, b) => (a < b ? -1 : 1))
    return names.map(name => ({ name, rates: buckets.map(bucket => (bucket[of].get(name) ?? 0) / this.width) }))
  }
}
