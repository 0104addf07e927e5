// RBAC in the HTTP chain (source/extensions/filters/http/rbac/rbac_filter.cc): shadow rules leave their verdict in the
// stream's metadata, where ext_authz and dry-run look; rules answer 403. A denial sets details and no flag.
import type { JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { text } from '../../json.ts'
import { compileEngine, denies, type RbacEngine } from '../../rbac.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

const METADATA = 'envoy.filters.http.rbac'

export class RbacFilter implements HttpFilter {
  readonly name: string
  private readonly rules: RbacEngine | null
  private readonly shadow: RbacEngine | null
  private readonly prefix: string

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.rules = compileEngine(config.rules)
    this.shadow = compileEngine(config.shadow_rules)
    this.prefix = text(config.shadow_rules_stat_prefix)
  }

  onRequest(stream: HttpStream): FilterStatus {
    const subject = stream.rbacSubject()
    if (this.shadow !== null) {
      const hit = this.shadow.match(subject)
      const allowed = denies(this.shadow, hit) === null
      stream.addMetadata(METADATA, {
        [`${this.prefix}shadow_engine_result`]: allowed ? 'allowed' : 'denied',
        ...(hit === null ? {} : { [`${this.prefix}shadow_effective_policy_id`]: hit }),
      })
    }
    if (this.rules === null) return 'continue'
    const hit = this.rules.match(subject)
    if (this.rules.action === 'LOG') {
      stream.addMetadata('envoy.common', { access_log_hint: hit !== null })
      return 'continue'
    }
    const denied = denies(this.rules, hit)
    if (denied === null) {
      if (stream.trail !== null) {
        const { action } = this.rules
        stream.note('filter', this.name, hit === null ? `no ${action} policy matches` : `${action} by ${hit}`)
      }
      return 'continue'
    }
    stream.note('filter', this.name, denied === 'none' ? 'denied: no ALLOW policy matches' : `denied by ${denied}`)
    stream.localReply({
      status: 403,
      body: 'RBAC: access denied',
      flag: '',
      details: `rbac_access_denied_matched_policy[${denied}]`,
    })
    return 'stop'
  }
}
