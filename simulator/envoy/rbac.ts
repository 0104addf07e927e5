// Role based access control at HTTP and TCP (envoy: source/extensions/filters/common/rbac/matchers.cc).
import type { HttpRequest } from '../wire/types.ts'
import { list, number, object, text } from './json.ts'
import { compileCidr, compileHeader, compileString } from './matchers.ts'
import type { Downstream } from './proxy.ts'
import { barePath } from './route.ts'

/** Name of the policy that denies (or `none`), null when allowed. Without a request only connection facts hold. */
export type RbacCheck = (request: HttpRequest | null, down: Downstream) => string | null
type Test = (request: HttpRequest | null, down: Downstream) => boolean

function rule(config: unknown): Test {
  const r = object(config)
  if (r.any === true) return () => true
  const and = r.and_rules ?? r.and_ids
  const or = r.or_rules ?? r.or_ids
  const not = r.not_rule ?? r.not_id
  if (and) {
    const all = list(object(and).rules ?? object(and).ids).map(rule)
    return (q, d) => all.every(t => t(q, d))
  }
  if (or) {
    const any = list(object(or).rules ?? object(or).ids).map(rule)
    return (q, d) => any.some(t => t(q, d))
  }
  if (not) {
    const inner = rule(not)
    return (q, d) => !inner(q, d)
  }
  if (r.header) {
    const test = compileHeader(r.header)
    return q => q !== null && test(q.headers, q.authority, q.path, q.method)
  }
  if (r.url_path) {
    const test = compileString(object(r.url_path).path)
    return q => q !== null && test(barePath(q.path))
  }
  if (r.destination_port !== undefined) return (_q, d) => d.port === number(r.destination_port)
  const to = r.destination_ip
  if (to) {
    const test = compileCidr(to)
    return (_q, d) => test(d.ip)
  }
  const from = r.direct_remote_ip ?? r.remote_ip ?? r.source_ip
  if (from) {
    const test = compileCidr(from)
    return (_q, d) => test(d.sourceIp)
  }
  if (r.requested_server_name) {
    const test = compileString(r.requested_server_name)
    return (_q, d) => test(d.sni)
  }
  if (r.authenticated) {
    const name = object(r.authenticated).principal_name
    const test = name ? compileString(name) : () => true
    return (_q, d) => d.peer !== '' && test(d.peer)
  }
  if (r.filter_state) {
    const state = object(r.filter_state)
    const test = compileString(state.string_match)
    return (_q, d) => d.peer !== '' && text(state.key) === 'io.istio.peer_principal' && test(d.peer)
  }
  return () => false
}

export function compileRbac(configs: unknown[]): RbacCheck {
  const engines = configs
    .map(object)
    .filter(c => text(c['@type']).endsWith('.RBAC') && c.rules)
    .map(c => {
      const rules = object(c.rules)
      const policies = Object.entries(object(rules.policies)).map(([name, p]) => ({
        name,
        permissions: list(object(p).permissions).map(rule),
        principals: list(object(p).principals).map(rule),
      }))
      return { action: text(rules.action, 'ALLOW'), policies }
    })
  return (request, down) => {
    for (const engine of engines) {
      const hit = engine.policies.find(
        p => p.permissions.some(t => t(request, down)) && p.principals.some(t => t(request, down)),
      )
      if (engine.action === 'DENY' && hit) return hit.name
      if (engine.action === 'ALLOW' && !hit) return 'none'
    }
    return null
  }
}
