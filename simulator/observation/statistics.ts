// Traffic as counted numbers: per edge (who calls whom, which version answers) totals, statuses, response flags and
// latency, and the same per second for rates. An HTTP edge is counted once, on the caller's side, as Kiali does with
// reporter=source: by the outbound or gateway stream, or by the load generator where the caller has no proxy.
import { LatencyHistogram } from './histogram.ts'
import type { ClientRecord, Observation, Recorder, StreamRecord } from './types.ts'

/** Who stands behind an address or a pod. */
export interface Party {
  /** Deployment's name, e.g. `reviews-v1`. */
  workload: string
  /** Label `app`, e.g. `reviews`; the workload's name without one. */
  app: string
  /** Label `version` or ''. */
  version: string
  namespace: string
}

export interface Directory {
  /** By `name.namespace` of a pod. */
  byPod(id: string): Party | null
  byIp(ip: string): Party | null
  /** The edge that a load generator's requests count for; null: its own proxy counts them. */
  byLoad(name: string): { source: string; destination: string } | null
}

export interface Tally {
  requests: number
  /** Answers with 5xx, and requests without an answer (status 0 where the caller had not gone away itself). */
  errors: number
  readonly statuses: Map<number, number>
  readonly flags: Map<string, number>
  /** Version that answered, '' where no host was reached. */
  readonly versions: Map<string, number>
}

export interface Edge extends Tally {
  source: string
  destination: string
  readonly latency: LatencyHistogram
  /** The last seconds, oldest first: start in seconds of virtual time. */
  readonly seconds: SecondTally[]
}

export interface SecondTally {
  second: number
  requests: number
  errors: number
  readonly versions: Map<string, number>
}

const SECOND = 1_000_000
/** Seconds kept per edge. */
const SECONDS_KEPT = 120

/** `outbound|9080|v1|reviews.default.svc.cluster.local` -> the service's first name; '' for other clusters. */
export function serviceOfCluster(cluster: string): string {
  const parts = cluster.split('|')
  if (parts.length < 4) return cluster
  return (parts[3] ?? '').split('.')[0] ?? ''
}

/** Did the caller get an answer that counts as good? */
export function isError(status: number, flags: readonly string[]): boolean {
  return status >= 500 || (status === 0 && !flags.includes('DC'))
}

export class TrafficStatistics implements Recorder {
  /** Set once the pods are known. */
  directory: Directory = { byPod: () => null, byIp: () => null, byLoad: () => null }
  readonly edges = new Map<string, Edge>()
  /** What the clients saw, by load. */
  readonly clients = new Map<string, Edge>()
  pushes = 0
  nacks = 0

  wants(kind: Observation['kind']): boolean {
    return kind === 'stream' || kind === 'client' || kind === 'push'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind === 'stream') this.stream(observation)
    else if (observation.kind === 'client') this.client(observation)
    else if (observation.kind === 'push') {
      this.pushes++
      if (observation.nack !== '') this.nacks++
    }
  }

  /** Edges by source, then destination, in code unit order. */
  sorted(): Edge[] {
    return [...this.edges.values()].sort((a, b) => compare(a.source, b.source) || compare(a.destination, b.destination))
  }

  /** Who called whom and who answered, for one stream record; null for the server's side and for shadows. */
  edgeOf(record: StreamRecord): { source: string; destination: string; version: string } | null {
    if (record.direction === 'inbound' || record.isShadow) return null
    const source = this.directory.byPod(record.proxy)
    const host = this.directory.byIp(record.upstreamHost.split(':')[0] ?? '')
    const named = serviceOfCluster(record.cluster)
    const destination = named !== '' ? named : (host?.app ?? record.authority)
    return { source: source?.app ?? record.pod, destination, version: host?.version ?? '' }
  }

  private stream(record: StreamRecord): void {
    const edge = this.edgeOf(record)
    if (edge === null) return
    this.count(this.edge(this.edges, edge.source, edge.destination), record, edge.version)
  }

  private client(record: ClientRecord): void {
    const flags = record.failure === '' ? [] : [record.failure]
    const asStream = { status: record.status, flags, start: record.start, end: record.end }
    this.count(this.edge(this.clients, record.source, ''), asStream, '')
    const edge = this.directory.byLoad(record.source)
    if (edge !== null) this.count(this.edge(this.edges, edge.source, edge.destination), asStream, '')
  }

  private edge(edges: Map<string, Edge>, source: string, destination: string): Edge {
    const key = `${source} -> ${destination}`
    let edge = edges.get(key)
    if (edge === undefined) {
      edge = {
        source,
        destination,
        requests: 0,
        errors: 0,
        statuses: new Map(),
        flags: new Map(),
        versions: new Map(),
        latency: new LatencyHistogram(),
        seconds: [],
      }
      edges.set(key, edge)
    }
    return edge
  }

  private count(
    edge: Edge,
    record: { status: number; flags: readonly string[]; start: number; end: number },
    version: string,
  ): void {
    const failed = isError(record.status, record.flags) ? 1 : 0
    edge.requests++
    edge.errors += failed
    increment(edge.statuses, record.status)
    for (const flag of record.flags) increment(edge.flags, flag)
    increment(edge.versions, version)
    edge.latency.add(record.end - record.start)
    const second = Math.floor(record.end / SECOND)
    let last = edge.seconds.at(-1)
    if (last === undefined || last.second !== second) {
      last = { second, requests: 0, errors: 0, versions: new Map() }
      edge.seconds.push(last)
      if (edge.seconds.length > SECONDS_KEPT) edge.seconds.shift()
    }
    last.requests++
    last.errors += failed
    increment(last.versions, version)
  }
}

function increment<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
