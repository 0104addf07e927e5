// TLS towards clients: mutual TLS of sidecars, certificates of gateways (pilot/pkg/security/authn/utils,
// pilot/pkg/security/model/authentication.go, pilot/pkg/networking/core/listener.go BuildListenerTLSContext).
import { filterCipherSuites } from '../../resources/cipher-suites.ts'
import type { ServerTLSSettings } from '../../resources/index.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'
import { outboundClusterName } from './cluster-names.ts'
import { credentialSecret, sdsSecret } from './tls-context.ts'
import { type TranslationContext, text } from './translation-context.ts'

const CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
]

const HTTP_ALPN = ['h2', 'http/1.1']
const TCP_ALPN = ['istio-peer-exchange', 'h2', 'http/1.1']

const downstream = (common: JsonObject, requireClientCertificate: boolean): NamedFilter => ({
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    common_tls_context: common,
    require_client_certificate: requireClientCertificate,
  },
})

interface Files {
  certificate: string
  key: string
  root: string
}

function secrets(files: readonly Files[]): JsonObject[] {
  return files.map(({ certificate, key }) =>
    sdsSecret(certificate && key ? `file-cert:${certificate}~${key}` : 'default'),
  )
}

const rootSecret = (root: string): JsonObject => sdsSecret(root ? `file-root:${root}` : 'ROOTCA')

/** Trust domains whose members may talk to us. */
function trustDomains(context: TranslationContext): string[] {
  if (context.snapshot.flagOn('PILOT_SKIP_VALIDATE_TRUST_DOMAIN', false)) return []
  return [...new Set([context.mesh.trustDomain, ...(context.mesh.trustDomainAliases ?? [])])]
}

/** Mutual TLS between sidecars; `http` decides which ALPN is offered. */
export function mutualTlsSocket(context: TranslationContext, http: boolean): NamedFilter {
  const { mesh, proxy } = context
  const files: Files = {
    certificate: text(proxy.metadata['TLS_SERVER_CERT_CHAIN']),
    key: text(proxy.metadata['TLS_SERVER_KEY']),
    root: text(proxy.metadata['TLS_SERVER_ROOT_CERT']),
  }
  const domains = trustDomains(context).map(domain => ({ prefix: `spiffe://${domain}/` }))
  return downstream(
    {
      alpn_protocols: http ? HTTP_ALPN : TCP_ALPN,
      tls_params: {
        tls_minimum_protocol_version: mesh.meshMTLS?.minProtocolVersion === 'TLSV1_3' ? 'TLSv1_3' : 'TLSv1_2',
        tls_maximum_protocol_version: 'TLSv1_3',
        cipher_suites: mesh.meshMTLS?.cipherSuites ?? CIPHERS,
      },
      tls_certificate_sds_secret_configs: secrets([files]),
      combined_validation_context: {
        default_validation_context: domains.length > 0 ? { match_subject_alt_names: domains } : {},
        validation_context_sds_secret_config: rootSecret(files.root),
      },
    },
    true,
  )
}

const EXTERNAL = 'sds://'

/** A server of secrets outside, reached by `cluster`. */
const servedBy = (name: string, cluster: string, authority: string): JsonObject => ({
  name,
  sds_config: {
    api_config_source: {
      api_type: 'GRPC',
      grpc_services: [{ envoy_grpc: { cluster_name: cluster, ...(authority === '' ? {} : { authority }) } }],
      set_node_on_first_message_only: true,
      transport_api_version: 'V3',
    },
    resource_api_version: 'V3',
  },
})

/** Secret of a credential: `sds://` asks the agent's socket, else the mesh's provider of secrets, else istiod. */
function secretOf(context: TranslationContext, credential: string): JsonObject {
  if (!credential.startsWith(EXTERNAL)) return credentialSecret(credential)
  const name = credential.slice(EXTERNAL.length)
  if (text(context.proxy.metadata['credential']) === 'true') return servedBy(credential, 'sds-external', '')
  const provider = context.mesh.extensionProviders.find(candidate => 'sds' in candidate)
  const { service = '', port = 0 } = (provider?.['sds'] ?? {}) as { service?: string; port?: number }
  const parts = service.split('/')
  const host = parts.length === 2 ? (parts[1] ?? '') : service
  const found = context.snapshot
    .serviceDefinitions(host)
    .filter(definition => parts.length !== 2 || definition.namespace === parts[0])
  if (provider && found.length === 1) return servedBy(name, outboundClusterName(port, '', host), host)
  return credentialSecret(name)
}

const exactNames = (names: readonly string[] | undefined): JsonObject =>
  names && names.length > 0 ? { match_subject_alt_names: names.map(exact => ({ exact })) } : {}

const VERSIONS: Readonly<Record<string, string>> = {
  TLSV1_0: 'TLSv1_0',
  TLSV1_1: 'TLSv1_1',
  TLSV1_2: 'TLSv1_2',
  TLSV1_3: 'TLSv1_3',
}

/** Parameters of TLS: the mesh's defaults, the server's own over them. */
function parameters(context: TranslationContext, tls: ServerTLSSettings): JsonObject {
  const mesh = context.mesh.tlsDefaults
  const pick = (own: readonly string[] | undefined, shared: readonly string[] | undefined): readonly string[] =>
    own && own.length > 0 ? own : (shared ?? [])
  const curves = pick(tls.ecdhCurves, mesh?.ecdhCurves)
  const ciphers = pick(filterCipherSuites(tls.cipherSuites ?? []), mesh?.cipherSuites)
  const shared = mesh?.minProtocolVersion
  const minimum =
    VERSIONS[tls.minProtocolVersion ?? ''] ??
    (shared && shared !== 'TLS_AUTO' ? (shared === 'TLSV1_3' ? 'TLSv1_3' : 'TLSv1_2') : undefined)
  const maximum = VERSIONS[tls.maxProtocolVersion ?? '']
  const fields: JsonObject = {
    ...(minimum ? { tls_minimum_protocol_version: minimum } : {}),
    ...(maximum ? { tls_maximum_protocol_version: maximum } : {}),
    ...(ciphers.length > 0 ? { cipher_suites: [...ciphers] } : {}),
    ...(curves.length > 0 ? { ecdh_curves: [...curves] } : {}),
  }
  return Object.keys(fields).length > 0 ? { tls_params: fields } : {}
}

const untrusted = (tls: ServerTLSSettings): JsonObject =>
  tls.insecureSkipVerify ? { trust_chain_verification: 'ACCEPT_UNTRUSTED' } : {}

/** By credential: istiod serves the Secret. */
function byCredential(context: TranslationContext, tls: ServerTLSSettings, names: readonly string[]): JsonObject {
  const mutual = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL'
  const authority = tls.caCertCredentialName || `${names[0]}-cacert`
  return {
    tls_certificate_sds_secret_configs: names.map(name => secretOf(context, name)),
    ...(mutual
      ? {
          combined_validation_context: {
            default_validation_context: {
              ...exactNames(tls.subjectAltNames),
              ...(tls.verifyCertificateSpki?.length ? { verify_certificate_spki: tls.verifyCertificateSpki } : {}),
              ...(tls.verifyCertificateHash?.length ? { verify_certificate_hash: tls.verifyCertificateHash } : {}),
              ...untrusted(tls),
            },
            validation_context_sds_secret_config: secretOf(context, authority),
          },
        }
      : tls.subjectAltNames?.length
        ? { validation_context: exactNames(tls.subjectAltNames) }
        : {}),
  }
}

/** By files in the proxy's own file system, or the mesh's own certificate when none are named. */
function byFiles(tls: ServerTLSSettings, files: readonly Files[], validate: boolean): JsonObject {
  return {
    tls_certificate_sds_secret_configs: secrets(files),
    ...(validate
      ? {
          combined_validation_context: {
            default_validation_context: {
              ...exactNames(tls.subjectAltNames),
              ...(tls.caCrl ? { crl: { filename: tls.caCrl } } : {}),
              ...untrusted(tls),
            },
            validation_context_sds_secret_config: rootSecret(files[0]?.root ?? ''),
          },
        }
      : {}),
  }
}

/** TLS of a gateway's server or a Sidecar's ingress listener. `tcpInside`: TLS ends here and TCP goes on. */
export function serverTlsSocket(context: TranslationContext, tls: ServerTLSSettings, tcpInside: boolean): NamedFilter {
  const { mode = 'PASSTHROUGH' } = tls
  const required = mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL'
  const validate = required || mode === 'OPTIONAL_MUTUAL'
  const credentials = tls.credentialNames ?? (tls.credentialName ? [tls.credentialName] : [])
  const root = tls.caCertificates ?? ''
  const { proxy } = context
  let certificates: JsonObject
  if (mode === 'ISTIO_MUTUAL') {
    const own: Files = {
      certificate: text(proxy.metadata['TLS_SERVER_CERT_CHAIN']),
      key: text(proxy.metadata['TLS_SERVER_KEY']),
      root: text(proxy.metadata['TLS_SERVER_ROOT_CERT']),
    }
    certificates = byFiles(tls, [own], validate)
  } else if (credentials.length > 0) certificates = byCredential(context, tls, credentials)
  else {
    const pairs = tls.tlsCertificates?.map(pair => ({
      certificate: pair.serverCertificate ?? '',
      key: pair.privateKey ?? '',
      root,
    }))
    const single = { certificate: tls.serverCertificate ?? '', key: tls.privateKey ?? '', root }
    certificates = byFiles(tls, pairs ?? [single], validate)
  }
  const simple = ['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode)
  return downstream(
    {
      alpn_protocols: mode === 'ISTIO_MUTUAL' && tcpInside ? TCP_ALPN : HTTP_ALPN,
      ...certificates,
      ...(simple ? parameters(context, tls) : {}),
    },
    required,
  )
}
