// Streams as spans in OTLP's JSON (opentelemetry-proto trace/v1, JSON mapping: ids in hex, 64-bit numbers as text), named
// and attributed as Envoy's OpenTelemetry tracer does it (source/common/tracing/http_tracer_impl.cc).
import { type Directory, EPOCH_SECONDS, isError, type StreamRecord } from '../observation/index.ts'

interface Attribute {
  key: string
  value: { stringValue: string } | { intValue: string }
}

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  /** 2: server, 3: client. */
  kind: 2 | 3
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: Attribute[]
  status: { code?: 2; message?: string }
}

export interface OtlpTraces {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { scope: { name: string }; spans: Span[] }[] }[]
}

/** One resource for each service, in order of its first span. */
export function otlpTraces(streams: readonly StreamRecord[], directory: Directory): OtlpTraces {
  const byService = new Map<string, Span[]>()
  const known = new Set(streams.map(stream => stream.span))
  for (const stream of streams) {
    const party = directory.byPod(stream.proxy)
    const service = party === null ? stream.proxy : `${party.app}.${party.namespace}`
    byService.set(service, [...(byService.get(service) ?? []), spanOf(stream, known.has(stream.parentSpan))])
  }
  return {
    resourceSpans: [...byService].map(([service, spans]) => ({
      resource: { attributes: [text('service.name', service)] },
      scopeSpans: [{ scope: { name: 'envoy' }, spans }],
    })),
  }
}

function spanOf(stream: StreamRecord, hasParent: boolean): Span {
  const { traceId, span, parentSpan, authority, path, direction, start, end, status, flags } = stream
  const failed = isError(status, flags)
  return {
    traceId: hex(traceId, 32),
    spanId: hex(span, 16),
    ...(hasParent ? { parentSpanId: hex(parentSpan, 16) } : {}),
    name: `${direction === 'inbound' ? 'ingress' : 'egress'} ${authority}`,
    kind: direction === 'inbound' ? 2 : 3,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: [
      text('component', 'proxy'),
      text('node_id', stream.proxy),
      text('http.method', stream.method),
      text('http.url', `http://${authority}${path}`),
      text('http.protocol', stream.protocol),
      text('http.status_code', String(status)),
      text('response_flags', flags.length === 0 ? '-' : flags.join(',')),
      text('upstream_cluster', stream.cluster),
      text('upstream_cluster.name', stream.cluster),
      text('upstream_address', stream.upstreamHost),
      text('user_agent', stream.userAgent),
      text('guid:x-request-id', stream.requestId),
      int('request_size', stream.bytesReceived),
      int('response_size', stream.bytesSent),
    ],
    status: failed ? { code: 2, message: stream.details } : {},
  }
}

const hex = (id: number, digits: number): string => id.toString(16).padStart(digits, '0')

/** Virtual µs as nanoseconds since 1970: more digits than a number holds. */
const nanoseconds = (us: number): string => `${BigInt(EPOCH_SECONDS) * 1_000_000_000n + BigInt(us) * 1_000n}`

const text = (key: string, stringValue: string): Attribute => ({ key, value: { stringValue } })
const int = (key: string, value: number): Attribute => ({ key, value: { intValue: String(value) } })
