// One request in full: the rows of its waterfall (client, each proxy, each application) and, for each proxy, the chain of
// its decisions. Where a proxy recorded no trail, the chain is what its log line itself tells: the names chosen.
import { accessLogLine, type StreamRecord, type TrailStep, wireInto } from '../observation/index.ts'
import type { Resource } from '../resources/types.ts'
import { placeOf } from '../scenario/index.ts'
import type { DecisionFrame, SpanFrame } from './frame.ts'
import { faultOf, outcomeOfClient, outcomeOfStream } from './outcome.ts'
import type { Topology } from './topology.ts'
import type { Trace } from './traces.ts'

/** Rows of the client and of applications carry ids that no stream has. */
const CLIENT_ROW = 0
const APP_ROW = 1_000_000_000

/** `resources`: for the places of the documents behind decisions. */
export function spanFrames(trace: Trace, topology: Topology, resources: readonly Resource[]): SpanFrame[] {
  const rows: SpanFrame[] = []
  const { client } = trace
  if (client !== null) {
    rows.push({
      ...empty,
      span: CLIENT_ROW,
      parent: -1,
      kind: 'client',
      node: topology.nodeOfSource(client.source) ?? '',
      pod: client.source,
      start: client.start,
      end: client.end,
      begun: client.start,
      method: client.method,
      path: client.url,
      status: client.status,
      details: client.failure,
      outcome: outcomeOfClient(client),
    })
  }
  const spans = new Set(trace.streams.map(record => record.span))
  const above = (span: number): number => (span !== 0 && spans.has(span) ? span : client === null ? -1 : CLIENT_ROW)
  const headers = new Map<number, StreamRecord>()
  for (const record of trace.streams) {
    headers.set(record.span, record)
    rows.push({
      span: record.span,
      parent: above(record.parentSpan),
      kind: 'proxy',
      direction: record.direction,
      node: topology.nodeOfPod(record.proxy) ?? '',
      pod: record.proxy,
      start: record.start,
      end: record.end,
      begun: record.upstreamStart,
      method: record.method,
      authority: record.authority,
      path: record.path,
      status: record.status,
      flags: record.flags,
      details: record.details,
      outcome: outcomeOfStream(record),
      fault: faultOf(record),
      attempts: record.attempts,
      cluster: record.cluster,
      upstreamHost: record.upstreamHost,
      mtls: record.mtls,
      downstreamPeer: record.downstreamPeer,
      trail: decisions(record, resources),
      requestHeaders: record.requestHeaders ?? [],
      responseHeaders: record.responseHeaders ?? [],
      log: accessLogLine(record),
      wire: wireInto(record),
    })
  }
  for (const [i, record] of trace.served.entries()) {
    rows.push({
      ...empty,
      span: APP_ROW + i,
      parent: above(record.parentSpan),
      kind: 'app',
      node: topology.nodeOfPod(record.pod) ?? '',
      pod: record.pod,
      start: record.start,
      end: record.end,
      begun: record.begun,
      method: record.method,
      authority: record.authority,
      path: record.path,
      status: record.status,
      details: record.abandoned ? 'nobody waits for this answer' : '',
      outcome: record.status >= 500 ? 'fail' : 'ok',
    })
  }
  return rows.sort((a, b) => a.start - b.start || a.span - b.span)
}

const empty = {
  direction: '' as const,
  authority: '',
  flags: [],
  details: '',
  fault: '' as const,
  attempts: 1,
  cluster: '',
  upstreamHost: '',
  mtls: false,
  downstreamPeer: '',
  trail: [],
  requestHeaders: [],
  responseHeaders: [],
  log: '',
  wire: null,
}

function decisions(record: StreamRecord, resources: readonly Resource[]): DecisionFrame[] {
  return (record.trail ?? namesOf(record)).map(step => ({ ...step, source: placeOf(step.config, resources) }))
}

/** The chain that the record's own fields tell. */
function namesOf(record: StreamRecord): TrailStep[] {
  const chain: TrailStep[] = []
  const step = (kind: TrailStep['step'], name: string, note: string): void => {
    if (name !== '') chain.push({ step: kind, name, note, rejected: [], config: '', at: record.start })
  }
  step('listener', record.listener, '')
  step('filter chain', record.filterChain, record.mtls ? `mTLS with ${record.downstreamPeer}` : '')
  step('virtual host', record.virtualHost, `by Host ${record.authority}`)
  step('route', record.routeName, '')
  if (record.injectedDelay) step('filter', 'envoy.filters.http.fault', 'held by an injected delay')
  if (record.injectedAbort) step('filter', 'envoy.filters.http.fault', 'answered by an injected abort')
  step('cluster', record.cluster, '')
  step('endpoint', record.upstreamHost, record.upstreamHost === '' ? '' : record.upstreamProtocol)
  if (record.attempts > 1) step('try', `${record.attempts} tries`, '')
  if (record.upstreamTransportFailure !== '') step('connection', 'failed', record.upstreamTransportFailure)
  const flags = record.flags.length === 0 ? '' : ` ${record.flags.join(',')}`
  chain.push({
    step: 'end',
    name: `${record.status}${flags}`,
    note: record.details,
    rejected: [],
    config: '',
    at: record.end,
  })
  return chain
}
