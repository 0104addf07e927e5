// The latest requests with all that was recorded of them, bounded in number, oldest out first. A request is finished when
// the client that sent it has its end; what its services still do afterwards is added to it.
import type { ClientRecord, ServedRecord, StreamRecord } from '../observation/index.ts'
import type { Cast } from './cast.ts'
import { edgeId, type HopFrame, type Outcome, type RequestFrame } from './frame.ts'
import { faultOf, outcomeOfClient, outcomeOfStream } from './outcome.ts'
import type { Topology } from './topology.ts'

/** Requests kept, finished or under way. */
const TRACES_MAX = 4000
/** Records of one request; a storm of retries is cut here. */
const RECORDS_MAX = 500

export interface Trace {
  id: number
  client: ClientRecord | null
  streams: StreamRecord[]
  served: ServedRecord[]
}

export class TraceStore {
  private readonly traces = new Map<number, Trace>()

  stream(record: StreamRecord): void {
    const trace = this.of(record.traceId)
    if (trace.streams.length < RECORDS_MAX) trace.streams.push(record)
  }

  served(record: ServedRecord): void {
    const trace = this.of(record.traceId)
    if (trace.served.length < RECORDS_MAX) trace.served.push(record)
  }

  client(record: ClientRecord): Trace {
    const trace = this.of(record.traceId)
    trace.client = record
    return trace
  }

  /** Did the server's proxy see mutual TLS? Its record comes before the caller's, whose answer it carries. */
  cameByMtls(record: StreamRecord): boolean {
    const streams = this.traces.get(record.traceId)?.streams ?? []
    return streams.some(r => r.parentSpan === record.span && r.direction === 'inbound' && r.mtls)
  }

  get(id: number): Trace | null {
    return this.traces.get(id) ?? null
  }

  private of(id: number): Trace {
    let trace = this.traces.get(id)
    if (trace === undefined) {
      trace = { id, client: null, streams: [], served: [] }
      this.traces.set(id, trace)
      if (this.traces.size > TRACES_MAX) {
        const oldest = this.traces.keys().next()
        if (!oldest.done) this.traces.delete(oldest.value)
      }
    }
    return trace
  }
}

/**
 * Edges that one call of a proxy travels: from the caller's node to the service (when it stands in the picture) and on to
 * the workload that answered. Empty when nobody can be named.
 */
export function edgesOfStream(record: StreamRecord, topology: Topology): [source: string, target: string][] {
  if (record.direction === 'inbound') return []
  const source = topology.nodeOfPod(record.proxy)
  if (source === null) return []
  const namespace = topology.namespaceOfPod(record.proxy)
  const host = hostOfCluster(record.cluster)
  const workload = topology.nodeOfAddress(record.upstreamHost)
  const authority = record.authority.split(':')[0] ?? ''
  const service = host === '' ? topology.nodeOfHost(authority, namespace) : topology.nodeOfHost(host, namespace)
  if (service === null || service === source) {
    if (workload !== null && workload !== source) return [[source, workload]]
    if (host === '' || host === 'BlackHoleCluster')
      return authority === '' ? [] : [[source, topology.external(authority)]]
    return [[source, topology.external(host === 'PassthroughCluster' ? authority : host)]]
  }
  if (workload === null || workload === service) return [[source, service]]
  return [
    [source, service],
    [service, workload],
  ]
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local` -> the host; other clusters keep their name. */
function hostOfCluster(cluster: string): string {
  const parts = cluster.split('|')
  return parts.length < 4 ? cluster : (parts[3] ?? '')
}

/** The edge over which a load's requests enter, [] when the caller's own proxy tells it. */
export function edgesOfClient(
  record: ClientRecord,
  cast: Cast,
  topology: Topology,
): [source: string, target: string][] {
  const load = cast.loads.find(l => l.name === record.source)
  if (load === undefined) return []
  const source = topology.nodeOfSource(load.source)
  if (source === null || topology.node(source)?.proxied === true) return []
  const target =
    topology.nodeOfPod(load.target) ?? topology.nodeOfSource(load.target) ?? topology.nodeOfHost(load.target, 'default')
  return target === null || target === source ? [] : [[source, target]]
}

/** The finished request as frames tell it; its hops in the order in which they began. */
export function requestFrame(trace: Trace, client: ClientRecord, cast: Cast, topology: Topology): RequestFrame {
  const hops: HopFrame[] = []
  const entry = edgesOfClient(client, cast, topology)
  const root = entry.length > 0 ? 0 : -1
  if (entry.length > 0) {
    hops.push({
      span: 0,
      parent: -1,
      edges: entry.map(([source, target]) => edgeId(source, target)),
      start: client.start,
      end: client.end,
      ...arrival(trace, 0),
      method: client.method,
      path: client.url,
      status: client.status,
      flags: [],
      attempts: 1,
      fault: '',
      outcome: outcomeOfClient(client),
    })
  }
  const bySpan = new Map(trace.streams.map(record => [record.span, record]))
  for (const record of trace.streams) {
    const edges = edgesOfStream(record, topology)
    if (edges.length === 0) continue
    hops.push({
      span: record.span,
      parent: callerOf(record, bySpan) ?? root,
      edges: edges.map(([source, target]) => edgeId(source, target)),
      start: record.start,
      end: record.end,
      ...arrival(trace, record.span),
      method: record.method,
      path: record.path,
      status: record.status,
      flags: record.flags,
      attempts: record.attempts,
      fault: faultOf(record),
      outcome: outcomeOfStream(record),
    })
  }
  hops.sort((a, b) => a.start - b.start || a.span - b.span)
  return {
    traceId: trace.id,
    load: client.source,
    start: client.start,
    end: client.end,
    method: client.method,
    url: client.url,
    status: client.status,
    failure: client.failure,
    outcome: wholeOutcome(client, hops),
    hops,
  }
}

/** When the callee of a span's last try had the request, and when it had the answer. */
function arrival(trace: Trace, span: number): { reached: number; answered: number } {
  const callee =
    trace.streams.findLast(record => record.parentSpan === span && (span === 0 || record.direction === 'inbound')) ??
    trace.served.findLast(record => record.parentSpan === span)
  return { reached: callee?.start ?? -1, answered: callee?.end ?? -1 }
}

/** The nearest stream above that a caller's proxy told; null for the first. */
function callerOf(record: StreamRecord, bySpan: ReadonlyMap<number, StreamRecord>): number | null {
  let span = record.parentSpan
  for (let depth = 0; depth < RECORDS_MAX && span !== 0; depth++) {
    const above = bySpan.get(span)
    if (above === undefined) return null
    if (above.direction !== 'inbound') return above.span
    span = above.parentSpan
  }
  return null
}

/** A page that came although something behind it failed or was held is degraded. */
function wholeOutcome(client: ClientRecord, hops: readonly HopFrame[]): Outcome {
  const own = outcomeOfClient(client)
  if (client.status === 401 || client.status === 403) {
    if (hops.some(hop => hop.outcome === 'denied')) return 'denied'
  }
  return own === 'ok' && hops.some(hop => hop.outcome !== 'ok' || hop.fault !== '') ? 'warn' : own
}
