// Rules and shadow rules of one RBAC filter, on requests and connections alike: the decision, its counters, its log line.
// Shadow rules only tell: where ext_authz looks, and what a dry run would have done.
import type { PolicyRecord } from '../observation/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { text } from './json.ts'
import type { ProxyOptions } from './options.ts'
import { compileEngine, denies, type RbacEngine, type RbacSubject } from './rbac.ts'
import type { Counter, CounterOf } from './stats.ts'

export interface Decision {
  /** Policy that denies (`none`: no ALLOW policy matched); null: it passes. */
  denied: string | null
  /** What AUDIT rules say; null without any. */
  log: boolean | null
  /** For the dynamic metadata; null without shadow rules. */
  shadow: JsonObject | null
  /** What the enforced rules are for, and the policy of them that matched; '' without any. */
  action: RbacEngine['action'] | ''
  hit: string | null
}

interface Side {
  engine: RbacEngine
  mode: PolicyRecord['mode']
  allowed: Counter
  denied: Counter
}

const PASSES: Decision = { denied: null, log: null, shadow: null, action: '', hit: null }

export class RbacRules {
  private readonly enforced: Side | null
  private readonly shadow: Side | null
  private readonly prefix: string

  /** `counter`: by the name behind `rbac.`. */
  constructor(config: JsonObject, counter: CounterOf) {
    this.prefix = text(config.shadow_rules_stat_prefix)
    this.enforced = side(compileEngine(config.rules), 'enforced', text(config.rules_stat_prefix), counter)
    this.shadow = side(compileEngine(config.shadow_rules), 'shadow', this.prefix, counter)
  }

  decide(subject: RbacSubject, options: ProxyOptions): Decision {
    const shadow = this.shadow === null ? null : this.told(this.shadow, subject, options)
    if (this.enforced === null) return shadow === null ? PASSES : { ...PASSES, shadow }
    const { engine } = this.enforced
    const hit = engine.match(subject)
    if (engine.action === 'LOG') return { ...PASSES, shadow, log: hit !== null }
    const denied = denies(engine, hit)
    note(this.enforced, hit, denied === null, subject, options)
    return { denied, log: null, shadow, action: engine.action, hit }
  }

  private told(side: Side, subject: RbacSubject, options: ProxyOptions): JsonObject {
    const hit = side.engine.match(subject)
    const allowed = denies(side.engine, hit) === null
    note(side, hit, allowed, subject, options)
    return {
      [`${this.prefix}shadow_engine_result`]: allowed ? 'allowed' : 'denied',
      ...(hit === null ? {} : { [`${this.prefix}shadow_effective_policy_id`]: hit }),
    }
  }
}

/** For the trail; '' where no rules are enforced. */
export function inWords({ denied, action, hit }: Decision): string {
  if (denied !== null) return denied === 'none' ? 'denied: no ALLOW policy matches' : `denied by ${denied}`
  if (action === '') return ''
  return hit === null ? `no ${action} policy matches` : `${action} by ${hit}`
}

function side(engine: RbacEngine | null, mode: Side['mode'], prefix: string, counter: CounterOf): Side | null {
  if (engine === null) return null
  const word = mode === 'shadow' ? 'shadow_' : ''
  return { engine, mode, allowed: counter(`${prefix}${word}allowed`), denied: counter(`${prefix}${word}denied`) }
}

function note(side: Side, hit: string | null, allowed: boolean, { down, request }: RbacSubject, options: ProxyOptions) {
  if (allowed) side.allowed.value++
  else side.denied.value++
  const { recorder, scheduler, id } = options
  if (!recorder.wants('policy')) return
  const policy = hit ?? 'none'
  recorder.record({
    kind: 'policy',
    at: scheduler.now,
    proxy: id,
    traceId: request?.traceId ?? 0,
    mode: side.mode,
    action: side.engine.action,
    allowed,
    policy,
    peer: down.peer,
    line: `${side.mode} ${allowed ? 'allowed' : 'denied'}, matched policy ${policy}`,
  })
}
