// What an access log line knows of a stream, written when the stream is over.
import type { HeaderLines, HttpResponse } from '../../wire/types.ts'
import { header } from '../json.ts'
import type { HttpStream } from './stream.ts'

const copy = (lines: HeaderLines): HeaderLines => lines.slice()

/** `response` null: the client did not wait for one. */
export function recordStream(stream: HttpStream, response: HttpResponse | null): void {
  const { core, down, received, request, route, router, trail } = stream
  const { scheduler, recorder, id, pod } = core.options
  recorder.record({
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
    flags: stream.flags,
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
    requestId: header(request.headers, 'x-request-id') ?? '',
    userAgent: header(request.headers, 'user-agent') ?? '',
    bytesReceived: received.body.length,
    bytesSent: response?.body.length ?? 0,
    injectedDelay: stream.injectedDelay,
    injectedAbort: stream.injectedAbort,
    isShadow: false,
    trail,
    requestHeaders: trail === null ? null : copy(received.headers),
    responseHeaders: trail === null || response === null ? null : copy(response.headers),
  })
}
