// istiod's certificate authority: self-signed, or plugged in by the Secret `cacerts`
// (pilot/pkg/bootstrap/istio_ca.go, security/pkg/pki/ca/ca.go, security/pkg/pki/util/generate_cert.go).
import type { SimTime } from '../engine/types.ts'
import { type CertificateFacts, readCertificates, secretEntry } from '../resources/certificate.ts'
import type { Resource } from '../resources/types.ts'
import type { CertificateIdentity } from '../wire/types.ts'

/** Name of the root that istiod makes for itself. */
export const SELF_SIGNED_ROOT = 'cluster.local'

const HOUR = 3_600_000_000
/** DEFAULT_WORKLOAD_CERT_TTL and MAX_WORKLOAD_CERT_TTL. */
export const DEFAULT_TTL = 24 * HOUR
const MOST_TTL = 90 * 24 * HOUR
/** Certificates begin two minutes in the past: clocks differ. */
const BACKDATED = 120_000_000

/** What signs: the chain above a workload's certificate, and the roots that come with it. */
export interface Signer {
  /** Root that the chain leads to. */
  root: string
  /** Names of the intermediate authorities, the nearest first. */
  chain: readonly string[]
  /** Roots that whoever gets a certificate will trust. */
  trusted: readonly string[]
}

export interface Issued {
  certificate: CertificateIdentity
  trusted: readonly string[]
}

const SELF_SIGNED: Signer = { root: SELF_SIGNED_ROOT, chain: [], trusted: [SELF_SIGNED_ROOT] }

export class Authority {
  /** Does it answer? */
  up = true
  signer: Signer = SELF_SIGNED
  private serial = 0

  /** Signs for an identity; null: the request is refused, its `ttl` (µs) is beyond what is allowed. */
  sign(identity: string, ttl: SimTime, now: SimTime): Issued | null {
    if (ttl > MOST_TTL) return null
    const { root, chain, trusted } = this.signer
    this.serial++
    const certificate = {
      sans: [identity],
      issuer: root,
      notBefore: now - BACKDATED,
      notAfter: now + ttl,
      subject: '',
      serial: this.serial,
      chain,
    }
    return { certificate, trusted }
  }

  /** Takes the Secret `cacerts` of the root namespace into use, or goes back to the own root. True: something changed. */
  reload(resources: readonly Resource[], rootNamespace: string): boolean {
    const secret = resources.find(
      ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'cacerts' && metadata.namespace === rootNamespace,
    )
    const next = secret === undefined ? SELF_SIGNED : (pluggedIn(secret) ?? this.signer)
    if (JSON.stringify(next) === JSON.stringify(this.signer)) return false
    this.signer = next
    return true
  }
}

/** Null: the Secret cannot be used, istiod goes on with what it has. */
function pluggedIn({ spec }: Resource): Signer | null {
  const entry = (name: string): CertificateFacts[] => readCertificates(secretEntry(spec, name))
  const either = (name: string, other: string): CertificateFacts[] => {
    const found = entry(name)
    return found.length > 0 ? found : entry(other)
  }
  // kubectl's tls Secrets (cert-manager) have other keys.
  const [own] = either('ca-cert.pem', 'tls.crt')
  const roots = either('root-cert.pem', 'ca.crt')
  if (own === undefined || roots.length === 0) return null
  const above = [own, ...entry('cert-chain.pem').filter(({ keyId }) => keyId !== own.keyId)]
  const root = roots.find(candidate => above.some(link => link.issuerName === candidate.name && signs(candidate, link)))
  if (root === undefined) return null
  const named = ({ name, keyId }: CertificateFacts): string => `${name} (${keyId.slice(0, 8)})`
  return {
    root: named(root),
    chain: above.map(({ name }) => name),
    trusted: roots.map(named),
  }
}

/** By key where both say theirs, else by name alone. */
function signs(root: { keyId: string }, link: { issuerKeyId: string }): boolean {
  return link.issuerKeyId === '' || link.issuerKeyId === root.keyId
}
