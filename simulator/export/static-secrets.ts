// TLS contexts without SDS: certificates of the mesh are files, those of credentials stand inline.
import type { ProxyNode } from '../registry/types.ts'
import { type Credential, credentialOf } from '../resources/credential.ts'
import type { Resource } from '../resources/types.ts'
import type { Json, JsonObject, NamedFilter } from '../xds/types.ts'

const MESH_CA = 'certs/ca.pem'

/** Rewrites the TLS contexts of one proxy; remembers what whoever runs Envoy must provide. */
export class StaticSecrets {
  private readonly node: ProxyNode
  private readonly resources: readonly Resource[]
  private readonly files = new Set<string>()
  private readonly hosts = new Set<string>()
  private readonly remarks = new Set<string>()

  constructor(node: ProxyNode, resources: readonly Resource[]) {
    this.node = node
    this.resources = resources
  }

  notes(): string[] {
    const files = [...this.files]
    const hosts = [...this.hosts].map(host => `--host '${host}'`)
    return [
      ...(files.length === 0
        ? []
        : [`certificates are read from ${files.join(', ')}: put them there, or let realmesh make them`]),
      ...(hosts.length === 0 ? [] : [`realmesh certs makes those of hosts with ${hosts.join(' ')}`]),
      ...this.remarks,
    ]
  }

  /** The transport socket with its secrets in it. `serverNames`: SNI names of the filter chain, for its certificate. */
  inline(socket: NamedFilter, serverNames: readonly string[]): NamedFilter {
    const config = socket.typed_config
    if (config === undefined) return socket
    const inner = config['transport_socket'] as NamedFilter | undefined
    if (inner !== undefined) {
      return { ...socket, typed_config: { ...config, transport_socket: this.inline(inner, serverNames) } }
    }
    const common = config['common_tls_context'] as JsonObject | undefined
    if (common === undefined) return socket
    return { ...socket, typed_config: { ...config, common_tls_context: this.context(common, serverNames) } }
  }

  private context(common: JsonObject, serverNames: readonly string[]): JsonObject {
    const { tls_certificate_sds_secret_configs, combined_validation_context, ...rest } = common
    const written: JsonObject = rest
    const certificates = tls_certificate_sds_secret_configs as { name: string }[] | undefined
    if (certificates) written['tls_certificates'] = certificates.map(({ name }) => this.certificate(name, serverNames))
    const combined = combined_validation_context as
      | { default_validation_context?: JsonObject; validation_context_sds_secret_config: { name: string } }
      | undefined
    if (combined) {
      written['validation_context'] = {
        ...combined.default_validation_context,
        ...this.validation(combined.validation_context_sds_secret_config.name),
      }
    }
    return written
  }

  private file(path: string): JsonObject {
    this.files.add(path)
    return { filename: path }
  }

  private certificate(name: string, serverNames: readonly string[]): JsonObject {
    if (name === 'default') {
      const folder = `certs/${this.node.namespace}/${this.node.serviceAccount}`
      return { certificate_chain: this.file(`${folder}/cert.pem`), private_key: this.file(`${folder}/key.pem`) }
    }
    const [chain, key] = filesOf(name, 'file-cert:')
    if (chain !== undefined && key !== undefined) {
      return { certificate_chain: this.file(chain), private_key: this.file(key) }
    }
    const credential = this.credential(name)
    if (credential !== null && credential.certificate !== '' && credential.key !== '') {
      return {
        certificate_chain: { inline_string: credential.certificate },
        private_key: { inline_string: credential.key },
      }
    }
    const host = serverNames[0] ?? `${this.node.name}.${this.node.namespace}`
    this.hosts.add(host)
    this.remarks.add(`credential ${name} holds no certificate: certs/hosts/${host} stands for it`)
    return {
      certificate_chain: this.file(`certs/hosts/${host}/cert.pem`),
      private_key: this.file(`certs/hosts/${host}/key.pem`),
    }
  }

  /** Authority and revocations; the rest of the context is the rule's own. */
  private validation(name: string): JsonObject {
    if (name === 'ROOTCA') return { trusted_ca: this.file(MESH_CA) }
    const [root] = filesOf(name, 'file-root:')
    if (root === 'system') {
      this.remarks.add(`public authorities: ${MESH_CA} stands for them`)
      return { trusted_ca: this.file(MESH_CA) }
    }
    if (root !== undefined) return { trusted_ca: this.file(root) }
    const credential = this.credential(name)
    if (credential !== null && credential.root !== '') {
      const crl: { [key: string]: Json } = credential.crl === '' ? {} : { crl: { inline_string: credential.crl } }
      return { trusted_ca: { inline_string: credential.root }, ...crl }
    }
    this.remarks.add(`credential ${name} holds no authority: ${MESH_CA} stands for it`)
    return { trusted_ca: this.file(MESH_CA) }
  }

  private credential(name: string): Credential | null {
    return credentialOf(name, this.node.namespace, this.resources)
  }
}

/** `file-cert:CHAIN~KEY`, `file-root:ROOT` -> the files; nothing for other names. */
function filesOf(name: string, prefix: string): string[] {
  return name.startsWith(prefix) ? name.slice(prefix.length).split('~') : []
}
