// What a credential's name leads to: the PEM texts of a Secret or ConfigMap, as istiod serves them over SDS
// (pilot/pkg/credentials/kube/secrets.go, pilot/pkg/model/credentials).
import { secretEntry } from './certificate.ts'
import { fields } from './fields.ts'
import type { Resource } from './types.ts'

/** PEM texts; '' where there is none. */
export interface Credential {
  certificate: string
  key: string
  /** Authority that the other side must come from. */
  root: string
  crl: string
}

const CA_SUFFIX = '-cacert'
const PEM = /-----BEGIN [A-Z0-9 ]+-----/

const pem = (...texts: string[]): string => texts.find(text => PEM.test(text)) ?? ''

/**
 * The credential `kubernetes://NAME`, `kubernetes-gateway://NAMESPACE/NAME` or `configmap://NAMESPACE/NAME` as a proxy of
 * `namespace` is served it; `NAME-cacert` falls back on `NAME`. Null: no such object.
 */
export function credentialOf(reference: string, namespace: string, resources: readonly Resource[]): Credential | null {
  const [scheme = '', path = ''] = reference.includes('://') ? reference.split('://') : ['kubernetes', reference]
  const parts = path.split('/')
  const name = parts[parts.length - 1] ?? ''
  const owner = parts.length > 1 ? (parts[0] ?? namespace) : namespace
  const kind = scheme === 'configmap' ? 'ConfigMap' : 'Secret'
  const find = (wanted: string): Resource | undefined =>
    resources.find(r => r.kind === kind && r.metadata.name === wanted && r.metadata.namespace === owner)
  const object = find(name) ?? (name.endsWith(CA_SUFFIX) ? find(name.slice(0, -CA_SUFFIX.length)) : undefined)
  if (object === undefined) return null
  const entry = (key: string): string =>
    kind === 'Secret' ? secretEntry(object.spec, key) : String(fields(fields(object.spec)['data'])[key] ?? '')
  return {
    certificate: pem(entry('tls.crt'), entry('cert')),
    key: pem(entry('tls.key'), entry('key')),
    root: pem(entry('ca.crt'), entry('cacert')),
    crl: pem(entry('ca.crl'), entry('crl')),
  }
}
