// What is known of a stream when it is over: the record that observers get, and the lines of access logs made from it.
import type { StreamRecord } from '../../observation/types.ts'
import type { HeaderLines, HttpResponse } from '../../wire/types.ts'
import { type AccessLog, writeLogs } from '../access-log.ts'
import { header } from '../json.ts'
import type { HttpStream } from './stream.ts'

const NONE: readonly AccessLog[] = []

const copy = (lines: HeaderLines): HeaderLines => lines.slice()

/** `response` null: the client did not wait for one. */
export function recordStream(stream: HttpStream, response: HttpResponse | null): void {
  const { recorder } = stream.core.options
  const logs = recorder.wants('log') ? stream.manager.accessLogs() : NONE
  const wanted = recorder.wants('stream')
  if (!wanted && logs.length === 0) return
  const detailed = stream.trail !== null || logs.length > 0
  const record = recordOf(stream, response, detailed)
  if (wanted) recorder.record(record)
  if (logs.length === 0) return
  // A log sees the headers as the filters left them.
  writeLogs(logs, { ...record, requestHeaders: stream.request.headers }, recorder)
}

/** `detailed`: with headers and addresses. */
export function recordOf(stream: HttpStream, response: HttpResponse | null, detailed: boolean): StreamRecord {
  const { core, down, received, request, route, router, trail } = stream
  const { scheduler, id, pod } = core.options
  return {
    kind: 'stream',
    span: stream.span,
    parentSpan: received.parentSpan,
    traceId: received.traceId,
    proxy: id,
    pod,
    direction: down.direction,
    start: stream.start,
    end: scheduler.now,
    upstreamStart: router.sentAt,
    upstreamEnd: router.answeredAt,
    protocol: received.protocol,
    method: request.method,
    authority: request.authority,
    path: received.path,
    status: response?.status ?? 0,
    flags: stream.flags.slice(),
    details: stream.details,
    attempts: router.attempts,
    listener: down.listener,
    filterChain: down.chain,
    virtualHost: stream.host?.name ?? '',
    routeName: route?.name ?? '',
    cluster: core.cluster(stream.clusterName) === null ? '' : stream.clusterName,
    upstreamHost: router.host?.key ?? '',
    upstreamProtocol: router.protocol,
    upstreamTransportFailure: router.transportFailure,
    downstreamPeer: down.peer,
    mtls: down.peer !== '',
    tls: down.tls,
    upstreamTls: router.upstreamCertificate !== null,
    sni: down.sni,
    downstreamRemote: detailed ? remoteAddress(stream) : '',
    downstreamLocal: detailed ? `${down.ip}:${down.port}` : '',
    upstreamLocal: router.upstreamLocal,
    requestId: header(request.headers, 'x-request-id') ?? '',
    userAgent: header(request.headers, 'user-agent') ?? '',
    bytesReceived: received.body.length,
    bytesSent: response?.body.length ?? 0,
    injectedDelay: stream.injectedDelay,
    injectedAbort: stream.injectedAbort,
    isShadow: false,
    trail,
    requestHeaders: detailed ? copy(received.headers) : null,
    responseHeaders: detailed && response !== null ? copy(response.headers) : null,
  }
}

/** The trusted client: with port 0 where its address comes from x-forwarded-for. */
function remoteAddress({ down, remoteIp }: HttpStream): string {
  return remoteIp === '' || remoteIp === down.sourceIp ? `${down.sourceIp}:${down.sourcePort}` : `${remoteIp}:0`
}
