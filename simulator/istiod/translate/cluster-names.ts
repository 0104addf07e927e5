// Names that clusters carry everywhere (pilot/pkg/model/context.go, pilot/pkg/networking/util/util.go).

/** `outbound|port|subset|host`. */
export const outboundClusterName = (port: number, subset: string, host: string): string =>
  `outbound|${port}|${subset}|${host}`

/** `inbound|port||`: the port of the workload. */
export const inboundClusterName = (port: number): string => `inbound|${port}||`

/** `outbound_.port_.subset_.host`: SNI of mutual TLS, and the names of SNI-DNAT clusters. */
export const sniName = (port: number, subset: string, host: string): string => `outbound_.${port}_.${subset}_.${host}`

export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster'
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster'
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster'
export const ALLOW_ANY_DYNAMIC_DNS_CLUSTER = 'AllowAnyDynamicDNSCluster'

/** Statistics prefixes end with a delimiter, so that names with dots stay one element. */
export const statsPrefix = (name: string): string => `${name};`

/** Name of the DNS cache that listener and cluster of a wildcard service share. */
export const dnsCacheName = (hostname: string): string => `${hostname}_dfp_dns_cache`
