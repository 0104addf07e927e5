// Rules that look at a request, judged by asking: conditions of headers, RBAC, tokens.
import { type CompiledRoute, compileHeader, compileRule, type RbacSubject } from '../envoy/index.ts'
import type { HttpRequest } from '../wire/types.ts'
import type { Json, JsonObject } from '../xds/types.ts'
import type { Ask } from './symbolic.ts'

export const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
export const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What is known of a request beside the properties that are asked for. */
export interface Known {
  ask: Ask
  /** `host` or `host:port`. */
  authority: string
  /** Facts of the connection; `peer` is the caller's identity or ''. */
  down: RbacSubject['down']
  /** Issuer of the token that was found good; '' without one. */
  issuer: string
}

export function requestWith(authority: string, change: Partial<HttpRequest>): HttpRequest {
  return {
    method: 'GET',
    scheme: 'http',
    authority,
    path: '/',
    headers: [],
    body: '',
    protocol: 'HTTP/1.1',
    traceId: 0,
    parentSpan: 0,
    ...change,
  }
}

/** The request that has this one property. */
export function requestOf(authority: string, property: string, value: string | null): HttpRequest {
  if (property === 'path') return requestWith(authority, { path: value ?? '/' })
  if (property === 'method') return requestWith(authority, { method: value ?? 'GET' })
  const [kind, name = ''] = property.split(' ')
  if (kind === 'query') return requestWith(authority, { path: value === null ? '/' : `/?${name}=${value}` })
  return requestWith(authority, { headers: value === null ? [] : [[name, value]] })
}

/** Property that a header's name stands for; null: it is known and need not be asked. */
export function propertyOf(header: string): string | null {
  if (header === ':path') return 'path'
  if (header === ':method') return 'method'
  return header.startsWith(':') || header === 'host' ? null : `header ${header}`
}

/** config.route.v3.HeaderMatcher. */
export function headerHolds(config: unknown, { ask, authority }: Known): boolean {
  const test = compileHeader(config)
  const holds = (q: HttpRequest): boolean => test(q.headers, q.authority, q.path, q.method)
  const property = propertyOf(text(object(config).name).toLowerCase())
  if (property === null) return holds(requestWith(authority, {}))
  return ask(property, value => holds(requestOf(authority, property, value)))
}

/** One permission or principal of RBAC. `http`: false on bare connections, where nothing of requests is known. */
export function ruleHolds(config: unknown, known: Known, http: boolean): boolean {
  const rule = object(config)
  const all = object(rule.and_rules ?? rule.and_ids)
  if (rule.and_rules || rule.and_ids) return list(all.rules ?? all.ids).every(one => ruleHolds(one, known, http))
  const any = object(rule.or_rules ?? rule.or_ids)
  if (rule.or_rules || rule.or_ids) return list(any.rules ?? any.ids).some(one => ruleHolds(one, known, http))
  const not = rule.not_rule ?? rule.not_id
  if (not) return !ruleHolds(not, known, http)
  const test = compileRule(rule)
  const subject = (request: HttpRequest | null, metadata: RbacSubject['metadata']): boolean =>
    test({ request, down: known.down, remoteIp: known.down.sourceIp, metadata })
  if (!http) return subject(null, new Map())
  if (rule.header) return headerHolds(rule.header, known)
  if (rule.url_path || rule.uri_template)
    return known.ask('path', value => subject(requestOf(known.authority, 'path', value), new Map()))
  const matcher = rule.metadata ?? object(rule.sourced_metadata).metadata_matcher
  if (matcher) return claimHolds(object(matcher), known, metadata => subject(null, metadata))
  return subject(requestWith(known.authority, {}), new Map())
}

/** A claim of the token; without a good token there are none. */
export function claimHolds(
  matcher: JsonObject,
  { ask, issuer }: Known,
  test: (metadata: RbacSubject['metadata']) => boolean,
): boolean {
  if (issuer === '') return test(new Map())
  const keys = list(matcher.path).map(segment => text(object(segment).key))
  const metadata = (value: Json): RbacSubject['metadata'] =>
    new Map([[text(matcher.filter), keys.reduceRight<Json>((inner, key) => ({ [key]: inner }), value) as JsonObject]])
  if (keys.at(-1) === 'iss') return test(metadata(issuer))
  return ask(`claim ${keys.join('.')}`, value =>
    value === null ? test(new Map()) : test(metadata(value)) || test(metadata([value])),
  )
}

/** One condition of a route. */
export function conditionHolds(
  route: CompiledRoute,
  condition: CompiledRoute['conditions'][number],
  known: Known,
): boolean {
  const { on, holds } = condition
  if (on === 'claims')
    return list(object(route.config.match).dynamic_metadata).every(matcher =>
      claimHolds(object(matcher), known, metadata => holds(requestWith(known.authority, {}), '/', 0, metadata)),
    )
  if (on === 'share')
    return known.ask('share', value => holds(requestWith(known.authority, {}), '/', Number(value ?? 0), new Map()))
  const property = on.startsWith('header ') ? propertyOf(on.slice(7)) : on
  if (property === null) return holds(requestWith(known.authority, {}), '/', 0, new Map())
  return known.ask(property, value => {
    const request = requestOf(known.authority, property, value)
    return holds(request, request.path, 0, new Map())
  })
}

/** The policy that denies, null when the request passes (source/extensions/filters/common/rbac/engine_impl.cc). */
export function deniedBy(config: unknown, known: Known, http: boolean): { denied: string | null; hit: string } {
  const rules = object(config)
  const policies = object(rules.policies)
  const hit = Object.keys(policies)
    .sort((a, b) => (a < b ? -1 : 1))
    .find(name => {
      const policy = object(policies[name])
      const some = (side: Json | undefined): boolean => list(side).some(one => ruleHolds(one, known, http))
      return some(policy.permissions) && some(policy.principals)
    })
  const action = text(rules.action) || 'ALLOW'
  if (action === 'DENY') return { denied: hit ?? null, hit: hit ?? '' }
  return { denied: action === 'ALLOW' && hit === undefined ? 'none' : null, hit: hit ?? '' }
}

/** jwt_authn: what becomes of the token that the request brings; it is asked for only where a rule applies. */
export function tokenVerdict(config: JsonObject, known: Known): { issuer: string; refused: string; words: string } {
  const rule = list(config.rules).find(candidate => {
    const match = object(object(candidate).match)
    const holds = (path: string): boolean =>
      typeof match.path === 'string' ? path.split('?')[0] === match.path : path.startsWith(text(match.prefix) || '/')
    return known.ask('path', value => holds(value ?? '/'))
  })
  if (rule === undefined) return { issuer: '', refused: '', words: '' }
  const requires = JSON.stringify(object(rule).requires ?? null)
  const providers = Object.values(object(config.providers)).map(object)
  if (known.ask('token', value => value === null)) {
    const missing = requires.includes('allow_missing') || requires === 'null'
    return { issuer: '', refused: missing ? '' : 'a token is required', words: 'no token' }
  }
  for (const provider of providers) {
    const issuer = text(provider.issuer)
    if (known.ask('token', value => value === issuer))
      return { issuer, refused: '', words: `a token of ${JSON.stringify(provider)}` }
  }
  const lenient = requires.includes('allow_missing_or_failed')
  return { issuer: '', refused: lenient ? '' : 'the token is bad', words: 'a bad token' }
}
