// RBAC on connections (source/extensions/filters/network/rbac/rbac_filter.cc).
import type { JsonObject } from '../../../xds/types.ts'
import { text } from '../../json.ts'
import { RbacRules } from '../../rbac-rules.ts'
import type { CounterOf } from '../../stats.ts'
import type { FilterStatus } from '../http/filter.ts'
import type { NetworkFilter, NetworkSession } from './filter.ts'

const METADATA = 'envoy.filters.network.rbac'

export class NetworkRbac implements NetworkFilter {
  private readonly rules: RbacRules

  constructor(config: JsonObject, counter: CounterOf) {
    this.rules = new RbacRules(config, name => counter(`${text(config.stat_prefix)}rbac.${name}`))
  }

  onFirstData(session: NetworkSession): FilterStatus {
    const { core, down, metadata } = session
    const subject = { request: null, down, remoteIp: down.sourceIp, metadata }
    const decision = this.rules.decide(subject, core.options)
    if (decision.shadow !== null) session.addMetadata(METADATA, decision.shadow)
    if (decision.log !== null) session.addMetadata('envoy.common', { access_log_hint: decision.log })
    if (decision.denied === null) return 'continue'
    session.refuse('', `rbac_access_denied_matched_policy[${decision.denied}]`)
    return 'stop'
  }
}
