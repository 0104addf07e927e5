// MeshConfig's fields (istio/api: mesh/v1alpha1/config.proto). The defaults stand in ../mesh-config.ts.
import { z } from 'zod'
import { ConnectionPoolSettings } from '../common.ts'
import {
  ClientTLSSettings,
  LocalityLoadBalancerSetting,
  OutlierDetection,
  ZoneAwareLoadBalancerSetting,
} from '../networking/destination-rule.ts'
import { HTTPRetry } from '../networking/virtual-service.ts'
import { oneOf } from '../schema-checks.ts'
import { ExtensionProviders } from './extension-providers.ts'
import { flag, int32, LabelSelector, TcpKeepalive, text, texts, time } from './fields.ts'
import { ProxySettings } from './proxy-config.ts'

const Visibility = z.enum(['VISIBILITY_UNSPECIFIED', 'NONE', 'NAMESPACE', 'PUBLIC']).optional()

const TLSConfig = z
  .strictObject({
    minProtocolVersion: z.enum(['TLS_AUTO', 'TLSV1_2', 'TLSV1_3']).optional(),
    ecdhCurves: texts(),
    cipherSuites: texts(),
  })
  .optional()

const CertificateData = oneOf(
  z.strictObject({ pem: text(), spiffeBundleUrl: text(), certSigners: texts(), trustDomains: texts() }),
  'pem',
  'spiffeBundleUrl',
)

const ConfigSource = z.strictObject({
  address: text(),
  tlsSettings: ClientTLSSettings.optional(),
  subscribedResources: z.array(z.enum(['SERVICE_REGISTRY'])).optional(),
})

const ServiceScope = z.strictObject({
  namespaceSelector: LabelSelector.optional(),
  servicesSelector: LabelSelector.optional(),
  scope: z.enum(['LOCAL', 'GLOBAL']).optional(),
})

const ServiceEntryVisibility = z.strictObject({
  defaultVisibility: Visibility,
  applyToSidecars: flag(),
  policies: z
    .array(
      z.strictObject({
        visibility: Visibility,
        matchingRules: z.array(z.strictObject({ namespaceSelector: LabelSelector.optional() })).optional(),
      }),
    )
    .optional(),
})

const NORMALIZATIONS = ['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']

export const MeshSettings = z.strictObject({
  proxyListenPort: int32(),
  proxyInboundListenPort: int32(),
  proxyHttpPort: int32(),
  connectTimeout: time(),
  hboneIdleTimeout: time(),
  protocolDetectionTimeout: time(),
  tcpKeepalive: TcpKeepalive.optional(),
  ingressClass: text(),
  ingressService: text(),
  ingressSelector: text(),
  ingressControllerMode: z.enum(['UNSPECIFIED', 'OFF', 'DEFAULT', 'STRICT']).optional(),
  enableTracing: flag(),
  accessLogFile: text(),
  accessLogFormat: text(),
  accessLogEncoding: z.enum(['TEXT', 'JSON']).optional(),
  enableEnvoyAccessLogService: flag(),
  disableEnvoyListenerLog: flag(),
  defaultConfig: ProxySettings.optional(),
  outboundTrafficPolicy: z
    .strictObject({
      mode: z.enum(['REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS']).optional(),
      tls: ClientTLSSettings.optional(),
    })
    .optional(),
  inboundTrafficPolicy: z.strictObject({ mode: z.enum(['PASSTHROUGH', 'LOCALHOST']).optional() }).optional(),
  configSources: z.array(ConfigSource).optional(),
  enableAutoMtls: flag(),
  trustDomain: text(),
  trustDomainAliases: texts(),
  caCertificates: z.array(CertificateData).optional(),
  defaultServiceExportTo: texts(),
  defaultVirtualServiceExportTo: texts(),
  defaultDestinationRuleExportTo: texts(),
  rootNamespace: text(),
  // null takes the default away
  localityLbSetting: LocalityLoadBalancerSetting.nullish(),
  zoneAwareLbSetting: ZoneAwareLoadBalancerSetting.optional(),
  dnsRefreshRate: time(),
  h2UpgradePolicy: z.enum(['DO_NOT_UPGRADE', 'UPGRADE']).optional(),
  inboundClusterStatName: text(),
  outboundClusterStatName: text(),
  certificates: z.array(z.strictObject({ secretName: text(), dnsNames: texts() })).optional(),
  serviceSettings: z
    .array(z.strictObject({ settings: z.strictObject({ clusterLocal: flag() }).optional(), hosts: texts() }))
    .optional(),
  serviceScopeConfigs: z.array(ServiceScope).optional(),
  serviceEntryVisibility: ServiceEntryVisibility.optional(),
  enablePrometheusMerge: flag(),
  verifyCertificateAtClient: flag(),
  ca: z
    .strictObject({
      address: text(),
      tlsSettings: ClientTLSSettings.optional(),
      requestTimeout: time(),
      istiodSide: flag(),
    })
    .optional(),
  extensionProviders: ExtensionProviders.optional(),
  defaultProviders: z.strictObject({ tracing: texts(), metrics: texts(), accessLogging: texts() }).optional(),
  discoverySelectors: z.array(LabelSelector).optional(),
  pathNormalization: z.strictObject({ normalization: z.enum(NORMALIZATIONS).optional() }).optional(),
  defaultHttpRetryPolicy: HTTPRetry.optional(),
  defaultInboundHttpRetryPolicy: HTTPRetry.optional(),
  meshMTLS: TLSConfig,
  tlsDefaults: TLSConfig,
  defaultTrafficPolicy: z
    .strictObject({
      connectionPool: ConnectionPoolSettings.optional(),
      outlierDetection: OutlierDetection.optional(),
    })
    .optional(),
})
