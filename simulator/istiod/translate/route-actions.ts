// What a route does besides choosing a cluster: redirect, direct response, fault, CORS, mirror, hash policy
// (pilot/pkg/networking/core/route/route.go).
import type {
  ConsistentHashLB,
  CorsPolicy,
  HTTPDirectResponse,
  HTTPFaultInjection,
  HTTPRedirect,
  HTTPRoute,
} from '../../resources/index.ts'
import type { JsonObject, TypedConfig } from '../../xds/types.ts'
import { protoDuration, wholeSeconds } from './cluster-duration.ts'
import { stringMatcher } from './route-match.ts'

const RESPONSE_CODES: ReadonlyMap<number, string> = new Map([
  [302, 'FOUND'],
  [303, 'SEE_OTHER'],
  [307, 'TEMPORARY_REDIRECT'],
  [308, 'PERMANENT_REDIRECT'],
])

/** Null for a code that Envoy has no name for: such a route has no action. */
export function redirectAction(redirect: HTTPRedirect, port: number, tls: boolean): JsonObject | null {
  const code = redirect.redirectCode ?? 0
  if (code !== 0 && code !== 301 && !RESPONSE_CODES.has(code)) return null
  let portRedirect = redirect.port ?? 0
  if (redirect.derivePort === 'FROM_REQUEST_PORT') portRedirect = port
  const scheme = redirect.scheme || (tls ? 'https' : 'http')
  if ((portRedirect === 80 && scheme === 'http') || (portRedirect === 443 && scheme === 'https')) portRedirect = 0
  return {
    ...(redirect.authority ? { host_redirect: redirect.authority } : {}),
    ...(redirect.prefixRewrite ? { prefix_rewrite: redirect.prefixRewrite } : { path_redirect: redirect.uri ?? '' }),
    ...(redirect.scheme ? { scheme_redirect: redirect.scheme } : {}),
    ...(portRedirect === 0 ? {} : { port_redirect: portRedirect }),
    ...(RESPONSE_CODES.has(code) ? { response_code: RESPONSE_CODES.get(code) } : {}),
  }
}

export function directResponseAction(response: HTTPDirectResponse): JsonObject {
  const { body } = response
  if (body?.string !== undefined) return { status: response.status, body: { inline_string: body.string } }
  if (body?.bytes !== undefined) return { status: response.status, body: { inline_bytes: body.bytes } }
  return { status: response.status }
}

const fraction = (numerator: number, denominator: 'HUNDRED' | 'MILLION'): JsonObject => ({
  // zero and HUNDRED are the proto's defaults
  ...(numerator === 0 ? {} : { numerator }),
  ...(denominator === 'HUNDRED' ? {} : { denominator }),
})

const perMillion = (percent: number): JsonObject => fraction(Math.trunc(percent * 10000), 'MILLION')

const GRPC_CODES: ReadonlyMap<string, number> = new Map(
  [
    'OK',
    'CANCELLED',
    'UNKNOWN',
    'INVALID_ARGUMENT',
    'DEADLINE_EXCEEDED',
    'NOT_FOUND',
    'ALREADY_EXISTS',
    'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED',
    'FAILED_PRECONDITION',
    'ABORTED',
    'OUT_OF_RANGE',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAVAILABLE',
    'DATA_LOSS',
    'UNAUTHENTICATED',
  ].map((name, code) => [name, code]),
)

/** HTTPFault of a route; exponential delays and HTTP/2 errors are things that istiod leaves out. */
export function faultConfig(fault: HTTPFaultInjection): TypedConfig | null {
  const { delay, abort } = fault
  const fields: JsonObject = {}
  if (delay?.fixedDelay !== undefined) {
    fields['delay'] = {
      fixed_delay: protoDuration(delay.fixedDelay),
      percentage: delay.percentage ? perMillion(delay.percentage.value ?? 0) : fraction(delay.percent ?? 0, 'HUNDRED'),
    }
  }
  if (abort && (abort.httpStatus !== undefined || abort.grpcStatus !== undefined)) {
    fields['abort'] = {
      ...(abort.httpStatus === undefined
        ? { grpc_status: GRPC_CODES.get(abort.grpcStatus ?? '') ?? 0 }
        : { http_status: abort.httpStatus }),
      ...(abort.percentage ? { percentage: perMillion(abort.percentage.value ?? 0) } : {}),
    }
  }
  if (!fields['delay'] && !fields['abort']) return null
  return { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...fields }
}

export function corsConfig(policy: CorsPolicy): TypedConfig {
  const origins = policy.allowOrigins
    ? policy.allowOrigins.map(origin => stringMatcher(origin)).filter(origin => origin !== null)
    : (policy.allowOrigin ?? []).map(exact => ({ exact }))
  const joined = (key: string, list: readonly string[] | undefined): JsonObject =>
    list && list.length > 0 ? { [key]: list.join(',') } : {}
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
    ...(origins.length > 0 ? { allow_origin_string_match: origins } : {}),
    ...joined('allow_methods', policy.allowMethods),
    ...joined('allow_headers', policy.allowHeaders),
    ...joined('expose_headers', policy.exposeHeaders),
    ...(policy.maxAge === undefined ? {} : { max_age: String(wholeSeconds(policy.maxAge)) }),
    ...(policy.allowCredentials === undefined ? {} : { allow_credentials: policy.allowCredentials }),
    filter_enabled: { default_value: { numerator: 100 } },
    forward_not_matching_preflights: policy.unmatchedPreflights !== 'IGNORE',
  }
}

/** Share of the `mirror` field; null = nothing is mirrored. */
export function mirrorShare(route: HTTPRoute): JsonObject | null {
  if (route.mirrorPercentage) {
    const value = route.mirrorPercentage.value ?? 0
    return value > 0 ? perMillion(value) : null
  }
  if (route.mirrorPercent !== undefined)
    return route.mirrorPercent > 0 ? fraction(route.mirrorPercent, 'HUNDRED') : null
  return fraction(100, 'HUNDRED')
}

/** Share of one of `mirrors`; null = nothing is mirrored. */
export function mirrorsShare(percentage: { value?: number | undefined } | undefined): JsonObject | null {
  if (!percentage) return fraction(100, 'HUNDRED')
  const value = percentage.value ?? 0
  return value > 0 ? perMillion(value) : null
}

export const mirrorPolicy = (cluster: string, share: JsonObject): JsonObject => ({
  cluster,
  runtime_fraction: { default_value: share },
  trace_sampled: false,
  disable_shadow_host_suffix_append: true,
})

/** What requests are hashed by; null when the settings name nothing. */
export function hashPolicy(hash: ConsistentHashLB | null): JsonObject | null {
  if (!hash) return null
  if (hash.httpHeaderName !== undefined) return { header: { header_name: hash.httpHeaderName } }
  if (hash.httpCookie) {
    const { name, ttl, path, attributes = [] } = hash.httpCookie
    return {
      cookie: {
        name,
        ...(ttl === undefined ? {} : { ttl: protoDuration(ttl) }),
        ...(path ? { path } : {}),
        ...(attributes.length > 0
          ? { attributes: attributes.map(a => ({ name: a.name, ...(a.value ? { value: a.value } : {}) })) }
          : {}),
      },
    }
  }
  if (hash.useSourceIp !== undefined) {
    return { connection_properties: hash.useSourceIp ? { source_ip: true } : {} }
  }
  if (hash.httpQueryParameterName !== undefined) return { query_parameter: { name: hash.httpQueryParameterName } }
  return null
}
