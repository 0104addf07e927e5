// The server certificate of a gateway's Secret (istio: pilot/pkg/credentials/kube ExtractCertInfo, pilot/pkg/xds
// ValidateCertificate).
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate } from '@peculiar/asn1-x509'
import type { Secret } from '../resources/kubernetes/kinds.ts'
import type { Loose } from '../resources/loose.ts'
import { fromBase64 } from '../wire/base64.ts'

const PEM = /-----BEGIN [A-Z0-9 ]+-----\s+([A-Za-z0-9+/=\s]+?)-----END [A-Z0-9 ]+-----/

function entry(secret: Loose<Secret>, name: string): string {
  const plain = secret.stringData?.[name]
  if (typeof plain === 'string') return plain
  const bytes = fromBase64(secret.data?.[name] ?? '')
  return bytes === null ? '' : String.fromCharCode(...bytes)
}

/** Null, or why the Secret holds no usable pair. `now` in seconds since the epoch; 0 leaves the dates alone. */
export function certificateProblem(secret: Loose<Secret>, now: number): string | null {
  const generic = entry(secret, 'cert') !== ''
  const certificate = entry(secret, generic ? 'cert' : 'tls.crt')
  const key = entry(secret, generic ? 'key' : 'tls.key')
  if (certificate === '' || key === '') return 'found no certificate and key'
  const body = PEM.exec(certificate)?.[1]
  const bytes = body === undefined ? null : fromBase64(body)
  if (bytes === null) return 'pem decode failed'
  try {
    const { validity } = AsnConvert.parse(bytes, Certificate).tbsCertificate
    const outside =
      now * 1000 < validity.notBefore.getTime().getTime() || now * 1000 > validity.notAfter.getTime().getTime()
    return now > 0 && outside ? 'certificate is expired or not yet valid' : null
  } catch {
    return 'no X.509 certificate'
  }
}
