// What istiod sends to one proxy over delta xDS, and what it must know of that proxy to decide it.
import type { XdsType } from '../../xds/protocol.ts'

export type { XdsType }

/** One discovery response to be: names that are sent whole and names that are removed, each sorted. */
export interface ResponsePlan {
  type: XdsType
  updated: string[]
  removed: string[]
}

/**
 * A changed piece of configuration. Services of every origin have kind 'ServiceEntry' and the host name as name;
 * 'Endpoints' likewise, for changes that EDS alone carries (pilot/pkg/model ConfigKey).
 */
export interface ConfigKey {
  kind: string
  name: string
  namespace: string
}

/** What a proxy has subscribed to by name; CDS and LDS are wildcards, their sets hold what was sent. */
export interface Subscriptions {
  CDS: Set<string>
  EDS: Set<string>
  LDS: Set<string>
  RDS: Set<string>
}
