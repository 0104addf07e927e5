// What the codec does not take on a connection that the connection manager owns: its answer, and what is written down
// (source/common/http/conn_manager_impl.cc, http1/codec_impl.cc).
import type { HttpProtocol } from '../../wire/types.ts'
import type { Downstream, ProxyCore } from '../proxy.ts'

/** A complaint of the codec. */
export interface CodecError {
  protocol: HttpProtocol
  /** 0 = the connection ends without an answer. */
  status: number
  details: string
}

/** Bytes that are no HTTP/1. */
export const NOT_HTTP1: CodecError = { protocol: 'HTTP/1.1', status: 400, details: 'http1.codec_error' }
/** Extended CONNECT where it is not allowed, which is how an upgrade travels over HTTP/2. */
export const NO_CONNECT: CodecError = { protocol: 'HTTP/2', status: 0, details: 'http2.invalid.header.field' }

/** The answer to NOT_HTTP1, byte for byte but the date. */
export const badRequest = (serverName: string): string =>
  'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\n' +
  `server: ${serverName}\r\nconnection: close\r\n\r\nBad Request`

export function recordCodecError(core: ProxyCore, down: Downstream, error: CodecError): void {
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
    protocol: error.protocol,
    method: '',
    authority: '',
    path: '',
    status: error.status,
    flags: ['DPE'],
    details: error.details,
    attempts: 0,
    listener: down.listener,
    filterChain: down.chain,
    virtualHost: '',
    routeName: '',
    cluster: '',
    upstreamHost: '',
    upstreamProtocol: '',
    upstreamTransportFailure: '',
    downstreamPeer: down.peer,
    mtls: down.peer !== '',
    tls: down.tls,
    upstreamTls: false,
    sni: down.sni,
    downstreamRemote: '',
    downstreamLocal: '',
    upstreamLocal: '',
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
