// Sliding figures of edges and nodes: the last seconds of virtual time in one-second buckets, so that a figure follows
// the mesh within seconds and forgets what is past. Watching is all it does: it draws no dice and schedules nothing.
import { SECOND } from '../engine/index.ts'
import { LatencyHistogram } from '../observation/index.ts'
import type { EdgeFigures, NodeFigures, Outcome, Outcomes } from './frame.ts'

/** Seconds that a figure looks back. */
export const WINDOW_SECONDS = 10

interface Bucket {
  second: number
  outcomes: Outcomes
  latency: LatencyHistogram
  flags: Map<string, number>
  mtls: number
}

/** What one request was on one edge or at one node. */
export interface Sample {
  end: number
  duration: number
  outcome: Outcome
  flags: readonly string[]
  /** The server's proxy saw mutual TLS. */
  mtls: boolean
}

export class SlidingFigures {
  private buckets: Bucket[] = []

  add(sample: Sample): void {
    const second = Math.floor(sample.end / SECOND)
    let bucket = this.buckets.at(-1)
    if (bucket === undefined || bucket.second < second) {
      bucket = { second, outcomes: noOutcomes(), latency: new LatencyHistogram(), flags: new Map(), mtls: 0 }
      this.buckets.push(bucket)
      if (this.buckets.length > WINDOW_SECONDS) this.buckets.shift()
    }
    bucket.outcomes[sample.outcome]++
    if (sample.mtls) bucket.mtls++
    bucket.latency.add(Math.max(0, sample.duration))
    if (sample.outcome === 'fail' || sample.outcome === 'denied') {
      for (const flag of sample.flags) bucket.flags.set(flag, (bucket.flags.get(flag) ?? 0) + 1)
    }
  }

  /** Everything of the window that ends at `now`. */
  read(now: number): {
    rate: number
    total: number
    outcomes: Outcomes
    p50: number
    p99: number
    flag: string
    mtls: number
  } {
    const first = Math.floor(now / SECOND) - WINDOW_SECONDS + 1
    const outcomes = noOutcomes()
    const latency = new LatencyHistogram()
    const flags = new Map<string, number>()
    let mtls = 0
    for (const bucket of this.buckets) {
      if (bucket.second < first) continue
      outcomes.ok += bucket.outcomes.ok
      outcomes.warn += bucket.outcomes.warn
      outcomes.fail += bucket.outcomes.fail
      outcomes.denied += bucket.outcomes.denied
      latency.merge(bucket.latency)
      mtls += bucket.mtls
      for (const [flag, count] of bucket.flags) flags.set(flag, (flags.get(flag) ?? 0) + count)
    }
    const total = latency.count
    const seconds = Math.max(0.5, now / SECOND - Math.max(0, first))
    let flag = ''
    for (const [name, count] of flags) if (count > (flags.get(flag) ?? 0)) flag = name
    return {
      rate: rounded(total / seconds),
      total,
      outcomes,
      p50: latency.percentile(50),
      p99: latency.percentile(99),
      flag,
      mtls: total === 0 ? 0 : rounded(mtls / total),
    }
  }
}

export class MeshFigures {
  private readonly edges = new Map<string, { figures: SlidingFigures; source: string }>()
  private readonly nodes = new Map<string, SlidingFigures>()

  /** One request over one edge; it counts for the node at its end too. */
  add(edge: string, source: string, target: string, sample: Sample): void {
    let known = this.edges.get(edge)
    if (known === undefined) {
      known = { figures: new SlidingFigures(), source }
      this.edges.set(edge, known)
    }
    known.figures.add(sample)
    let node = this.nodes.get(target)
    if (node === undefined) {
      node = new SlidingFigures()
      this.nodes.set(target, node)
    }
    node.add(sample)
  }

  /** `isService`: shares are told for edges that leave a service. */
  readEdges(now: number, isService: (node: string) => boolean): EdgeFigures[] {
    const read = [...this.edges].map(([id, edge]) => ({ id, source: edge.source, ...edge.figures.read(now) }))
    const totals = new Map<string, number>()
    for (const edge of read) totals.set(edge.source, (totals.get(edge.source) ?? 0) + edge.total)
    return read.map(({ id, source, rate, total, outcomes, p50, p99, flag, mtls }) => {
      const all = totals.get(source) ?? 0
      return {
        id,
        rate,
        errorRate: total === 0 ? 0 : rounded((outcomes.fail + outcomes.denied) / total),
        p50,
        p99,
        share: isService(source) && all > 0 ? rounded(total / all) : null,
        outcomes,
        flag,
        mtls,
      }
    })
  }

  readNodes(now: number): NodeFigures[] {
    return [...this.nodes].map(([id, figures]) => {
      const { rate, p99, outcomes } = figures.read(now)
      return { id, rate, p99, outcomes }
    })
  }
}

function noOutcomes(): Outcomes {
  return { ok: 0, warn: 0, fail: 0, denied: 0 }
}

function rounded(n: number): number {
  return Math.round(n * 1000) / 1000
}
