// What istiod's webhook refuses of an EnvoyFilter (istio: pkg/config/validation/envoyfilter).
import { RE2JS } from 're2js'
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type { EnvoyFilter } from '../resources/networking/envoy-filter.ts'
import { utf8Length } from '../resources/utf8.ts'
import { alphaSelector } from './common.ts'
import { checkPatchValue } from './envoy/patch-value.ts'
import type { Refusals } from './refusals.ts'

type ConfigPatch = NonNullable<Loose<EnvoyFilter>['configPatches']>[number]

const LISTENER_CLASS: readonly string[] = ['LISTENER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER']
const ROUTE_CLASS: readonly string[] = ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE']
const MANAGER = 'envoy.filters.network.http_connection_manager'

/** Names that filters had before Envoy's v3 API, and theirs now. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['envoy.buffer', 'envoy.filters.http.buffer'],
  ['envoy.cors', 'envoy.filters.http.cors'],
  ['envoy.csrf', 'envoy.filters.http.csrf'],
  ['envoy.fault', 'envoy.filters.http.fault'],
  ['envoy.grpc_http1_bridge', 'envoy.filters.http.grpc_http1_bridge'],
  ['envoy.grpc_json_transcoder', 'envoy.filters.http.grpc_json_transcoder'],
  ['envoy.grpc_web', 'envoy.filters.http.grpc_web'],
  ['envoy.health_check', 'envoy.filters.http.health_check'],
  ['envoy.ip_tagging', 'envoy.filters.http.ip_tagging'],
  ['envoy.lua', 'envoy.filters.http.lua'],
  ['envoy.rate_limit', 'envoy.filters.http.ratelimit'],
  ['envoy.router', 'envoy.filters.http.router'],
  ['envoy.squash', 'envoy.filters.http.squash'],
  ['envoy.listener.http_inspector', 'envoy.filters.listener.http_inspector'],
  ['envoy.listener.original_dst', 'envoy.filters.listener.original_dst'],
  ['envoy.listener.original_src', 'envoy.filters.listener.original_src'],
  ['envoy.listener.proxy_protocol', 'envoy.filters.listener.proxy_protocol'],
  ['envoy.listener.tls_inspector', 'envoy.filters.listener.tls_inspector'],
  ['envoy.client_ssl_auth', 'envoy.filters.network.client_ssl_auth'],
  ['envoy.echo', 'envoy.filters.network.echo'],
  ['envoy.ext_authz', 'envoy.filters.network.ext_authz'],
  ['envoy.http_connection_manager', MANAGER],
  ['envoy.mongo_proxy', 'envoy.filters.network.mongo_proxy'],
  ['envoy.ratelimit', 'envoy.filters.network.ratelimit'],
  ['envoy.redis_proxy', 'envoy.filters.network.redis_proxy'],
  ['envoy.tcp_proxy', 'envoy.filters.network.tcp_proxy'],
])

export function validateEnvoyFilter(spec: Loose<EnvoyFilter>, out: Refusals): void {
  if (!alphaSelector(spec.workloadSelector, 'Envoy filter', out)) return
  const care = 'Prefer other APIs if possible, and exercise extreme caution, especially around upgrades.'
  out.warn(['spec'], `EnvoyFilter exposes internal implementation details that may change at any time. ${care}`)
  for (const [i, patch] of (spec.configPatches ?? []).entries()) {
    if (patch.match?.context === 'WAYPOINT') continue
    configPatch(patch, ['spec', 'configPatches', i], out)
  }
}

/** What makes the patch unusable whatever it matches, or null. */
function incomplete({ applyTo, patch }: ConfigPatch): string | null {
  if (applyTo === undefined || applyTo === 'INVALID') return 'missing applyTo'
  if (patch === undefined) return 'missing patch'
  const operation = patch.operation ?? 'INVALID'
  if (operation === 'INVALID') return 'missing patch operation'
  const needless = operation === 'REMOVE' || patch.value !== undefined
  return needless ? null : 'missing patch value for non-remove operation'
}

function configPatch(item: ConfigPatch, path: Path, out: Refusals): void {
  const missing = incomplete(item)
  if (missing !== null) {
    out.error(path, `Envoy filter: ${missing}`)
    return
  }
  const { match = {}, applyTo = 'INVALID' } = item
  if (!proxyVersion(match.proxy?.proxyVersion ?? '', path, out)) return
  if (!objectMatch(match, applyTo, path, out)) return
  const { error, warnings } = checkPatchValue(applyTo, item.patch?.value)
  const at = [...path, 'patch', 'value']
  if (error !== null) out.error(at, error)
  for (const warning of warnings) out.warn(at, warning)
}

/** False when the match is so wrong that istiod does not look at the patch's value any more. */
function objectMatch(match: NonNullable<ConfigPatch['match']>, applyTo: string, path: Path, out: Refusals): boolean {
  const { listener, routeConfiguration, cluster, waypoint } = match
  const typed = (listener ?? routeConfiguration ?? cluster ?? waypoint) !== undefined
  const fits = (own: unknown, what: string, other: string): boolean => {
    const wrong = typed && own === undefined
    out.errorIf(wrong, path, `Envoy filter: applyTo for ${what} objects cannot have non ${other} match`)
    return !wrong
  }
  if (LISTENER_CLASS.includes(applyTo)) {
    if (!fits(listener, 'listener class', 'listener')) return false
    const filter = listener?.filterChain?.filter
    return filter === undefined || filterMatch(filter, applyTo, path, out)
  }
  if (ROUTE_CLASS.includes(applyTo)) fits(routeConfiguration, 'http route class', 'route configuration')
  else if (applyTo === 'CLUSTER') fits(cluster, 'cluster class', 'cluster')
  return true
}

/** False when the pattern is no pattern. */
function proxyVersion(pattern: string, path: Path, out: Refusals): boolean {
  if (utf8Length(pattern) > 1024) {
    out.warn(path, 'Envoy filter: proxyVersion match exceeds 1024 characters and will be ignored')
    return true
  }
  try {
    RE2JS.compile(pattern)
    return true
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    out.error(path, `Envoy filter: invalid regex for proxy version, [${why}]`)
    return false
  }
}

type FilterMatch = NonNullable<
  NonNullable<NonNullable<NonNullable<ConfigPatch['match']>['listener']>['filterChain']>['filter']
>

/** False when the filter cannot be matched at all. */
function filterMatch(filter: FilterMatch, applyTo: string, path: Path, out: Refusals): boolean {
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN') {
    out.warn(path, `Envoy filter: filter match has no effect when used with ${applyTo}`)
  }
  const { name = '', subFilter } = filter
  const problem = ((): string | null => {
    if (name === '') return 'filter match has no name to match on'
    if (subFilter === undefined) return null
    if (applyTo !== 'HTTP_FILTER') return 'subfilter match can be used with applyTo HTTP_FILTER only'
    if (name !== MANAGER && name !== 'envoy.http_connection_manager') {
      return `subfilter match requires filter match with ${MANAGER}`
    }
    return subFilter.name ? null : 'subfilter match has no name to match on'
  })()
  if (problem !== null) {
    out.error(path, `Envoy filter: ${problem}`)
    return false
  }
  for (const old of [name, subFilter?.name ?? '']) {
    const current = RENAMED.get(old)
    if (current !== undefined) out.warn(path, `using deprecated filter name "${old}"; use "${current}" instead`)
  }
  return true
}
