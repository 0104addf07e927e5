// networking.istio.io VirtualService: how requests for a host are matched, changed and spread over destinations (istio/api networking/v1/virtual_service.proto).
import { z } from 'zod'
import { Destination } from '../common.ts'
import { duration, oneOf, orNull } from '../schema-checks.ts'

export const StringMatch = oneOf(
  z.strictObject({
    exact: z.string().optional(),
    prefix: z.string().optional(),
    regex: z.string().optional(),
  }),
  'exact',
  'prefix',
  'regex',
)
export type StringMatch = z.infer<typeof StringMatch>

export const CorsPolicy = z.strictObject({
  allowCredentials: orNull(z.boolean()),
  allowHeaders: z.array(z.string()).optional(),
  allowMethods: z.array(z.string()).optional(),
  allowOrigin: z.array(z.string()).optional(),
  allowOrigins: z.array(StringMatch).optional(),
  exposeHeaders: z.array(z.string()).optional(),
  maxAge: duration().optional(),
  unmatchedPreflights: z.enum(['UNSPECIFIED', 'FORWARD', 'IGNORE']).optional(),
})
export type CorsPolicy = z.infer<typeof CorsPolicy>

export const Delegate = z.strictObject({
  name: z.string().optional(),
  namespace: z.string().optional(),
})
export type Delegate = z.infer<typeof Delegate>

export const HTTPDirectResponse = z.strictObject({
  body: oneOf(
    z.strictObject({
      bytes: z.string().optional(),
      string: z.string().optional(),
    }),
    'string',
    'bytes',
  ).optional(),
  status: z.int().min(0).max(4294967295),
})
export type HTTPDirectResponse = z.infer<typeof HTTPDirectResponse>

export const Percent = z.strictObject({
  value: z.number().optional(),
})
export type Percent = z.infer<typeof Percent>

export const FaultAbort = oneOf(
  z.strictObject({
    grpcStatus: z.string().optional(),
    http2Error: z.string().optional(),
    httpStatus: z.int32().optional(),
    percentage: Percent.optional(),
  }),
  'httpStatus',
  'grpcStatus',
  'http2Error',
)
export type FaultAbort = z.infer<typeof FaultAbort>

export const FaultDelay = oneOf(
  z.strictObject({
    exponentialDelay: duration().optional(),
    fixedDelay: duration().optional(),
    percent: z.int32().optional(),
    percentage: Percent.optional(),
  }),
  'fixedDelay',
  'exponentialDelay',
)
export type FaultDelay = z.infer<typeof FaultDelay>

export const HTTPFaultInjection = z.strictObject({
  abort: FaultAbort.optional(),
  delay: FaultDelay.optional(),
})
export type HTTPFaultInjection = z.infer<typeof HTTPFaultInjection>

export const HeaderOperations = z.strictObject({
  add: z.record(z.string(), z.string()).optional(),
  remove: z.array(z.string()).optional(),
  set: z.record(z.string(), z.string()).optional(),
})
export type HeaderOperations = z.infer<typeof HeaderOperations>

export const Headers = z.strictObject({
  request: HeaderOperations.optional(),
  response: HeaderOperations.optional(),
})
export type Headers = z.infer<typeof Headers>

export const HTTPMatchRequest = z.strictObject({
  authority: StringMatch.optional(),
  gateways: z.array(z.string()).optional(),
  headers: z.record(z.string(), StringMatch).optional(),
  ignoreUriCase: z.boolean().optional(),
  method: StringMatch.optional(),
  name: z.string().optional(),
  port: z.int().min(0).max(4294967295).optional(),
  queryParams: z.record(z.string(), StringMatch).optional(),
  scheme: StringMatch.optional(),
  sourceLabels: z.record(z.string(), z.string()).optional(),
  sourceNamespace: z.string().optional(),
  statPrefix: z.string().optional(),
  uri: StringMatch.optional(),
  withoutHeaders: z.record(z.string(), StringMatch).optional(),
})
export type HTTPMatchRequest = z.infer<typeof HTTPMatchRequest>

export const HTTPMirrorPolicy = z.strictObject({
  destination: Destination,
  percentage: Percent.optional(),
})
export type HTTPMirrorPolicy = z.infer<typeof HTTPMirrorPolicy>

export const HTTPRedirect = oneOf(
  z.strictObject({
    authority: z.string().optional(),
    derivePort: z.enum(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']).optional(),
    port: z.int().min(0).max(4294967295).optional(),
    prefixRewrite: z.string().optional(),
    redirectCode: z.int().min(0).max(4294967295).optional(),
    scheme: z.string().optional(),
    uri: z.string().optional(),
  }),
  'port',
  'derivePort',
)
export type HTTPRedirect = z.infer<typeof HTTPRedirect>

export const HTTPRetry = z.strictObject({
  attempts: z.int32().optional(),
  backoff: duration().optional(),
  perTryTimeout: duration().optional(),
  retryIgnorePreviousHosts: orNull(z.boolean()),
  retryOn: z.string().optional(),
  retryRemoteLocalities: orNull(z.boolean()),
})
export type HTTPRetry = z.infer<typeof HTTPRetry>

export const HTTPRewrite = z.strictObject({
  authority: z.string().optional(),
  uri: z.string().optional(),
  uriRegexRewrite: z
    .strictObject({
      match: z.string().optional(),
      rewrite: z.string().optional(),
    })
    .optional(),
})
export type HTTPRewrite = z.infer<typeof HTTPRewrite>

export const HTTPRouteDestination = z.strictObject({
  destination: Destination,
  headers: Headers.optional(),
  weight: z.int32().optional(),
})
export type HTTPRouteDestination = z.infer<typeof HTTPRouteDestination>

export const HTTPRoute = z.strictObject({
  corsPolicy: CorsPolicy.optional(),
  delegate: Delegate.optional(),
  directResponse: HTTPDirectResponse.optional(),
  fault: HTTPFaultInjection.optional(),
  headers: Headers.optional(),
  match: z.array(HTTPMatchRequest).optional(),
  mirror: Destination.optional(),
  mirrorPercent: orNull(z.int().min(0).max(4294967295)),
  mirrorPercentage: Percent.optional(),
  mirrors: z.array(HTTPMirrorPolicy).optional(),
  name: z.string().optional(),
  redirect: HTTPRedirect.optional(),
  retries: HTTPRetry.optional(),
  rewrite: HTTPRewrite.optional(),
  route: z.array(HTTPRouteDestination).optional(),
  timeout: duration().optional(),
})
export type HTTPRoute = z.infer<typeof HTTPRoute>

export const L4MatchAttributes = z.strictObject({
  destinationSubnets: z.array(z.string()).optional(),
  gateways: z.array(z.string()).optional(),
  port: z.int().min(0).max(4294967295).optional(),
  sourceLabels: z.record(z.string(), z.string()).optional(),
  sourceNamespace: z.string().optional(),
  sourceSubnet: z.string().optional(),
})
export type L4MatchAttributes = z.infer<typeof L4MatchAttributes>

export const RouteDestination = z.strictObject({
  destination: Destination,
  weight: z.int32().optional(),
})
export type RouteDestination = z.infer<typeof RouteDestination>

export const TCPRoute = z.strictObject({
  match: z.array(L4MatchAttributes).optional(),
  route: z.array(RouteDestination).optional(),
})
export type TCPRoute = z.infer<typeof TCPRoute>

export const TLSMatchAttributes = z.strictObject({
  destinationSubnets: z.array(z.string()).optional(),
  gateways: z.array(z.string()).optional(),
  port: z.int().min(0).max(4294967295).optional(),
  sniHosts: z.array(z.string()),
  sourceLabels: z.record(z.string(), z.string()).optional(),
  sourceNamespace: z.string().optional(),
})
export type TLSMatchAttributes = z.infer<typeof TLSMatchAttributes>

export const TLSRoute = z.strictObject({
  match: z.array(TLSMatchAttributes),
  route: z.array(RouteDestination).optional(),
})
export type TLSRoute = z.infer<typeof TLSRoute>

export const VirtualService = z.strictObject({
  exportTo: z.array(z.string()).optional(),
  gateways: z.array(z.string()).optional(),
  hosts: z.array(z.string()).optional(),
  http: z.array(HTTPRoute).optional(),
  tcp: z.array(TCPRoute).optional(),
  tls: z.array(TLSRoute).optional(),
})
export type VirtualService = z.infer<typeof VirtualService>
