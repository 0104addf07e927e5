// Bytes that are no HTTP on a connection that the connection manager owns: answered 400 by the codec, and written down
// (source/common/http/conn_manager_impl.cc, http1/codec_impl.cc).
import type { Downstream, ProxyCore } from '../proxy.ts'

export function recordCodecError(core: ProxyCore, down: Downstream): void {
  const { recorder, scheduler, id, pod, nextSpan } = core.options
  if (!recorder.wants('stream')) return
  recorder.record({
    kind: 'stream',
    span: nextSpan(),
    parentSpan: 0,
    traceId: 0,
    proxy: id,
    pod,
    direction: down.direction,
    start: scheduler.now,
    end: scheduler.now,
    upstreamStart: -1,
    upstreamEnd: -1,
    protocol: 'HTTP/1.1',
    method: '',
    authority: '',
    path: '',
    status: 400,
    flags: ['DPE'],
    details: 'http1.codec_error',
    attempts: 0,
    listener: down.listener,
    filterChain: down.chain,
    virtualHost: '',
    routeName: '',
    cluster: '',
    upstreamHost: '',
    upstreamProtocol: '',
    upstreamTransportFailure: '',
    downstreamPeer: '',
    mtls: false,
    requestId: '',
    userAgent: '',
    bytesReceived: 0,
    bytesSent: 0,
    injectedDelay: false,
    injectedAbort: false,
    isShadow: false,
    trail: null,
    requestHeaders: null,
    responseHeaders: null,
  })
}
