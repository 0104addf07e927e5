// MeshConfig.extensionProviders: where decisions, traces, metrics and access logs go (istio/api: mesh/v1alpha1/config.proto).
import { z } from 'zod'
import { oneOf } from '../schema-checks.ts'
import { flag, int32, struct, text, textMap, texts, time, uint32, wrappedInt } from './fields.ts'

const where = { service: text(), port: uint32() }

const headers = z
  .array(oneOf(z.strictObject({ name: text(), value: text(), envName: text() }), 'value', 'envName'))
  .optional()

const extAuthz = {
  ...where,
  timeout: time(),
  failOpen: flag(),
  clearRouteCache: flag(),
  statusOnError: text(),
  includeRequestBodyInCheck: z
    .strictObject({ maxRequestBytes: uint32(), allowPartialMessage: flag(), packAsBytes: flag() })
    .optional(),
}

const envoyExtAuthzHttp = z.strictObject({
  ...extAuthz,
  pathPrefix: text(),
  includeHeadersInCheck: texts(),
  includeRequestHeadersInCheck: texts(),
  includeAdditionalHeadersInCheck: textMap(),
  headersToUpstreamOnAllow: texts(),
  headersToDownstreamOnDeny: texts(),
  headersToDownstreamOnAllow: texts(),
})

const zipkin = z.strictObject({
  ...where,
  maxTagLength: uint32(),
  enable64bitTraceId: flag(),
  path: text(),
  traceContextOption: z.enum(['USE_B3', 'USE_B3_WITH_W3C_PROPAGATION']).optional(),
  timeout: time(),
  headers,
})

const stackdriver = z.strictObject({
  debug: flag(),
  maxNumberOfAttributes: wrappedInt(),
  maxNumberOfAnnotations: wrappedInt(),
  maxNumberOfMessageEvents: wrappedInt(),
  maxTagLength: uint32(),
  logging: z.strictObject({ labels: textMap() }).optional(),
})

export const TRACE_CONTEXTS = ['UNSPECIFIED', 'W3C_TRACE_CONTEXT', 'GRPC_BIN', 'CLOUD_TRACE_CONTEXT', 'B3'] as const

const http = z.strictObject({ path: text(), timeout: time(), headers }).optional()

const opentelemetry = z.strictObject({
  ...where,
  maxTagLength: uint32(),
  http,
  grpc: z.strictObject({ timeout: time(), initialMetadata: headers }).optional(),
  resourceDetectors: z
    .strictObject({ environment: z.strictObject({}).optional(), dynatrace: z.strictObject({}).optional() })
    .optional(),
  serviceAttributeEnrichment: z.enum(['ISTIO_CANONICAL', 'OTEL_SEMANTIC_CONVENTIONS']).optional(),
  dynatraceSampler: z
    .strictObject({
      tenant: text(),
      clusterId: int32(),
      rootSpansPerMinute: uint32(),
      httpService: z.strictObject({ ...where, http }).optional(),
    })
    .optional(),
})

const envoyHttpAls = z.strictObject({
  ...where,
  logName: text(),
  filterStateObjectsToLog: texts(),
  additionalRequestHeadersToLog: texts(),
  additionalResponseHeadersToLog: texts(),
  additionalResponseTrailersToLog: texts(),
})

/** One kind of provider each. */
const providers = {
  envoyExtAuthzHttp,
  envoyExtAuthzGrpc: z.strictObject(extAuthz),
  zipkin,
  lightstep: z.strictObject({ ...where, accessToken: text(), maxTagLength: uint32() }),
  datadog: z.strictObject({ ...where, maxTagLength: uint32() }),
  stackdriver,
  opencensus: z.strictObject({
    ...where,
    context: z.array(z.enum(TRACE_CONTEXTS)).optional(),
    maxTagLength: uint32(),
  }),
  skywalking: z.strictObject({ ...where, accessToken: text() }),
  opentelemetry,
  prometheus: z.strictObject({}),
  envoyFileAccessLog: z.strictObject({
    path: text(),
    logFormat: oneOf(z.strictObject({ text: text(), labels: struct() }), 'text', 'labels').optional(),
    omitEmptyValues: flag(),
  }),
  envoyHttpAls,
  envoyTcpAls: z.strictObject({ ...where, logName: text(), filterStateObjectsToLog: texts() }),
  envoyOtelAls: z.strictObject({
    ...where,
    logName: text(),
    logFormat: z.strictObject({ text: text(), labels: struct() }).optional(),
  }),
  sds: z.strictObject({ name: text(), ...where }),
}

export const ExtensionProviders = z.array(
  oneOf(z.strictObject({ name: z.string(), ...z.strictObject(providers).partial().shape }), ...Object.keys(providers)),
)
