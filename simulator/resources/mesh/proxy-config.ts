// MeshConfig.defaultConfig and the annotation proxy.istio.io/config (istio/api: mesh/v1alpha1/proxy.proto).
import { z } from 'zod'
import { ClientTLSSettings } from '../networking/destination-rule.ts'
import { ReadinessProbe } from '../networking/workload-group.ts'
import { oneOf } from '../schema-checks.ts'
import { TRACE_CONTEXTS } from './extension-providers.ts'
import { flag, int32, TcpKeepalive, text, textMap, texts, time, uint32, wrappedInt } from './fields.ts'

const collector = z.strictObject({ address: text() }).optional()
const named = z.strictObject({ name: text(), defaultValue: text() }).optional()

const Tracing = oneOf(
  z.strictObject({
    zipkin: collector,
    lightstep: z.strictObject({ address: text(), accessToken: text() }).optional(),
    datadog: collector,
    stackdriver: z
      .strictObject({
        debug: flag(),
        maxNumberOfAttributes: wrappedInt(),
        maxNumberOfAnnotations: wrappedInt(),
        maxNumberOfMessageEvents: wrappedInt(),
      })
      .optional(),
    openCensusAgent: z
      .strictObject({ address: text(), context: z.array(z.enum(TRACE_CONTEXTS)).optional() })
      .optional(),
    customTags: z
      .record(
        z.string(),
        oneOf(
          z.strictObject({
            literal: z.strictObject({ value: text() }).optional(),
            environment: named,
            header: named,
          }),
          'literal',
          'environment',
          'header',
        ),
      )
      .optional(),
    maxPathTagLength: uint32(),
    sampling: z.number().optional(),
    tlsSettings: ClientTLSSettings.optional(),
    enableIstioTags: flag(),
  }),
  'zipkin',
  'lightstep',
  'datadog',
  'stackdriver',
  'openCensusAgent',
)

const FORWARDED = ['UNDEFINED', 'SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY']
const ForwardClientCertDetails = z.enum(FORWARDED).optional()
const disabled = z.strictObject({ disabled: flag() }).optional()
const enabled = z.strictObject({ enabled: flag() }).optional()

const ProxyHeaders = z.strictObject({
  forwardedClientCert: ForwardClientCertDetails,
  setCurrentClientCertDetails: z
    .strictObject({ subject: flag(), cert: flag(), chain: flag(), dns: flag(), uri: flag() })
    .optional(),
  requestId: disabled,
  server: z.strictObject({ disabled: flag(), value: text() }).optional(),
  attemptCount: disabled,
  envoyDebugHeaders: disabled,
  metadataExchangeHeaders: z.strictObject({ mode: z.enum(['UNDEFINED', 'IN_MESH']).optional() }).optional(),
  preserveHttp1HeaderCase: flag(),
  xForwardedHost: enabled,
  xForwardedPort: enabled,
})

const UNDERSCORES = ['UNSPECIFIED', 'ALLOW', 'REJECT_REQUEST', 'DROP_HEADER'].map(
  action => `HEADERS_WITH_UNDERSCORES_${action}`,
)
const ESCAPED_SLASHES = [
  'PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED',
  'KEEP_UNCHANGED',
  'REJECT_REQUEST',
  'UNESCAPE_AND_REDIRECT',
  'UNESCAPE_AND_FORWARD',
]

const ConnectionSettings = z.strictObject({
  profile: z.enum(['SIDECAR', 'EDGE']).optional(),
  listenerPerConnectionBufferLimitBytes: wrappedInt(),
  clusterPerConnectionBufferLimitBytes: wrappedInt(),
  httpIdleTimeout: time(),
  httpMaxConnectionDuration: time(),
  httpDrainTimeout: time(),
  httpRequestTimeout: time(),
  httpRequestHeadersTimeout: time(),
  httpStreamIdleTimeout: time(),
  httpMaxStreamDuration: time(),
  httpMaxConcurrentStreams: wrappedInt(),
  http2InitialStreamWindowSize: wrappedInt(),
  http2InitialConnectionWindowSize: wrappedInt(),
  httpHeadersWithUnderscoresAction: z.enum(UNDERSCORES).optional(),
  httpMergeSlashes: flag(),
  httpPathWithEscapedSlashesAction: z.enum(ESCAPED_SLASHES).optional(),
  listenerConnectionLimit: wrappedInt(),
  globalDownstreamConnectionLimit: wrappedInt(),
})

const remoteService = z
  .strictObject({ address: text(), tlsSettings: ClientTLSSettings.optional(), tcpKeepalive: TcpKeepalive.optional() })
  .optional()
const accelerator = z.strictObject({ pollDelay: time(), fallback: flag() }).optional()

export const ProxySettings = oneOf(
  z.strictObject({
    configPath: text(),
    binaryPath: text(),
    serviceCluster: text(),
    tracingServiceName: z
      .enum(['APP_LABEL_AND_NAMESPACE', 'CANONICAL_NAME_ONLY', 'CANONICAL_NAME_AND_NAMESPACE'])
      .optional(),
    drainDuration: time(),
    terminationDrainDuration: time(),
    discoveryAddress: text(),
    discoveryRefreshDelay: time(),
    zipkinAddress: text(),
    statsdUdpAddress: text(),
    envoyMetricsServiceAddress: text(),
    proxyAdminPort: int32(),
    availabilityZone: text(),
    controlPlaneAuthPolicy: z.enum(['NONE', 'MUTUAL_TLS', 'INHERIT']).optional(),
    customConfigFile: text(),
    statNameLength: int32(),
    concurrency: wrappedInt(),
    proxyBootstrapTemplatePath: text(),
    interceptionMode: z.enum(['REDIRECT', 'TPROXY', 'NONE']).optional(),
    tracing: Tracing.optional(),
    sds: z.strictObject({ enabled: flag(), k8sSaJwtPath: text() }).optional(),
    envoyAccessLogService: remoteService,
    envoyMetricsService: remoteService,
    proxyMetadata: textMap(),
    runtimeValues: textMap(),
    statusPort: int32(),
    extraStatTags: texts(),
    gatewayTopology: z
      .strictObject({
        numTrustedProxies: uint32(),
        forwardClientCertDetails: ForwardClientCertDetails,
        proxyProtocol: z.strictObject({}).optional(),
      })
      .optional(),
    meshId: text(),
    readinessProbe: ReadinessProbe.optional(),
    proxyStatsMatcher: z
      .strictObject({ inclusionPrefixes: texts(), inclusionSuffixes: texts(), inclusionRegexps: texts() })
      .optional(),
    holdApplicationUntilProxyStarts: flag(),
    caCertificatesPem: texts(),
    image: z.strictObject({ imageType: text() }).optional(),
    privateKeyProvider: oneOf(
      z.strictObject({ cryptomb: accelerator, qat: accelerator }),
      'cryptomb',
      'qat',
    ).optional(),
    proxyHeaders: ProxyHeaders.optional(),
    fileFlushInterval: time(),
    fileFlushMinSizeKb: uint32(),
    statsCompression: flag(),
    connectionSettings: ConnectionSettings.optional(),
  }),
  'serviceCluster',
  'tracingServiceName',
)
