// `istioctl proxy-config secret` (istioctl/pkg/writer/compare/sds).
import type { Json, JsonObject } from '../xds/types.ts'
import { listAt, objectAt, textAt } from './read.ts'
import { formatTable } from './table.ts'

/** What a certificate in a dump says, read by whoever calls: this room knows no X.509. */
export interface CertificateSummary {
  authority: boolean
  /** Hexadecimal. */
  serial: string
  /** Milliseconds since 1970. */
  notBefore: number
  notAfter: number
  /** Names, URIs among them. */
  sans: string[]
}

/** Reads `inline_bytes` (base64 of PEM); null when it is no certificate. */
export type CertificateReader = (inlineBytes: string) => CertificateSummary | null

const COLUMNS = ['RESOURCE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE']

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('.000Z', 'Z')

function bytesOf(entry: Json): string {
  const chain = objectAt(entry, 'secret', 'tls_certificate', 'certificate_chain')
  const root = objectAt(entry, 'secret', 'validation_context', 'trusted_ca')
  return textAt(chain ?? undefined, 'inline_bytes') || textAt(root ?? undefined, 'inline_bytes')
}

const trustDomain = (facts: CertificateSummary | null): string =>
  /^spiffe:\/\/([^/]+)/.exec(facts?.sans.find(san => san.startsWith('spiffe://')) ?? '')?.[1] ?? ''

/** The table at the moment `now` (milliseconds since 1970); null where istioctl says that there are no secrets. */
export function secretsTable(section: JsonObject | null, now: number, read: CertificateReader): string | null {
  const entries = [
    ...listAt(section ?? undefined, 'dynamic_warming_secrets').map(entry => ({ entry, state: 'WARMING' })),
    ...listAt(section ?? undefined, 'dynamic_active_secrets').map(entry => ({ entry, state: 'ACTIVE' })),
  ]
  if (entries.length === 0) return null
  const items = entries.map(({ entry, state }) => {
    const bytes = bytesOf(entry)
    return { name: textAt(entry, 'name'), state, facts: bytes === '' ? null : read(bytes) }
  })
  // the column of trust domains is for federations: it stands there only when each secret has one
  const federated = items.every(item => trustDomain(item.facts) !== '')
  const rows = items.map(({ name, state, facts }) => [
    name,
    facts === null ? '' : facts.authority ? 'CA' : 'Cert Chain',
    state,
    String(facts !== null && now > facts.notBefore && now < facts.notAfter),
    facts?.serial.padStart(32, '0') ?? '',
    facts === null ? '' : time(facts.notAfter),
    facts === null ? '' : time(facts.notBefore),
    ...(federated ? [trustDomain(facts)] : []),
  ])
  return formatTable([[...COLUMNS, ...(federated ? ['TRUST DOMAIN'] : [])], ...rows], 5)
}
