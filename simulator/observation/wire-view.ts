// What somebody with a packet capture sees between two hops: the request in plain text, or TLS records with what stands
// in the clear of a handshake (server name and ALPN; in TLS 1.3 certificates are encrypted too).
import type { ConnectionRecord, HandshakeRecord, StreamRecord } from './types.ts'

export interface WireView {
  encrypted: boolean
  lines: string[]
}

/** The connection on which a proxy got a request; `handshake`: the one that opened it, where it was watched. */
export function wireInto(record: StreamRecord | ConnectionRecord, handshake: HandshakeRecord | null = null): WireView {
  if (record.tls) return ciphertext(record, handshake)
  return { encrypted: false, lines: record.kind === 'stream' ? plainRequest(record) : plainBytes(record) }
}

/** The connection on which a proxy went on to a server that has no proxy of its own. */
export function wireOnwards(record: StreamRecord | ConnectionRecord): WireView {
  if (!record.upstreamTls)
    return { encrypted: false, lines: record.kind === 'stream' ? plainRequest(record) : plainBytes(record) }
  return { encrypted: true, lines: ['TLS handshake', `application data: ${sizes(record)}`] }
}

function ciphertext(record: StreamRecord | ConnectionRecord, handshake: HandshakeRecord | null): WireView {
  const hello = handshake?.steps.find(({ step }) => step === 'ClientHello')?.note
  const name = record.sni === '' ? 'no server name' : `server name ${record.sni}`
  return { encrypted: true, lines: [`ClientHello: ${hello ?? name}`, `application data: ${sizes(record)}`] }
}

const sizes = ({ bytesReceived, bytesSent }: StreamRecord | ConnectionRecord): string =>
  `${bytesReceived} bytes there, ${bytesSent} bytes back, and the headers with them`

function plainRequest(record: StreamRecord): string[] {
  const { method, path, protocol, authority, status, bytesReceived, bytesSent } = record
  const head = [`${method} ${path} ${protocol}`, `host: ${authority}`]
  const headers = (record.requestHeaders ?? []).map(([name, value]) => `${name}: ${value}`)
  const body = bytesReceived > 0 ? [`(${bytesReceived} bytes of body)`] : []
  return [...head, ...headers, ...body, `${protocol} ${status}, ${bytesSent} bytes of body`]
}

function plainBytes({ bytesReceived, bytesSent, firstBytes }: ConnectionRecord): string[] {
  const { there = '', back = '' } = firstBytes ?? {}
  const readable = (way: string, text: string): string[] =>
    text.split('\n').flatMap(line => (line === '' ? [] : [`${way} ${line}`]))
  return [
    ...readable('>', there),
    ...readable('<', back),
    `${bytesReceived} bytes there and ${bytesSent} bytes back, all of them readable`,
  ]
}
