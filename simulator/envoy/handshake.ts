// The server side of TLS at a filter chain: which certificate is shown, whether the client has to bring one and whether it
// is good (source/common/tls/server_context_impl.cc, cert_validator/).
import type { EventHandler, Scheduler } from '../engine/types.ts'
import type {
  CertificateIdentity,
  ConnectionAttempt,
  ServerConnection,
  ServerConnectionHandler,
  ServerHello,
} from '../wire/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { object, text } from './json.ts'
import type { CompiledListener } from './listener.ts'
import { clockOf, type ProxyOptions } from './options.ts'
import { type CommonTls, compileCommonTls } from './tls-context.ts'
import {
  type Agreement,
  EXPIRED,
  NO_CERTIFICATE,
  NOT_YET_VALID,
  negotiate,
  ServerSession,
  type TlsFailure,
  UNKNOWN_AUTHORITY,
  wrongNames,
} from './tls-negotiation.ts'

export interface FailedHandshake {
  kind: 'failed'
  words: string
  /** What either side logs as transport failure. */
  clientSees: string
  serverSees: string
  /** TLS 1.3: the client believes that it is connected; null: its handshake fails. */
  hello: ServerHello | null
}

export type Handshake =
  | {
      kind: 'done'
      terminates: boolean
      hello: ServerHello | null
      client: CertificateIdentity | null
      /** null: no TLS here. */
      agreed: Agreement | null
    }
  | FailedHandshake
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
  if (tls === null) return { kind: 'done', terminates: false, hello: null, client: null, agreed: null }
  if (attempt.tls === null) return { kind: 'not tls' }
  const own = tls.secret === 'default' || tls.secret === ''
  const certificate = own ? options.certificate() : options.secret(tls.secret)
  if (certificate === null) return { kind: 'not tls' }
  const agreed = negotiate(tls, attempt.tls, certificate)
  if ('failure' in agreed) return { kind: 'failed', ...agreed.failure, hello: null }
  const offered = attempt.tls.alpn
  const asked = tls.checked ? attempt.tls.certificate : null
  const now = clockOf(options)
  const { session: known } = attempt.tls
  const hello: ServerHello = {
    alpn: tls.alpn.find(p => offered.includes(p)) ?? null,
    certificate,
    resumed: known instanceof ServerSession && known.fits(tls, certificate, asked, now),
    session: new ServerSession(tls, certificate, asked, now, agreed.version),
  }
  if (asked === null && !tls.required) return { kind: 'done', terminates: true, hello, client: null, agreed }
  const failure = asked === null ? NO_CERTIFICATE : distrust(tls, asked, options)
  if (failure !== null) return { kind: 'failed', ...failure, hello: agreed.version === 13 ? hello : null }
  return { kind: 'done', terminates: true, hello, client: asked, agreed }
}

/** Why the client's certificate is no good: signed, in its time, and named as asked for? */
function distrust({ roots, names }: ServerTls, client: CertificateIdentity, options: ProxyOptions): TlsFailure | null {
  const known = roots === 'ROOTCA' || roots === '' ? options.trustRoots() : credentialRoots(roots, options)
  const now = clockOf(options)
  if (!known.includes(client.issuer)) return UNKNOWN_AUTHORITY
  if (now < client.notBefore) return NOT_YET_VALID
  if (now > client.notAfter) return EXPIRED
  if (names.length === 0 || client.sans.some(san => names.some(name => name.test(san)))) return null
  return wrongNames(client.sans)
}

function credentialRoots(name: string, options: ProxyOptions): readonly string[] {
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

/** A connection that ends as soon as the client takes it for open. */
export class CutConnection implements ServerConnectionHandler, EventHandler {
  private readonly connection: ServerConnection

  constructor(scheduler: Scheduler, connection: ServerConnection) {
    this.connection = connection
    scheduler.after(0, this, 0, null)
  }

  onEvent(): void {
    this.connection.close('fin')
  }

  onRequest(): void {}

  onData(): void {}

  onClosed(): void {}
}
