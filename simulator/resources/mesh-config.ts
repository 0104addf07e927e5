// MeshConfig: the mesh-wide settings, with istiod's defaults (istio: pkg/config/mesh/mesh.go, DefaultMeshConfig).
// Loose on purpose: a field that is not listed is kept and may still be read.
import type { ConnectionPoolSettings } from './common.ts'
import type { ClientTLSSettings, LocalityLoadBalancerSetting, OutlierDetection } from './networking/destination-rule.ts'
import type { HTTPRetry } from './networking/virtual-service.ts'

type Fields = Record<string, unknown>

export interface TcpKeepalive {
  probes?: number
  time?: string
  interval?: string
}

export interface TLSConfig {
  minProtocolVersion?: string
  cipherSuites?: string[]
  ecdhCurves?: string[]
}

export interface ExtensionProvider extends Fields {
  name: string
}

/** MeshConfig.defaultConfig and the annotation proxy.istio.io/config. */
export interface MeshProxyConfig extends Fields {
  configPath?: string
  binaryPath?: string
  serviceCluster?: string
  drainDuration?: string
  terminationDrainDuration?: string
  discoveryAddress?: string
  proxyAdminPort?: number
  statusPort?: number
  controlPlaneAuthPolicy?: string
  statNameLength?: number
  concurrency?: number
  interceptionMode?: string
  tracing?: Fields
  proxyMetadata?: Record<string, string>
  gatewayTopology?: Fields
  proxyHeaders?: Fields
  connectionSettings?: Fields
  holdApplicationUntilProxyStarts?: boolean
}

export interface MeshConfig extends Fields {
  proxyListenPort: number
  proxyInboundListenPort: number
  proxyHttpPort?: number
  /** Durations are protobuf-JSON text. */
  connectTimeout: string
  protocolDetectionTimeout: string
  tcpKeepalive?: TcpKeepalive
  ingressClass: string
  ingressService: string
  ingressSelector?: string
  ingressControllerMode: string
  enableTracing: boolean
  accessLogFile?: string
  accessLogFormat?: string
  accessLogEncoding?: string
  defaultConfig: MeshProxyConfig
  outboundTrafficPolicy: { mode: string; tls?: ClientTLSSettings }
  inboundTrafficPolicy: { mode?: string }
  enableAutoMtls: boolean
  trustDomain: string
  trustDomainAliases?: string[]
  defaultServiceExportTo: string[]
  defaultVirtualServiceExportTo: string[]
  defaultDestinationRuleExportTo: string[]
  rootNamespace: string
  localityLbSetting: LocalityLoadBalancerSetting | null
  zoneAwareLbSetting?: Fields
  dnsRefreshRate: string
  h2UpgradePolicy?: string
  inboundClusterStatName?: string
  outboundClusterStatName?: string
  serviceSettings?: { settings?: { clusterLocal?: boolean }; hosts?: string[] }[]
  serviceEntryVisibility?: Fields
  enablePrometheusMerge: boolean
  extensionProviders: ExtensionProvider[]
  defaultProviders: { tracing?: string[]; metrics?: string[]; accessLogging?: string[] }
  discoverySelectors?: Fields[]
  pathNormalization?: { normalization?: string }
  defaultHttpRetryPolicy?: HTTPRetry
  defaultInboundHttpRetryPolicy?: HTTPRetry
  meshMTLS?: TLSConfig
  tlsDefaults?: TLSConfig
  defaultTrafficPolicy?: { connectionPool?: ConnectionPoolSettings; outlierDetection?: OutlierDetection }
}

/** A fresh copy of istiod's defaults. */
export function defaultMeshConfig(): MeshConfig {
  return {
    proxyListenPort: 15001,
    proxyInboundListenPort: 15006,
    connectTimeout: '10s',
    protocolDetectionTimeout: '0s',
    ingressClass: 'istio',
    ingressService: 'istio-ingressgateway',
    ingressControllerMode: 'STRICT',
    enableTracing: true,
    defaultConfig: {
      configPath: './etc/istio/proxy',
      binaryPath: '/usr/local/bin/envoy',
      serviceCluster: 'istio-proxy',
      drainDuration: '45s',
      terminationDrainDuration: '5s',
      discoveryAddress: 'istiod.istio-system.svc:15012',
      proxyAdminPort: 15000,
      controlPlaneAuthPolicy: 'MUTUAL_TLS',
      statNameLength: 189,
      statusPort: 15020,
    },
    outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
    inboundTrafficPolicy: {},
    enableAutoMtls: true,
    trustDomain: 'cluster.local',
    defaultServiceExportTo: ['*'],
    defaultVirtualServiceExportTo: ['*'],
    defaultDestinationRuleExportTo: ['*'],
    rootNamespace: 'istio-system',
    localityLbSetting: { enabled: true },
    dnsRefreshRate: '60s',
    enablePrometheusMerge: true,
    extensionProviders: [
      { name: 'prometheus', prometheus: {} },
      { name: 'stackdriver', stackdriver: {} },
      { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
    ],
    defaultProviders: {},
  }
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function mergeFields(base: Fields, over: Fields): Fields {
  const result: Fields = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const old = result[key]
    if (value === undefined) continue
    result[key] = isFields(old) && isFields(value) ? mergeFields(old, value) : value
  }
  return result
}

/**
 * Overrides on istiod's defaults, as `mesh.ApplyMeshConfig` does: top-level fields replace, `defaultConfig` merges
 * (its proxyMetadata by key), `extensionProviders` replace those of the same name and append to the rest.
 */
export function mergeMeshConfig(overrides: Readonly<Fields>, base: MeshConfig = defaultMeshConfig()): MeshConfig {
  const merged: MeshConfig = { ...base }
  const target: Fields = merged
  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue
    if (key === 'defaultConfig' && isFields(value)) {
      target[key] = mergeFields(base.defaultConfig, value)
    } else if (key === 'extensionProviders' && Array.isArray(value)) {
      const given = value.filter(
        (item): item is ExtensionProvider => isFields(item) && typeof item['name'] === 'string',
      )
      const names = new Set(given.map(item => item.name))
      target[key] = [...base.extensionProviders.filter(item => !names.has(item.name)), ...given]
    } else if (value === null && key !== 'localityLbSetting') {
      delete target[key]
    } else {
      target[key] = value
    }
  }
  if (!merged.outboundTrafficPolicy.mode) {
    merged.outboundTrafficPolicy = { ...merged.outboundTrafficPolicy, mode: 'REGISTRY_ONLY' }
  }
  return merged
}
