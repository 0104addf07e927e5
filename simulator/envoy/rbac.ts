// Role based access control (envoy: source/extensions/filters/common/rbac/{matchers,engine_impl}.cc): policies are
// unordered in effect; one matches when any of its permissions and any of its principals do.
import type { HttpRequest } from '../wire/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { barePath } from './http/path.ts'
import { list, number, object, text } from './json.ts'
import { compileCidr, compileHeader, compileString } from './matchers.ts'
import type { Downstream } from './proxy.ts'
import { compileMetadata, compilePathTemplate, type Metadata } from './value-matcher.ts'

/** What a rule may look at. Without a request (TCP) only facts of the connection hold. */
export interface RbacSubject {
  request: HttpRequest | null
  down: Downstream
  /** The trusted client address. */
  remoteIp: string
  metadata: Metadata
}

type Test = (subject: RbacSubject) => boolean

/** One permission or principal. */
export function compileRule(config: unknown): Test {
  const rule = object(config)
  if (rule.any === true) return () => true
  const all = rule.and_rules ?? rule.and_ids
  if (all) {
    const tests = list(object(all).rules ?? object(all).ids).map(compileRule)
    return subject => tests.every(test => test(subject))
  }
  const any = rule.or_rules ?? rule.or_ids
  if (any) {
    const tests = list(object(any).rules ?? object(any).ids).map(compileRule)
    return subject => tests.some(test => test(subject))
  }
  const not = rule.not_rule ?? rule.not_id
  if (not) {
    const test = compileRule(not)
    return subject => !test(subject)
  }
  return compileHttp(rule) ?? compileConnection(rule) ?? (() => false)
}

function compileHttp(rule: JsonObject): Test | null {
  if (rule.header) {
    const test = compileHeader(rule.header)
    return ({ request: q }) => q !== null && test(q.headers, q.authority, q.path, q.method)
  }
  if (rule.url_path) {
    const test = compileString(object(rule.url_path).path)
    return ({ request }) => request !== null && test(barePath(request.path))
  }
  if (rule.uri_template) {
    const test = compilePathTemplate(text(object(object(rule.uri_template).typed_config).path_template))
    return ({ request }) => request !== null && test(barePath(request.path))
  }
  if (rule.metadata || rule.sourced_metadata) {
    const test = compileMetadata(rule.metadata ?? object(rule.sourced_metadata).metadata_matcher)
    return ({ metadata }) => test(metadata)
  }
  return null
}

function compileConnection(rule: JsonObject): Test | null {
  if (rule.destination_port !== undefined) {
    const port = number(rule.destination_port)
    return ({ down }) => down.port === port
  }
  if (rule.destination_port_range) {
    const { start, end } = object(rule.destination_port_range)
    return ({ down }) => down.port >= number(start) && down.port < number(end)
  }
  if (rule.destination_ip) {
    const test = compileCidr(rule.destination_ip)
    return ({ down }) => test(down.ip)
  }
  const peer = rule.direct_remote_ip ?? rule.source_ip
  if (peer) {
    const test = compileCidr(peer)
    return ({ down }) => test(down.sourceIp)
  }
  if (rule.remote_ip) {
    const test = compileCidr(rule.remote_ip)
    return ({ remoteIp }) => test(remoteIp)
  }
  if (rule.requested_server_name) {
    const test = compileString(rule.requested_server_name)
    return ({ down }) => test(down.sni)
  }
  if (rule.authenticated) {
    const name = object(rule.authenticated).principal_name
    const test = name ? compileString(name) : () => true
    return ({ down }) => down.peer !== '' && test(down.peer)
  }
  if (rule.filter_state) {
    const state = object(rule.filter_state)
    const test = compileString(state.string_match)
    return ({ down }) => down.peer !== '' && text(state.key) === 'io.istio.peer_principal' && test(down.peer)
  }
  return null
}

/** One set of rules with its action. */
export interface RbacEngine {
  action: string
  /** Name of the first policy that matches, in order of names; null without one. */
  match(subject: RbacSubject): string | null
}

/** Null when there are no rules: then the filter does nothing. */
export function compileEngine(config: unknown): RbacEngine | null {
  if (config === undefined || config === null) return null
  const rules = object(config)
  const policies = Object.keys(object(rules.policies))
    .sort((a, b) => (a < b ? -1 : 1))
    .map(name => {
      const policy = object(object(rules.policies)[name])
      return {
        name,
        permissions: list(policy.permissions).map(compileRule),
        principals: list(policy.principals).map(compileRule),
      }
    })
  return {
    action: text(rules.action, 'ALLOW'),
    match(subject) {
      for (const policy of policies) {
        const permitted = policy.permissions.some(test => test(subject))
        if (permitted && policy.principals.some(test => test(subject))) return policy.name
      }
      return null
    },
  }
}

/** Policy that denies (`none` when no ALLOW policy matched), null when the request passes. */
export function denies(engine: RbacEngine, hit: string | null): string | null {
  if (engine.action === 'DENY') return hit
  return engine.action === 'ALLOW' && hit === null ? 'none' : null
}
