// How clients and servers outside of the proxies speak TLS: what a client says, what either shows, whom a client believes.
import { carriesName } from '../../wire/certificate-names.ts'
import type { CertificateIdentity, ClientHello, TlsVersion } from '../../wire/types.ts'
import type { ServerCertificate } from './types.ts'

export type TlsVersionName = '1.0' | '1.1' | '1.2' | '1.3'

const VERSIONS: Readonly<Record<TlsVersionName, TlsVersion>> = { '1.0': 10, '1.1': 11, '1.2': 12, '1.3': 13 }

/** As scenario files say it; `{}` is `curl -k`. */
export interface ClientTls {
  /** Server name in the hello; the URL's host when absent. */
  sni?: string
  /** Authority that must have signed the server's certificate, which must carry the server name. Absent: any is good. */
  trusts?: string
  /** Versions that the client has, 1.2 to 1.3 when absent (curl --tlsv1.2 --tls-max 1.2). */
  minVersion?: TlsVersionName
  maxVersion?: TlsVersionName
  /** Shown when the server asks. */
  certificate?: ClientCertificate
}

export interface ClientCertificate {
  subject: string
  /** Authority that signed it. */
  issuer: string
  /** Subject alternative names. */
  names?: string[]
}

/** The hello to a destination; null where that takes plain text. */
export function helloFor(to: { host: string; tls: ClientTls | null }, alpn: string[]): ClientHello | null {
  if (to.tls === null) return null
  const { sni = to.host, trusts, certificate, minVersion = '1.2', maxVersion = '1.3' } = to.tls
  return {
    sni,
    alpn,
    certificate: certificate === undefined ? null : identityOf(certificate),
    versions: { min: VERSIONS[minVersion], max: VERSIONS[maxVersion] },
    verify: server => (trusts === undefined ? null : verdict(server, trusts, sni)),
  }
}

/** Whose signature a certificate carries that says nothing of it. */
const PUBLIC_AUTHORITY = 'a public authority'

export function serverIdentity({ names, issuer = PUBLIC_AUTHORITY }: ServerCertificate): CertificateIdentity {
  return identityOf({ names, issuer, subject: `CN=${names[0] ?? ''}` })
}

function identityOf({ subject, issuer, names = [] }: ClientCertificate): CertificateIdentity {
  return { sans: names, issuer, subject, notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER }
}

/** As curl puts it; null = good. */
function verdict(server: CertificateIdentity | null, trusts: string, host: string): string | null {
  if (server === null || server.issuer !== trusts) return 'unable to get local issuer certificate'
  return carriesName(server.sans, host) ? null : `no alternative certificate subject name matches ${host}`
}
