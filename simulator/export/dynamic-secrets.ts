// The secrets that a proxy asks for by SDS, as /config_dump prints them: private keys are redacted, those that nobody can
// serve stay warming.
import type { ProxyNode } from '../registry/types.ts'
import { credentialOf } from '../resources/credential.ts'
import type { Resource } from '../resources/types.ts'
import { toBase64 } from '../wire/base64.ts'
import type { CertificateIdentity } from '../wire/types.ts'
import type { Json, JsonObject } from '../xds/types.ts'
import { certificatePem } from './x509.ts'

const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'
const DAY = 86_400_000

/** Names in all `sds_config` references below the value. */
export function secretNames(value: Json | undefined, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) secretNames(item, found)
  else if (typeof value === 'object' && value !== null) {
    const { name, sds_config } = value
    if (typeof name === 'string' && sds_config !== undefined) found.add(name)
    else for (const item of Object.values(value)) secretNames(item, found)
  }
  return found
}

const bytes = (text: string): JsonObject => ({
  inline_bytes: toBase64(Uint8Array.from(text, character => character.charCodeAt(0) & 0xff)),
})

const certificate = (chain: string): JsonObject => ({
  tls_certificate: { certificate_chain: bytes(chain), private_key: bytes('[redacted]') },
})

const authority = (root: string): JsonObject => ({ validation_context: { trusted_ca: bytes(root) } })

export interface SecretSource {
  node: ProxyNode
  /** null: none was issued yet. */
  identity: CertificateIdentity | null
  resources: readonly Resource[]
  /** Milliseconds since 1970 at virtual time 0, from which the identity's times count. */
  signedAt: number
}

/** The workload's certificate or the mesh's authority (ten years), or a credential; null = not served. */
function contents(name: string, source: SecretSource): JsonObject | null {
  const { identity, signedAt, node, resources } = source
  if (name === 'ROOTCA') return identity === null ? null : authority(rootPem(identity.issuer, signedAt))
  if (name === 'default') {
    if (identity === null) return null
    const root = identity.issuer
    const own = {
      subject: '',
      issuer: root,
      sans: identity.sans,
      authority: false,
      notBefore: signedAt + identity.notBefore / 1000,
      notAfter: signedAt + identity.notAfter / 1000,
    }
    return certificate(certificatePem(own) + rootPem(root, signedAt))
  }
  const credential = credentialOf(name, node.namespace, resources)
  if (credential === null) return null
  const wantsRoot = name.endsWith('-cacert') || name.startsWith('configmap://')
  if (wantsRoot) return credential.root === '' ? null : authority(credential.root)
  return credential.certificate === '' || credential.key === '' ? null : certificate(credential.certificate)
}

function rootPem(name: string, signedAt: number): string {
  return certificatePem({
    subject: name,
    issuer: name,
    sans: [],
    authority: true,
    notBefore: signedAt - DAY,
    notAfter: signedAt + 3650 * DAY,
  })
}

/** Section SecretsConfigDump without its "@type". */
export function secretsSection(names: Iterable<string>, source: SecretSource, version: string, at: string): JsonObject {
  const active: JsonObject[] = []
  const warming: JsonObject[] = []
  for (const name of names) {
    const found = contents(name, source)
    const secret: JsonObject = { '@type': SECRET, name, ...found }
    if (found === null) warming.push({ name, version_info: 'uninitialized', last_updated: at, secret })
    else active.push({ name, version_info: version, last_updated: at, secret })
  }
  return {
    ...(active.length > 0 ? { dynamic_active_secrets: active } : {}),
    ...(warming.length > 0 ? { dynamic_warming_secrets: warming } : {}),
  }
}
