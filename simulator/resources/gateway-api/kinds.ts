// gateway.networking.k8s.io kinds: the fields that Istio turns into listeners and routes. Loose: the API has many channels.
import { z } from 'zod'

export const ParentReference = z.looseObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string(),
  namespace: z.string().optional(),
  sectionName: z.string().optional(),
  port: z.number().optional(),
})
export type ParentReference = z.infer<typeof ParentReference>

export const ObjectReference = z.looseObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string(),
  namespace: z.string().optional(),
})
export type ObjectReference = z.infer<typeof ObjectReference>

export const GatewayListener = z.looseObject({
  name: z.string(),
  hostname: z.string().optional(),
  port: z.number(),
  protocol: z.string(),
  tls: z
    .looseObject({
      mode: z.string().optional(),
      certificateRefs: z.array(ObjectReference).optional(),
      options: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  allowedRoutes: z
    .looseObject({
      namespaces: z.looseObject({ from: z.string().optional() }).optional(),
      kinds: z.array(z.looseObject({ group: z.string().optional(), kind: z.string() })).optional(),
    })
    .optional(),
})
export type GatewayListener = z.infer<typeof GatewayListener>

export const GatewayApiGateway = z.looseObject({
  gatewayClassName: z.string().optional(),
  listeners: z.array(GatewayListener).nullish(),
  addresses: z.array(z.looseObject({ type: z.string().optional(), value: z.string().optional() })).optional(),
})
export type GatewayApiGateway = z.infer<typeof GatewayApiGateway>

export const GatewayClass = z.looseObject({ controllerName: z.string().optional() })
export type GatewayClass = z.infer<typeof GatewayClass>

export const BackendRef = z.looseObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string(),
  namespace: z.string().optional(),
  port: z.number().optional(),
  weight: z.number().optional(),
  filters: z.array(z.looseObject({ type: z.string() })).optional(),
})
export type BackendRef = z.infer<typeof BackendRef>

const NameValueMatch = z.looseObject({ type: z.string().optional(), name: z.string(), value: z.string() })

export const HTTPRouteMatch = z.looseObject({
  path: z.looseObject({ type: z.string().optional(), value: z.string().optional() }).optional(),
  headers: z.array(NameValueMatch).optional(),
  queryParams: z.array(NameValueMatch).optional(),
  method: z.string().optional(),
})
export type HTTPRouteMatch = z.infer<typeof HTTPRouteMatch>

export const HTTPRouteRule = z.looseObject({
  name: z.string().optional(),
  matches: z.array(HTTPRouteMatch).optional(),
  filters: z.array(z.looseObject({ type: z.string() })).optional(),
  backendRefs: z.array(BackendRef).optional(),
  timeouts: z.looseObject({ request: z.string().optional(), backendRequest: z.string().optional() }).optional(),
})
export type HTTPRouteRule = z.infer<typeof HTTPRouteRule>

export const GatewayApiHTTPRoute = z.looseObject({
  parentRefs: z.array(ParentReference).optional(),
  hostnames: z.array(z.string()).optional(),
  rules: z.array(HTTPRouteRule).optional(),
})
export type GatewayApiHTTPRoute = z.infer<typeof GatewayApiHTTPRoute>

/** GRPCRoute, TCPRoute, TLSRoute, UDPRoute. */
export const GatewayApiRoute = z.looseObject({
  parentRefs: z.array(ParentReference).optional(),
  hostnames: z.array(z.string()).optional(),
  rules: z.array(z.looseObject({ backendRefs: z.array(BackendRef).optional() })).optional(),
})
export type GatewayApiRoute = z.infer<typeof GatewayApiRoute>

/** ReferenceGrant, BackendTLSPolicy, ListenerSet and others that are read by field where they matter. */
export const GatewayApiPolicy = z.looseObject({})
