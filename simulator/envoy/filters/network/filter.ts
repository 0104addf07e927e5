// The shape of a network filter that decides whether a connection's bytes may go on. An instance belongs to a filter chain
// and holds only what was compiled from it.
import type { JsonObject } from '../../../xds/types.ts'
import type { Downstream, ProxyCore } from '../../proxy.ts'
import type { FilterStatus } from '../http/filter.ts'

/** One connection, as its filters see it. */
export interface NetworkSession {
  readonly core: ProxyCore
  readonly down: Downstream
  readonly metadata: ReadonlyMap<string, JsonObject>
  addMetadata(filter: string, values: JsonObject): void
  /** A filter that stopped lets the bytes go on. */
  resume(): void
  /** Closes the connection; flag and details are what the access log says ('' = none). */
  refuse(flag: string, details: string): void
  /** Runs when the connection is over. */
  onDestroy(act: () => void): void
}

export interface NetworkFilter {
  /** Called once, when the first bytes come. stop: the filter will resume or has refused. */
  onFirstData(session: NetworkSession): FilterStatus
}
