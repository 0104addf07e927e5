// RBAC in the HTTP chain (source/extensions/filters/http/rbac/rbac_filter.cc): shadow rules leave their verdict in the
// stream's metadata, where ext_authz looks; rules answer 403. A denial sets details and no flag.
import type { JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { inWords, RbacRules } from '../../rbac-rules.ts'
import type { CounterOf } from '../../stats.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

const METADATA = 'envoy.filters.http.rbac'

export class RbacFilter implements HttpFilter {
  readonly name: string
  private readonly rules: RbacRules

  constructor(name: string, config: JsonObject, counter: CounterOf) {
    this.name = name
    this.rules = new RbacRules(config, stat => counter(`rbac.${stat}`))
  }

  onRequest(stream: HttpStream): FilterStatus {
    const decision = this.rules.decide(stream.rbacSubject(), stream.core.options)
    const { denied, log, shadow } = decision
    if (shadow !== null) stream.addMetadata(METADATA, shadow)
    if (log !== null) stream.addMetadata('envoy.common', { access_log_hint: log })
    if (stream.trail !== null && decision.action !== '') stream.note('filter', this.name, inWords(decision))
    if (denied === null) return 'continue'
    stream.localReply({
      status: 403,
      body: 'RBAC: access denied',
      flag: '',
      details: `rbac_access_denied_matched_policy[${denied}]`,
    })
    return 'stop'
  }
}
