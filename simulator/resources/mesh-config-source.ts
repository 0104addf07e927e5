// Where users keep MeshConfig: the ConfigMap `istio` (key mesh) in the root namespace, an IstioOperator's profile and
// spec.meshConfig, or a bare MeshConfig document. Later ones win field by field.
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { parseDocuments } from '../documents/index.ts'
import { type Fields, isObject } from './fields.ts'
import { defaultMeshConfig, type MeshConfig, mergeMeshConfig } from './mesh-config.ts'
import { resourceName } from './resource-name.ts'
import { didYouMean } from './schema-diagnostics.ts'
import type { Resource } from './types.ts'

/** Names of MeshConfig's fields (istio/api: mesh/v1alpha1/config.proto). */
export const MESH_CONFIG_FIELDS: ReadonlySet<string> = new Set(
  `proxyListenPort proxyInboundListenPort proxyHttpPort connectTimeout hboneIdleTimeout protocolDetectionTimeout tcpKeepalive
  ingressClass ingressService ingressSelector ingressControllerMode enableTracing accessLogFile accessLogFormat
  accessLogEncoding enableEnvoyAccessLogService disableEnvoyListenerLog defaultConfig outboundTrafficPolicy
  inboundTrafficPolicy configSources enableAutoMtls trustDomain trustDomainAliases caCertificates defaultServiceExportTo
  defaultVirtualServiceExportTo defaultDestinationRuleExportTo rootNamespace localityLbSetting zoneAwareLbSetting
  dnsRefreshRate h2UpgradePolicy inboundClusterStatName outboundClusterStatName certificates serviceSettings
  serviceScopeConfigs serviceEntryVisibility enablePrometheusMerge verifyCertificateAtClient ca extensionProviders
  defaultProviders discoverySelectors pathNormalization defaultHttpRetryPolicy defaultInboundHttpRetryPolicy meshMTLS
  tlsDefaults defaultTrafficPolicy thriftConfig mixerCheckServer mixerReportServer`.split(/\s+/),
)

const COLLECTOR = 'opentelemetry-collector.observability.svc.cluster.local'

/** What installation profiles set (istio: manifests/helm-profiles); the others leave the settings as they are. */
const PROFILES: Readonly<Record<string, Fields>> = {
  default: {},
  minimal: {},
  empty: {},
  stable: {},
  preview: {},
  openshift: {},
  remote: {},
  ambient: {},
  'openshift-ambient': {},
  demo: {
    accessLogFile: '/dev/stdout',
    extensionProviders: [
      { name: 'otel', envoyOtelAls: { service: COLLECTOR, port: 4317 } },
      { name: 'skywalking', skywalking: { service: 'tracing.istio-system.svc.cluster.local', port: 11800 } },
      { name: 'otel-tracing', opentelemetry: { service: COLLECTOR, port: 4317 } },
      { name: 'jaeger', opentelemetry: { service: 'jaeger-collector.istio-system.svc.cluster.local', port: 4317 } },
    ],
  },
}

class Collector {
  meshConfig = defaultMeshConfig()
  readonly diagnostics: Diagnostic[] = []

  /** `path` leads to the settings in the document; `located` is false where they are text of their own. */
  settings(resource: Resource, value: Fields, path: Path, located: boolean): void {
    for (const key of Object.keys(value)) {
      if (MESH_CONFIG_FIELDS.has(key) || key === 'apiVersion' || key === 'kind') continue
      const near = didYouMean(key, [...MESH_CONFIG_FIELDS])
      const hint = near === null ? undefined : `did you mean "${near}"?`
      this.tell(resource, 'SIM0202', located ? [...path, key] : path, `unknown mesh setting "${key}" is ignored`, hint)
    }
    this.meshConfig = mergeMeshConfig(value, this.meshConfig)
  }

  operator(resource: Resource, spec: Fields): void {
    const { profile, meshConfig } = spec
    if (typeof profile === 'string' && profile !== '') {
      const settings = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined
      if (settings !== undefined) this.meshConfig = mergeMeshConfig(settings, this.meshConfig)
      else {
        const near = didYouMean(profile, Object.keys(PROFILES))
        const known = near === null ? `profiles are ${Object.keys(PROFILES).join(', ')}` : `did you mean ${near}?`
        this.tell(resource, 'SIM0203', ['spec', 'profile'], `there is no profile ${profile}`, known)
      }
    }
    if (isObject(meshConfig)) this.settings(resource, meshConfig, ['spec', 'meshConfig'], true)
  }

  configMap(resource: Resource, text: string): void {
    const path = ['data', 'mesh']
    const parsed = parseDocuments(resourceName(resource), text)
    for (const found of parsed.diagnostics) {
      this.diagnostics.push({ ...found, resource: resourceName(resource), path, at: resource.locate(path) })
    }
    const value = parsed.documents[0]?.value
    if (isObject(value)) this.settings(resource, value, path, false)
  }

  private tell(resource: Resource, code: string, path: Path, message: string, hint: string | undefined): void {
    this.diagnostics.push({
      code,
      level: 'warning',
      message,
      resource: resourceName(resource),
      path,
      at: resource.locate(path),
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

/** The mesh config that the resources describe, on istiod's defaults. */
export function meshConfigFrom(resources: readonly Resource[]): { meshConfig: MeshConfig; diagnostics: Diagnostic[] } {
  const collector = new Collector()
  for (const resource of resources) {
    const { spec, kind, metadata } = resource
    if (!isObject(spec)) continue
    if (kind === 'MeshConfig') collector.settings(resource, spec, [], true)
    if (kind === 'IstioOperator') collector.operator(resource, spec)
    if (kind !== 'ConfigMap' || (metadata.name !== 'istio' && !metadata.name.startsWith('istio-'))) continue
    const text = isObject(spec['data']) ? spec['data']['mesh'] : undefined
    if (typeof text === 'string') collector.configMap(resource, text)
  }
  return { meshConfig: collector.meshConfig, diagnostics: collector.diagnostics }
}
