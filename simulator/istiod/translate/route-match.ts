// From a match of a VirtualService to Envoy's route match (pilot/pkg/networking/core/route/route.go TranslateRouteMatch).
import type { Config } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { HTTPMatchRequest, StringMatch } from '../../resources/index.ts'
import type { JsonObject, Route } from '../../xds/types.ts'
import { routeSemantics } from './translation-context.ts'

/** `{exact}`, `{prefix}` or `{safe_regex}`; null when nothing is asked for. */
export function stringMatcher(match: StringMatch | undefined): JsonObject | null {
  if (match?.exact !== undefined) return { exact: match.exact }
  if (match?.prefix !== undefined) return { prefix: match.prefix }
  if (match?.regex !== undefined) return { safe_regex: { regex: match.regex } }
  return null
}

/** `{}` and the regex `*` ask only that the header is there. */
const asksPresence = (match: StringMatch): boolean => stringMatcher(match) === null || match.regex === '*'

const headerMatcher = (name: string, match: StringMatch): JsonObject =>
  asksPresence(match) ? { name, present_match: true } : { name, string_match: stringMatcher(match) }

const CLAIM_PREFIX = '@request.auth.claims'

/** Names of nested claims in `@request.auth.claims.a.b` or `@request.auth.claims[a][b]`; null for a header. */
export function routingClaims(name: string): string[] | null {
  if (name.length < CLAIM_PREFIX.length || name.slice(0, CLAIM_PREFIX.length).toLowerCase() !== CLAIM_PREFIX)
    return null
  const rest = name.slice(CLAIM_PREFIX.length)
  if (rest.startsWith('.')) return rest.slice(1).split('.')
  if (rest.length > 2 && rest.startsWith('[') && rest.endsWith(']')) return rest.slice(1, -1).split('][')
  return null
}

/** Matcher for a claim of a verified token: a value, or one of a list. */
export function claimMatcher(claims: readonly string[], value: JsonObject): JsonObject {
  return {
    filter: 'envoy.filters.http.jwt_authn',
    path: ['payload', ...claims].map(key => ({ key })),
    value: {
      or_match: {
        value_matchers: [{ list_match: { one_of: { string_match: value } } }, { string_match: value }],
      },
    },
  }
}

/** Envoy's match; without a match of the user's everything below `/`. */
export function routeMatch(virtualService: Config<unknown> | null, match: HTTPMatchRequest | null): JsonObject {
  if (!match) return { prefix: '/' }
  const headers: JsonObject[] = []
  const metadata: JsonObject[] = []
  for (const [name, wanted] of Object.entries(match.headers ?? {})) {
    const claims = routingClaims(name)
    if (claims) metadata.push(claimMatcher(claims, stringMatcher(wanted) ?? {}))
    else headers.push(headerMatcher(name, wanted))
  }
  for (const [name, unwanted] of Object.entries(match.withoutHeaders ?? {})) {
    const claims = routingClaims(name)
    if (claims) metadata.push({ ...claimMatcher(claims, stringMatcher(unwanted) ?? {}), invert: true })
    else {
      headers.push({
        ...headerMatcher(name, unwanted),
        invert_match: true,
        ...(asksPresence(unwanted) ? {} : { treat_missing_header_as_empty: true }),
      })
    }
  }
  headers.sort((a, b) => compareText(String(a['name']), String(b['name'])))
  if (match.method) headers.push(headerMatcher(':method', match.method))
  if (match.authority) headers.push(headerMatcher(':authority', match.authority))
  if (match.scheme) headers.push(headerMatcher(':scheme', match.scheme))
  const query = Object.entries(match.queryParams ?? {}).map(([name, wanted]) => headerMatcher(name, wanted))
  return {
    ...pathMatch(virtualService, match.uri),
    case_sensitive: match.ignoreUriCase !== true,
    ...(headers.length > 0 ? { headers } : {}),
    ...(query.length > 0 ? { query_parameters: query } : {}),
    ...(metadata.length > 0 ? { dynamic_metadata: metadata } : {}),
  }
}

function pathMatch(virtualService: Config<unknown> | null, uri: StringMatch | undefined): JsonObject {
  if (uri?.exact !== undefined) return { path: uri.exact }
  if (uri?.regex !== undefined) return { safe_regex: { regex: uri.regex } }
  if (uri?.prefix === undefined) return { prefix: '/' }
  const bySegment = virtualService !== null && ['ingress', 'gateway'].includes(routeSemantics(virtualService))
  if (!bySegment || uri.prefix === '/') return { prefix: uri.prefix }
  return { path_separated_prefix: uri.prefix.endsWith('/') ? uri.prefix.slice(0, -1) : uri.prefix }
}

const isRegex = (value: unknown, regex: string): boolean =>
  typeof value === 'object' && value !== null && (value as { regex?: unknown }).regex === regex

/** Does the route take everything that reaches it? */
export function isCatchAll(route: Route): boolean {
  const { match } = route
  const path = match['prefix'] === '/' || match['path_separated_prefix'] === '/' || isRegex(match['safe_regex'], '.*')
  return path && !match['headers'] && !match['query_parameters'] && !match['dynamic_metadata']
}

/** Catch-all routes go last, everything else keeps its order. */
export const catchAllLast = (routes: readonly Route[]): Route[] => [
  ...routes.filter(route => !isCatchAll(route)),
  ...routes.filter(isCatchAll),
]

/** Name of the traced operation: where to and which path. */
export function routeOperation(route: Pick<Route, 'match' | 'route'>, name: string, port: number): string {
  const { match } = route
  const regex = match['safe_regex']
  let path = '/*'
  if (typeof match['prefix'] === 'string') path = `${match['prefix']}*`
  else if (typeof match['path'] === 'string') path = match['path']
  else if (typeof regex === 'object' && regex !== null) path = String((regex as { regex?: unknown }).regex)
  const cluster = route.route?.['cluster']
  const parts = typeof cluster === 'string' ? cluster.split('|') : []
  if (parts.length === 4) return `${parts[3]}:${parts[1]}${path}`
  return `${name}:${port}${path}`
}
