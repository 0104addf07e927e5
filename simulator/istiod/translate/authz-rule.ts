// One rule of an AuthorizationPolicy as Envoy's RBAC policy (pilot/pkg/security/authz/model).
import type { Rule } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'
import {
  anyValue,
  claimText,
  claimTextOrList,
  exact,
  filterMetadata,
  headerPattern,
  pathPermission,
  prefix,
  quoteRegex,
  regex,
  stringPattern,
  stringValues,
  suffix,
} from './authz-matchers.ts'
import { expandedDomains, withAliases } from './authz-trust-domain.ts'
import { cidrRange } from './listener-chains.ts'

/** Something that the layer or the attribute cannot express. */
class Unsupported extends Error {}

export interface RuleContext {
  /** Of the policy. */
  namespace: string
  trustDomains: readonly string[]
  tcp: boolean
  /** ALLOW drops a rule that cannot be expressed; the others drop only the condition. */
  allow: boolean
}

type Each = (value: string, context: RuleContext) => JsonObject
type All = (values: readonly string[], context: RuleContext) => JsonObject | null

interface Condition {
  key: string
  values: string[]
  notValues: string[]
  /** Matcher of one value (they are OR-ed), or of all values together. */
  each?: Each
  all?: All
}

const httpOnly =
  <V>(make: (value: V, context: RuleContext) => JsonObject | null) =>
  (value: V, context: RuleContext): JsonObject | null => {
    if (context.tcp) throw new Unsupported('HTTP only')
    return make(value, context)
  }

const single =
  (make: (value: string, context: RuleContext) => JsonObject | null): Each =>
  (value, context) =>
    make(value, context) ?? {}

const authenticated = (name: JsonObject): JsonObject => ({ authenticated: { principal_name: name } })

const namespacePrincipal: Each = value =>
  authenticated(regex(`.*/ns/${value.split('*').map(quoteRegex).join('.*')}/.*`))

const accountPrincipal: Each = (value, { namespace }) => {
  const slash = value.indexOf('/')
  const owner = slash < 0 ? namespace : value.slice(0, slash)
  const account = slash < 0 ? value : value.slice(slash + 1)
  return authenticated(regex(`spiffe://.+/ns/${quoteRegex(owner)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`))
}

const trustDomainPrincipal: Each = value => {
  if (value === '*') return authenticated(prefix('spiffe://'))
  const star = value.indexOf('*')
  if (star < 0) return authenticated(prefix(`spiffe://${value}/`))
  const pattern = `${quoteRegex(value.slice(0, star))}[^/]*${quoteRegex(value.slice(star + 1))}`
  return authenticated(regex(`spiffe://${pattern}/.*`))
}

const principalName: Each = value => authenticated(stringPattern(value, 'spiffe://'))

const ANY_TEXT = regex('.+')

/** Issuer and subject of `issuer/subject`, split at the last slash. */
function issuerAndSubject(value: string): [JsonObject, JsonObject] {
  const slash = value.lastIndexOf('/')
  const found = slash >= 0
  const issuer = found ? value.slice(0, slash) : value
  const subject = found ? value.slice(slash + 1) : ''
  if (value === '*') return [ANY_TEXT, ANY_TEXT]
  if (value.startsWith('*')) {
    if (!found) return [ANY_TEXT, suffix(value.slice(1))]
    return [issuer === '*' ? ANY_TEXT : suffix(issuer.slice(1)), exact(subject)]
  }
  if (value.endsWith('*')) {
    if (!found) return [prefix(value.slice(0, -1)), ANY_TEXT]
    return [exact(issuer), subject === '*' ? ANY_TEXT : prefix(subject.slice(0, -1))]
  }
  return [exact(issuer), exact(subject)]
}

const requestPrincipals = httpOnly<readonly string[]>(values => {
  const each = values.map(value => {
    const [issuer, subject] = issuerAndSubject(value)
    return { and_ids: { ids: [{ metadata: claimText('iss', issuer) }, { metadata: claimText('sub', subject) }] } }
  })
  return each.length > 1 ? { or_ids: { ids: each } } : (each[0] ?? null)
})

const claimPrincipal = (claims: readonly string[]): All =>
  httpOnly<readonly string[]>(values => ({ metadata: claimTextOrList(claims, stringValues(values)) }))

/** `[a]` -> a. */
function inBrackets(text: string): string {
  if (!text.startsWith('[') || !text.endsWith(']')) throw new Unsupported(`expected [NAME], found ${text}`)
  return text.slice(1, -1)
}

/** `[a][b]` -> a, b. */
function nestedBrackets(text: string): string[] {
  const parts = /^(?:\[[^[\]]*\])+$/.test(text) ? text.slice(1, -1).split('][') : [inBrackets(text)]
  return parts
}

const envoyMetadata =
  (key: string): All =>
  values => {
    const trimmed = key.replace(/^experimental\./, '').replace(/\]$/, '')
    const at = trimmed.indexOf('[')
    if (at < 0) throw new Unsupported(`invalid key ${key}`)
    const matchers = values.map(value =>
      value.startsWith('[') && value.endsWith(']')
        ? { list_match: { one_of: { string_match: stringPattern(value.slice(1, -1)) } } }
        : { string_match: stringPattern(value) },
    )
    return { metadata: filterMetadata(trimmed.slice(0, at), trimmed.slice(at + 1), anyValue(matchers)) }
  }

const address =
  (field: string): Each =>
  value => ({ [field]: cidrRange(value) })

const destinationPort: Each = value => {
  const port = Number(value)
  if (!/^\d+$/.test(value) || port > 65535) throw new Unsupported(`invalid port ${value}`)
  return { destination_port: port }
}

const requestHeader = (key: string): Each =>
  single(httpOnly<string>(value => ({ header: headerPattern(inBrackets(key.slice('request.headers'.length)), value) })))

interface Sides {
  permissions: Condition[]
  principals: Condition[]
}

/** Conditions of `when`; null for an attribute that nobody knows (the whole rule is then left out). */
function whenConditions(rule: Rule): Sides | null {
  const sides: Sides = { permissions: [], principals: [] }
  for (const { key, values = [], notValues = [] } of rule.when ?? []) {
    const make = (rest: Pick<Condition, 'each' | 'all'>): Condition => ({ key, values, notValues, ...rest })
    let side: Condition[] = sides.principals
    let condition: Condition
    if (key === 'destination.ip') condition = make({ each: address('destination_ip') })
    else if (key === 'destination.port') condition = make({ each: destinationPort })
    else if (key === 'connection.sni') {
      condition = make({ each: value => ({ requested_server_name: stringPattern(value) }) })
    } else if (key.startsWith('experimental.envoy.filters.')) condition = make({ all: envoyMetadata(key) })
    else if (key === 'source.ip') condition = make({ each: address('direct_remote_ip') })
    else if (key === 'remote.ip') condition = make({ each: address('remote_ip') })
    else if (key === 'source.namespace') condition = make({ each: namespacePrincipal })
    else if (key === 'source.trustDomain') condition = make({ each: trustDomainPrincipal })
    else if (key === 'source.serviceAccount') condition = make({ each: accountPrincipal })
    else if (key === 'source.principal') condition = make({ each: principalName })
    else if (key === 'request.auth.principal') condition = make({ all: requestPrincipals })
    else if (key === 'request.auth.audiences') condition = make({ all: claimPrincipal(['aud']) })
    else if (key === 'request.auth.presenter') condition = make({ all: claimPrincipal(['azp']) })
    else if (key.startsWith('request.headers')) condition = make({ each: requestHeader(key) })
    else if (key.startsWith('request.auth.claims')) {
      const claims = key.slice('request.auth.claims'.length)
      condition = make({
        all: httpOnly<readonly string[]>(list => ({
          metadata: claimTextOrList(nestedBrackets(claims), stringValues(list)),
        })),
      })
    } else return null
    if (key.startsWith('destination.') || key === 'connection.sni' || key.startsWith('experimental.')) {
      side = sides.permissions
    }
    if (values.length > 0 || notValues.length > 0) side.push(condition)
  }
  return sides
}

type Source = NonNullable<NonNullable<Rule['from']>[number]['source']>
type Operation = NonNullable<NonNullable<Rule['to']>[number]['operation']>

const given = (conditions: Condition[]): Condition[] =>
  conditions.filter(({ values, notValues }) => values.length > 0 || notValues.length > 0)

const condition = (
  key: string,
  values: string[] | undefined,
  notValues: string[] | undefined,
  rest: Pick<Condition, 'each' | 'all'>,
): Condition => ({ key, values: values ?? [], notValues: notValues ?? [], ...rest })

const sourceConditions = (source: Source): Condition[] =>
  given([
    condition('source.principal', source.principals, source.notPrincipals, { each: principalName }),
    condition('request.auth.principal', source.requestPrincipals, source.notRequestPrincipals, {
      all: requestPrincipals,
    }),
    condition('source.serviceAccount', source.serviceAccounts, source.notServiceAccounts, { each: accountPrincipal }),
    condition('source.trustDomain', source.trustDomains, source.notTrustDomains, { each: trustDomainPrincipal }),
    condition('source.namespace', source.namespaces, source.notNamespaces, { each: namespacePrincipal }),
    condition('remote.ip', source.remoteIpBlocks, source.notRemoteIpBlocks, { each: address('remote_ip') }),
    condition('source.ip', source.ipBlocks, source.notIpBlocks, { each: address('direct_remote_ip') }),
  ])

const operationConditions = (operation: Operation): Condition[] =>
  given([
    condition('host', operation.hosts, operation.notHosts, {
      each: single(httpOnly<string>(value => ({ header: headerPattern(':authority', value, true) }))),
    }),
    condition('method', operation.methods, operation.notMethods, {
      each: single(httpOnly<string>(value => ({ header: headerPattern(':method', value) }))),
    }),
    condition('path', operation.paths, operation.notPaths, { each: single(httpOnly<string>(pathPermission)) }),
    condition('destination.port', operation.ports, operation.notPorts, { each: destinationPort }),
  ])

function migrate(conditions: readonly Condition[], domains: readonly string[]): void {
  for (const one of conditions) {
    const change =
      one.key === 'source.principal' ? withAliases : one.key === 'source.trustDomain' ? expandedDomains : null
    if (!change) continue
    if (one.values.length > 0) one.values = change(one.values, domains)
    if (one.notValues.length > 0) one.notValues = change(one.notValues, domains)
  }
}

interface Words {
  and: (list: JsonObject[]) => JsonObject
  or: (list: JsonObject[]) => JsonObject
  not: (one: JsonObject) => JsonObject
}

const PERMISSION: Words = {
  and: rules => ({ and_rules: { rules } }),
  or: rules => ({ or_rules: { rules } }),
  not: rule => ({ not_rule: rule }),
}

const PRINCIPAL: Words = {
  and: ids => ({ and_ids: { ids } }),
  or: ids => ({ or_ids: { ids } }),
  not: id => ({ not_id: id }),
}

/** Matcher of the values, or null when nothing is left of them. */
function valuesMatcher(
  one: Condition,
  values: readonly string[],
  words: Words,
  context: RuleContext,
): JsonObject | null {
  const attempt = (make: () => JsonObject | null): JsonObject | null => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof Unsupported) || context.allow) throw error
      return null
    }
  }
  if (values.length === 0) return null
  const { all, each } = one
  if (all) return attempt(() => all(values, context))
  const matchers: JsonObject[] = []
  for (const value of values) {
    const matcher = each ? attempt(() => each(value, context)) : null
    if (matcher) matchers.push(matcher)
  }
  return matchers.length > 0 ? words.or(matchers) : null
}

function conjunction(conditions: readonly Condition[], words: Words, context: RuleContext): JsonObject {
  const all: JsonObject[] = []
  for (const one of conditions) {
    const positive = valuesMatcher(one, one.values, words, context)
    if (positive) all.push(positive)
    const negative = valuesMatcher(one, one.notValues, words, context)
    if (negative) all.push(words.not(negative))
  }
  return words.and(all.length > 0 ? all : [{ any: true }])
}

/** RBAC policy of the rule; null when it is left out. */
export function rulePolicy(rule: Rule, context: RuleContext): JsonObject | null {
  const base = whenConditions(rule)
  if (!base) return null
  const principals = (rule.from ?? []).map(({ source }) => [
    ...(source ? sourceConditions(source) : []),
    ...base.principals,
  ])
  const permissions = (rule.to ?? []).map(({ operation }) => [
    ...(operation ? operationConditions(operation) : []),
    ...base.permissions,
  ])
  if (principals.length === 0) principals.push(base.principals)
  if (permissions.length === 0) permissions.push(base.permissions)
  for (const list of principals) migrate(list, context.trustDomains)
  try {
    return {
      permissions: permissions.map(list => conjunction(list, PERMISSION, context)),
      principals: principals.map(list => conjunction(list, PRINCIPAL, context)),
    }
  } catch (error) {
    if (error instanceof Unsupported) return null
    throw error
  }
}

/** A policy without rules: it matches nothing. */
export const matchesNever = (): JsonObject => ({
  permissions: [{ not_rule: { any: true } }],
  principals: [{ not_id: { any: true } }],
})
