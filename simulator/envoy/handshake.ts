// The server side of TLS at a filter chain: which certificate is shown, whether the client has to bring one and whether it
// is good (source/common/tls/server_context_impl.cc, cert_validator/).
import type { CertificateIdentity, ConnectionAttempt, ServerHello } from '../wire/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { object, text } from './json.ts'
import type { CompiledListener } from './listener.ts'
import type { ProxyOptions } from './options.ts'
import { type CommonTls, compileCommonTls } from './tls-context.ts'

export type Handshake =
  | { kind: 'done'; terminates: boolean; hello: ServerHello | null; client: CertificateIdentity | null }
  /** `alert`: what the client sees; nothing is logged of it. */
  | { kind: 'failed'; alert: string }
  /** Plain text where TLS is spoken, or nothing to show. */
  | { kind: 'not tls' }

/** The server's side of one filter chain, read once. */
export interface ServerTls extends CommonTls {
  /** Must the client bring a certificate? */
  required: boolean
  /** Is one that it brings judged? */
  checked: boolean
}

/** null: the chain takes plain text, or passes TLS on. */
export function compileServerTls(socket: JsonObject): ServerTls | null {
  const context = object(socket.typed_config)
  if (!text(context['@type']).endsWith('DownstreamTlsContext')) return null
  const common = object(context.common_tls_context)
  const required = context.require_client_certificate === true
  return {
    required,
    checked:
      required ||
      common.combined_validation_context !== undefined ||
      common.validation_context_sds_secret_config !== undefined,
    ...compileCommonTls(common),
  }
}

export function handshake(tls: ServerTls | null, attempt: ConnectionAttempt, options: ProxyOptions): Handshake {
  if (tls === null) return { kind: 'done', terminates: false, hello: null, client: null }
  if (attempt.tls === null) return { kind: 'not tls' }
  const own = tls.secret === 'default' || tls.secret === ''
  const certificate = own ? options.certificate() : options.secret(tls.secret)
  if (certificate === null) return { kind: 'not tls' }
  const offered = attempt.tls.alpn
  const hello = { alpn: tls.alpn.find(p => offered.includes(p)) ?? null, certificate }
  const client = attempt.tls.certificate
  if (!tls.checked || (client === null && !tls.required)) return { kind: 'done', terminates: true, hello, client: null }
  if (client === null) return { kind: 'failed', alert: 'certificate required' }
  if (!trusts(tls, client, options)) return { kind: 'failed', alert: 'unknown certificate authority' }
  return { kind: 'done', terminates: true, hello, client }
}

/** Is the client's certificate signed, in its time, and named as asked for? */
function trusts({ roots, names }: ServerTls, client: CertificateIdentity, options: ProxyOptions): boolean {
  const known = roots === 'ROOTCA' || roots === '' ? options.trustRoots() : credentialRoots(roots, options)
  const { now } = options.scheduler
  if (!known.includes(client.issuer) || now < client.notBefore || now > client.notAfter) return false
  return names.length === 0 || client.sans.some(san => names.some(name => name.test(san)))
}

function credentialRoots(name: string, options: ProxyOptions): string[] {
  const root = options.secret(name)
  return root === null ? [] : [root.issuer]
}

/** What the TLS inspector wrote down on seeing something else than TLS; '' = nothing. */
export function inspectionError(listener: CompiledListener, attempt: ConnectionAttempt): string {
  if (attempt.tls !== null || !listener.tlsInspector(attempt.destinationPort) || attempt.firstBytes === 'none')
    return ''
  const http1 = attempt.firstBytes === 'HTTP/1.1' || attempt.firstBytes === 'HTTP/1.0'
  const error = http1
    ? '1000009c:SSL_routines:OPENSSL_internal:HTTP_REQUEST'
    : '100000f7:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER'
  return `TLS_error|error:${error}:TLS_error_end`
}
