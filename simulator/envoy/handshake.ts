// The server side of TLS at a filter chain: which certificate is shown, whether the client has to bring one and whether it
// is good (source/common/tls/server_context_impl.cc, cert_validator/).
import type { CertificateIdentity, ConnectionAttempt, ServerHello } from '../wire/types.ts'
import type { FilterChain, JsonObject } from '../xds/types.ts'
import { list, object, text } from './json.ts'
import type { CompiledListener } from './listener.ts'
import { compileString } from './matchers.ts'
import type { ProxyOptions } from './options.ts'

export type Handshake =
  | { kind: 'done'; terminates: boolean; hello: ServerHello | null; client: CertificateIdentity | null }
  /** `alert`: what the client sees; nothing is logged of it. */
  | { kind: 'failed'; alert: string }
  /** Plain text where TLS is spoken, or nothing to show. */
  | { kind: 'not tls' }

export function handshake(chain: FilterChain, attempt: ConnectionAttempt, options: ProxyOptions): Handshake {
  const context = object(chain.transport_socket?.typed_config)
  if (!text(context['@type']).endsWith('DownstreamTlsContext'))
    return { kind: 'done', terminates: false, hello: null, client: null }
  if (attempt.tls === null) return { kind: 'not tls' }
  const common = object(context.common_tls_context)
  const certificate = ownCertificate(common, options)
  if (certificate === null) return { kind: 'not tls' }
  const offered = attempt.tls.alpn
  const alpn =
    list(common.alpn_protocols)
      .map(p => text(p))
      .find(p => offered.includes(p)) ?? null
  const client = attempt.tls.certificate
  const hello = { alpn, certificate }
  const required = context.require_client_certificate === true
  const checked =
    common.combined_validation_context !== undefined || common.validation_context_sds_secret_config !== undefined
  if (!required && !checked) return { kind: 'done', terminates: true, hello, client: null }
  if (client === null) {
    if (required) return { kind: 'failed', alert: 'certificate required' }
    return { kind: 'done', terminates: true, hello, client: null }
  }
  if (!trusts(common, client, options)) return { kind: 'failed', alert: 'unknown certificate authority' }
  return { kind: 'done', terminates: true, hello, client }
}

function ownCertificate(common: JsonObject, options: ProxyOptions): CertificateIdentity | null {
  const name = text(object(list(common.tls_certificate_sds_secret_configs)[0]).name)
  return name === 'default' || name === '' ? options.certificate() : options.secret(name)
}

/** Is the client's certificate signed, in its time, and named as asked for? */
function trusts(common: JsonObject, client: CertificateIdentity, options: ProxyOptions): boolean {
  const combined = object(common.combined_validation_context)
  const sds = object(combined.validation_context_sds_secret_config ?? common.validation_context_sds_secret_config)
  const name = text(sds.name)
  const roots = name === 'ROOTCA' || name === '' ? options.trustRoots() : credentialRoots(name, options)
  const { now } = options.scheduler
  if (!roots.includes(client.issuer) || now < client.notBefore || now > client.notAfter) return false
  const matchers = list(object(combined.default_validation_context).match_subject_alt_names)
  if (matchers.length === 0) return true
  const tests = matchers.map(m => compileString(m))
  return client.sans.some(san => tests.some(test => test(san)))
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
