// The proxies on the way of one request or connection, in order, with what each decided and what the wire before it shows.
import {
  type ClientRecord,
  type ConnectionRecord,
  type HandshakeRecord,
  type MemoryRecorder,
  type StreamRecord,
  type TrailStep,
  type WireView,
  wireInto,
  wireOnwards,
} from '../observation/index.ts'
import type { Resource } from '../resources/types.ts'
import { placeOf, policyPlace } from './place.ts'

export interface Step extends TrailStep {
  /** `file:line:column` of the YAML behind the decision, or ''. */
  source: string
}

export interface Hop {
  proxy: string
  direction: StreamRecord['direction']
  /** 0: a connection of bytes. */
  status: number
  flags: string[]
  details: string
  /** µs */
  took: number
  steps: Step[]
  /** Of the connection on which it came; null: in plain text, or before the run was watched. */
  handshake: HandshakeRecord | null
  /** What is seen of it on the way into this proxy. */
  wire: WireView
  /** And on the way out, where no other proxy follows. */
  onwards: WireView | null
}

type Passed = StreamRecord | ConnectionRecord

/** `at`: when it was sent, µs. */
export function hopsOf(
  recorder: MemoryRecorder,
  client: ClientRecord | undefined,
  at: number,
  resources: readonly Resource[],
): Hop[] {
  const streams = recorder.of('stream').filter(record => record.traceId === client?.traceId)
  const passed: Passed[] = streams.length > 0 ? streams : connectionsSince(recorder, at)
  passed.sort((a, b) => a.start - b.start || a.span - b.span)
  const handshakes = recorder.of('handshake')
  const place = (step: TrailStep): string => placeOf(step.config, resources) || policyPlace(step.note, resources)
  return passed.map(record => {
    const handshake = handshakes.findLast(
      shake => shake.proxy === record.proxy && shake.client === record.downstreamRemote && shake.at <= record.start,
    )
    const followed = passed.some(other => other.downstreamRemote === record.upstreamLocal)
    return {
      proxy: record.proxy,
      direction: record.direction,
      status: record.kind === 'stream' ? record.status : 0,
      flags: [...record.flags],
      details: record.details,
      took: record.end - record.start,
      steps: stepsOf(record).map(step => ({ ...step, source: place(step) })),
      handshake: handshake ?? null,
      wire: wireInto(record, handshake ?? null),
      onwards: followed || record.upstreamLocal === '' ? null : wireOnwards(record),
    }
  })
}

/** Connections of bytes that began with the probe: in a quiet mesh there are no others. */
function connectionsSince(recorder: MemoryRecorder, at: number): ConnectionRecord[] {
  return recorder.of('connection').filter(record => record.start >= at)
}

function stepsOf(record: Passed): TrailStep[] {
  if (record.kind === 'stream') return record.trail ?? []
  const step = (what: TrailStep['step'], name: string, note = ''): TrailStep => ({
    ...{ step: what, name, note, rejected: [], config: '', at: record.start },
  })
  return [
    step('listener', record.listener),
    step('filter chain', record.filterChain, record.mtls ? 'mutual TLS' : record.tls ? 'TLS' : 'plain text'),
    step('cluster', record.cluster),
    step('endpoint', record.upstreamHost, `${record.bytesReceived} bytes there, ${record.bytesSent} bytes back`),
  ]
}
