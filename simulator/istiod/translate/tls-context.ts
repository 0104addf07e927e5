// TLS towards the upstream: what the DestinationRule says, else mutual TLS found out by itself
// (pilot/pkg/networking/core/cluster_tls.go, pilot/pkg/security/model/authentication.go).
import type { ClientTLSSettings, MeshConfig } from '../../resources/index.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'

const TLS_CONTEXT = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'

/** Without TLS. */
export const rawBuffer = (): NamedFilter => ({
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer' },
})

/** A secret that the agent serves: `default`, `ROOTCA`, or files by name. */
export function sdsSecret(name: string): JsonObject {
  const source: JsonObject = {
    api_config_source: {
      api_type: 'GRPC',
      grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      set_node_on_first_message_only: true,
      transport_api_version: 'V3',
    },
    resource_api_version: 'V3',
  }
  const own = name === 'default' || name === 'ROOTCA'
  return { name, sds_config: own ? { ...source, initial_fetch_timeout: '0s' } : source }
}

/** A secret that istiod serves out of the cluster's Secrets. */
export function credentialSecret(credential: string): JsonObject {
  if (credential === 'builtin://') return sdsSecret('default')
  if (credential === 'builtin://-cacert') return sdsSecret('ROOTCA')
  const name = credential.includes('://') ? credential : `kubernetes://${credential}`
  return { name, sds_config: { ads: {}, resource_api_version: 'V3' } }
}

const exactNames = (names: readonly string[] | undefined): JsonObject =>
  names && names.length > 0 ? { match_subject_alt_names: names.map(exact => ({ exact })) } : {}

/** What the context is made for. */
export interface TlsTarget {
  mesh: MeshConfig
  /** Accounts of the service, for SANs. */
  accounts: readonly string[]
  /** A ServiceEntry: its subjectAltNames stand in for missing ones. */
  external: boolean
  http2: boolean
  sidecar: boolean
  /** The rule chose its workloads itself: then credentials work on sidecars. */
  ruleHasSelector: boolean
}

/** Transport socket for the settings; null = plain text. `autoSni` tells whether Host decides about the SNI. */
export function upstreamTls(tls: ClientTLSSettings, target: TlsTarget): NamedFilter | null {
  const mode = tls.mode ?? 'DISABLE'
  if (mode === 'DISABLE' || ignoresCredential(tls, target)) return null
  const common: JsonObject = {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
  }
  if (mode === 'ISTIO_MUTUAL') mutualByIstio(common, tls, target)
  else if (!byFilesOrCredential(common, tls, target, mode === 'MUTUAL')) return null
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': TLS_CONTEXT,
      common_tls_context: common,
      ...(tls.sni ? { sni: tls.sni } : {}),
    },
  }
}

/** A credential on a sidecar counts only with a rule that selects its workloads: otherwise there is no TLS at all. */
export function ignoresCredential(
  tls: ClientTLSSettings,
  target: Pick<TlsTarget, 'sidecar' | 'ruleHasSelector'>,
): boolean {
  const credential = tls.credentialName ?? ''
  if (credential === '' || credential.startsWith('configmap://')) return false
  return target.sidecar && !target.ruleHasSelector && (tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL')
}

function mutualByIstio(common: JsonObject, tls: ClientTLSSettings, target: TlsTarget): void {
  common['tls_certificate_sds_secret_configs'] = [sdsSecret('default')]
  common['combined_validation_context'] = {
    default_validation_context: exactNames(tls.subjectAltNames),
    validation_context_sds_secret_config: sdsSecret('ROOTCA'),
  }
  common['alpn_protocols'] = target.http2 ? ['istio-peer-exchange', 'istio', 'h2'] : ['istio-peer-exchange', 'istio']
}

function byFilesOrCredential(common: JsonObject, tls: ClientTLSSettings, target: TlsTarget, mutual: boolean): boolean {
  const given = tls.subjectAltNames ?? []
  const names = given.length === 0 && target.external ? target.accounts : given
  const credential = tls.credentialName ?? ''
  if (credential !== '') {
    if (mutual) common['tls_certificate_sds_secret_configs'] = [credentialSecret(credential)]
    if (!tls.insecureSkipVerify) {
      common['combined_validation_context'] = {
        default_validation_context: { ...exactNames(names), ...revocations(tls) },
        validation_context_sds_secret_config: credentialSecret(
          credential.startsWith('configmap://') ? credential : `${credential}-cacert`,
        ),
      }
    }
  } else {
    if (mutual) {
      if (!tls.clientCertificate || !tls.privateKey) return false
      common['tls_certificate_sds_secret_configs'] = [sdsSecret(`file-cert:${tls.clientCertificate}~${tls.privateKey}`)]
    }
    if (tls.insecureSkipVerify) common['validation_context'] = {}
    else {
      common['combined_validation_context'] = {
        default_validation_context: { ...exactNames(names), ...revocations(tls) },
        validation_context_sds_secret_config: sdsSecret(`file-root:${tls.caCertificates || 'system'}`),
      }
    }
  }
  const { ecdhCurves = [], cipherSuites = [] } = target.mesh.tlsDefaults ?? {}
  common['tls_params'] = {
    ...(common['tls_params'] as JsonObject),
    ...(ecdhCurves.length > 0 ? { ecdh_curves: ecdhCurves } : {}),
    ...(cipherSuites.length > 0 ? { cipher_suites: cipherSuites } : {}),
  }
  if (target.http2) common['alpn_protocols'] = ['h2']
  return true
}

const revocations = (tls: ClientTLSSettings): JsonObject => (tls.caCrl ? { crl: { filename: tls.caCrl } } : {})

export type MutualTlsInference = 'DISABLE' | 'PERMISSIVE' | 'STRICT' | 'UNKNOWN'

/**
 * Settings that count: those of the rule, ISTIO_MUTUAL filled in; without any, mutual TLS where it can be assumed
 * (`auto`: each endpoint then says by its tlsMode whether it takes part).
 */
export function effectiveTls(
  tls: ClientTLSSettings | undefined,
  accounts: readonly string[],
  sni: string,
  autoMtls: boolean,
  meshExternal: boolean,
  inferred: MutualTlsInference,
): { tls: ClientTLSSettings | null; auto: boolean } {
  if (tls) {
    if (tls.mode !== 'ISTIO_MUTUAL') return { tls, auto: false }
    const filled: ClientTLSSettings = {
      mode: 'ISTIO_MUTUAL',
      sni: tls.sni || sni,
      subjectAltNames: tls.subjectAltNames ?? [...accounts],
      ...(tls.insecureSkipVerify === undefined ? {} : { insecureSkipVerify: tls.insecureSkipVerify }),
    }
    return { tls: filled, auto: false }
  }
  if (meshExternal || !autoMtls || inferred === 'UNKNOWN' || inferred === 'DISABLE') return { tls: null, auto: false }
  return { tls: { mode: 'ISTIO_MUTUAL', sni, subjectAltNames: [...accounts] }, auto: true }
}
