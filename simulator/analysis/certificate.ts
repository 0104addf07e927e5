// The server certificate of a gateway's Secret (istio: pilot/pkg/credentials/kube ExtractCertInfo, pilot/pkg/xds
// ValidateCertificate).
import { readCertificate, secretEntry } from '../resources/certificate.ts'

/** Null, or why the Secret holds no usable pair. `now` in seconds since the epoch; 0 leaves the dates alone. */
export function certificateProblem(secret: unknown, now: number): string | null {
  const generic = secretEntry(secret, 'cert') !== ''
  const certificate = secretEntry(secret, generic ? 'cert' : 'tls.crt')
  if (certificate === '' || secretEntry(secret, generic ? 'key' : 'tls.key') === '') {
    return 'found no certificate and key'
  }
  const facts = readCertificate(certificate)
  if (facts === null) return 'no X.509 certificate'
  const outside = now * 1000 < facts.notBefore || now * 1000 > facts.notAfter
  return now > 0 && outside ? 'certificate is expired or not yet valid' : null
}
