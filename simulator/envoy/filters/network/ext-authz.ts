// External authorization of connections (source/extensions/filters/network/ext_authz/ext_authz.cc): asked over gRPC when
// the first bytes come. An authorizer that cannot be asked refuses, unless failure_mode_allow says otherwise.
import type { JsonObject } from '../../../xds/types.ts'
import { AsyncRequest } from '../../http/async-client.ts'
import { duration, object, text } from '../../json.ts'
import { compileMetadata, type MetadataTest } from '../../value-matcher.ts'
import { checkCall, checkVerdict } from '../check.ts'
import type { FilterStatus } from '../http/filter.ts'
import type { NetworkFilter, NetworkSession } from './filter.ts'

const DEFAULT_TIMEOUT_US = 200_000

export class NetworkExtAuthz implements NetworkFilter {
  private readonly enabled: MetadataTest
  private readonly cluster: string
  private readonly authority: string
  private readonly timeout: number
  private readonly failOpen: boolean

  constructor(config: JsonObject) {
    this.enabled = config.filter_enabled_metadata ? compileMetadata(config.filter_enabled_metadata) : () => true
    const service = object(config.grpc_service)
    const { cluster_name: cluster, authority } = object(service.envoy_grpc)
    this.cluster = text(cluster)
    this.authority = text(authority, this.cluster)
    this.timeout = duration(service.timeout, DEFAULT_TIMEOUT_US)
    this.failOpen = config.failure_mode_allow === true
  }

  onFirstData(session: NetworkSession): FilterStatus {
    if (!this.enabled(session.metadata)) return 'continue'
    const call = checkCall(session.down, null, '', this.authority)
    const asked = new AsyncRequest(session.core, call, response => {
      const { kind } = checkVerdict(response)
      if (kind === 'ok' || (kind === 'error' && this.failOpen)) session.resume()
      else session.refuse('UAEX', kind === 'denied' ? 'ext_authz_denied' : 'ext_authz_error')
    })
    session.onDestroy(() => asked.cancel())
    asked.send(this.cluster, this.timeout)
    return 'stop'
  }
}
