// What istiod sends to one proxy over delta xDS, and what it must know of that proxy to decide it.
import type { ProxyNode } from '../../registry/types.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'

export type XdsType = 'CDS' | 'EDS' | 'LDS' | 'RDS'

/** One discovery response: names that were sent whole and names that were removed, each sorted. */
export interface DiscoveryResponse {
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

/** One proxy at one moment: its configuration and what that depends on. */
export interface ProxyView {
  node: ProxyNode
  configuration: ProxyConfiguration
  /** Host names of the services in scope -> their namespace. */
  hosts: ReadonlyMap<string, string>
  /** `kind namespace/name` of VirtualServices and Sidecars that take part. */
  dependencies: ReadonlySet<string>
  /** Host name -> `namespace/name` of the DestinationRules that are merged for it. */
  destinationRules: ReadonlyMap<string, readonly string[]>
}

/** What a proxy has subscribed to by name; CDS and LDS are wildcards, their sets hold what was sent. */
export interface Subscriptions {
  CDS: Set<string>
  EDS: Set<string>
  LDS: Set<string>
  RDS: Set<string>
}
