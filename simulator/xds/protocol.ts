// The messages of delta xDS as far as both ends act on them (envoy/service/discovery/v3/discovery.proto,
// DeltaDiscoveryRequest and DeltaDiscoveryResponse). CDS and LDS are subscribed to as wildcards, EDS and RDS by name.
import type { Cluster, ClusterLoadAssignment, Listener, RouteConfiguration } from './types.ts'

export type XdsType = 'CDS' | 'EDS' | 'LDS' | 'RDS'

/** In the order in which istiod pushes them (pilot/pkg/xds/ads.go, PushOrder). */
export const XDS_TYPES: readonly XdsType[] = ['CDS', 'EDS', 'LDS', 'RDS']

export type XdsResource = Cluster | ClusterLoadAssignment | Listener | RouteConfiguration

export interface DeltaDiscoveryRequest {
  type: XdsType
  subscribe: readonly string[]
  unsubscribe: readonly string[]
  /** First request of its type on this stream: names that the proxy holds already. */
  initial: readonly string[] | null
  /** Nonce of the response that is answered; '' when the request is spontaneous. */
  nonce: string
  /** Why the response was rejected; '' = accepted. */
  error: string
}

export interface DeltaDiscoveryResponse {
  type: XdsType
  /** system_version_info: which push it belongs to. */
  version: string
  nonce: string
  resources: readonly XdsResource[]
  removed: readonly string[]
}

/** The name by which a resource is subscribed to. */
export function resourceName(resource: XdsResource): string {
  return 'cluster_name' in resource && typeof resource.cluster_name === 'string'
    ? resource.cluster_name
    : String(resource['name'])
}
