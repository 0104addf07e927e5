// What client and server of a TLS handshake agree upon, and in which words either says that they do not: BoringSSL's, as
// Envoy 1.40 logs them (tried with real Envoys, TLS 1.2 and 1.3).
import type { CertificateIdentity, ClientHello, TlsVersion } from '../wire/types.ts'
import type { CommonTls } from './tls-context.ts'

export interface TlsFailure {
  /** For people. */
  words: string
  clientSees: string
  serverSees: string
}

const error = (code: number, why: string): string =>
  `TLS_error:|${code}:SSL_routines:OPENSSL_internal:${why}:TLS_error_end`
/** What a verifier says that refuses the other side's certificate. */
export const unverified = (why: string): string =>
  error(268435581, `CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_${why}`)
const unverifiedChain = (why: string): string =>
  unverified(`X509_verify_cert:_certificate_verification_error_at_depth_0:_${why}`)
export const CHAIN_EXPIRED = unverifiedChain('certificate_has_expired')
export const CHAIN_NOT_YET_VALID = unverifiedChain('certificate_is_not_yet_valid')
export const CHAIN_UNKNOWN = unverifiedChain('unable_to_get_local_issuer_certificate')
export const wrongSans = (sans: readonly string[]): string =>
  unverified(`SAN_matcher,_certificate_SANs_are_[${sans.join(',_')}]`)

const EXPIRED_ALERT = error(268436501, 'SSLV3_ALERT_CERTIFICATE_EXPIRED')

export const EXPIRED: TlsFailure = {
  words: "the client's certificate has expired",
  clientSees: EXPIRED_ALERT,
  serverSees: CHAIN_EXPIRED,
}
export const NOT_YET_VALID: TlsFailure = {
  words: "the client's certificate is not valid yet",
  clientSees: EXPIRED_ALERT,
  serverSees: CHAIN_NOT_YET_VALID,
}
export const UNKNOWN_AUTHORITY: TlsFailure = {
  words: 'unknown certificate authority',
  clientSees: error(268436504, 'TLSV1_ALERT_UNKNOWN_CA'),
  serverSees: CHAIN_UNKNOWN,
}
export const NO_CERTIFICATE: TlsFailure = {
  words: 'certificate required',
  clientSees: error(268436496, 'SSLV3_ALERT_HANDSHAKE_FAILURE'),
  serverSees: error(268435648, 'PEER_DID_NOT_RETURN_A_CERTIFICATE:peer_did_not_provide_required_client_certificate'),
}
const NO_VERSION: TlsFailure = {
  words: 'no common version of TLS',
  clientSees: error(268436526, 'TLSV1_ALERT_PROTOCOL_VERSION'),
  serverSees: error(268435696, 'UNSUPPORTED_PROTOCOL'),
}
const NO_CIPHER: TlsFailure = {
  words: 'no common cipher suite',
  clientSees: error(
    268436496,
    'SSLV3_ALERT_HANDSHAKE_FAILURE|268435610:SSL_routines:OPENSSL_internal:HANDSHAKE_FAILURE_ON_CLIENT_HELLO',
  ),
  serverSees: error(268435640, 'NO_SHARED_CIPHER'),
}

export const wrongNames = (sans: readonly string[]): TlsFailure => ({
  words: "the client's certificate carries another name",
  clientSees: error(268436502, 'SSLV3_ALERT_CERTIFICATE_UNKNOWN'),
  serverSees: wrongSans(sans),
})

/** Up to TLS 1.2, as Envoy has them where nothing is said (api: tls/v3/common.proto, cipher_suites). */
const USUAL_CIPHERS: readonly string[] = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
]
/** With hardware for AES on both sides. */
const CIPHER_13 = 'TLS_AES_128_GCM_SHA256'

export interface Agreement {
  version: TlsVersion
  cipher: string
}

/** The highest version that both have, and the first suite of the server's that the client has and the key can sign for. */
export function negotiate(
  server: CommonTls,
  client: ClientHello,
  certificate: CertificateIdentity,
): Agreement | { failure: TlsFailure } {
  const { min, max } = client.versions ?? { min: 12, max: 13 }
  const version = Math.min(max, server.maxVersion ?? 13) as TlsVersion
  if (version < min || version < (server.minVersion ?? 12)) return { failure: NO_VERSION }
  if (version === 13) return { version, cipher: CIPHER_13 }
  const offered = suites(client.ciphers ?? [])
  // The mesh's own keys are RSA.
  const signs = (suite: string): boolean => certificate.serial === undefined || !suite.includes('-ECDSA-')
  const cipher = suites(server.ciphers).find(suite => offered.includes(suite) && signs(suite))
  return cipher === undefined ? { failure: NO_CIPHER } : { version, cipher }
}

/** Groups of equals, `[a|b]`, taken apart. */
function suites(configured: readonly string[]): readonly string[] {
  if (configured.length === 0) return USUAL_CIPHERS
  return configured.flatMap(entry => entry.replace(/^\[|\]$/g, '').split('|'))
}

const MINUTE = 60_000_000
/** SSL_DEFAULT_SESSION_TIMEOUT, and SSL_DEFAULT_SESSION_PSK_DHE_TIMEOUT for TLS 1.3. */
const SESSION_LIFE = { old: 120 * MINUTE, new: 2 * 24 * 60 * MINUTE }

/** A session as the server remembers it: worth something only to the same context with the same certificates. */
export class ServerSession {
  private readonly context: CommonTls
  private readonly own: CertificateIdentity
  private readonly client: CertificateIdentity | null
  private readonly until: number

  constructor(
    context: CommonTls,
    own: CertificateIdentity,
    client: CertificateIdentity | null,
    now: number,
    version: TlsVersion,
  ) {
    this.context = context
    this.own = own
    this.client = client
    this.until = now + (version === 13 ? SESSION_LIFE.new : SESSION_LIFE.old)
  }

  fits(context: CommonTls, own: CertificateIdentity, client: CertificateIdentity | null, now: number): boolean {
    return this.context === context && this.own === own && this.client === client && now < this.until
  }
}
