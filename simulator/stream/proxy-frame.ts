// One proxy from the inside at one moment, as frames tell it. Plain values; times are virtual microseconds.

/** A counted resource of a circuit breaker; `limit` -1: no fixed number. */
export interface GaugeFrame {
  used: number
  limit: number
}

export interface HostFrame {
  /** `ip:port` */
  address: string
  pod: string
  node: string
  weight: number
  priority: number
  locality: string
  /** As EDS gave it. */
  health: string
  /** Requests under way. */
  active: number
  /** Connections open or being opened. */
  connections: number
  /** When it was ejected, and until when at the soonest; -1 = it is not. */
  ejectedAt: number
  ejectedUntil: number
}

export interface ClusterFrame {
  name: string
  type: string
  balancer: string
  tls: boolean
  /** Resource that shaped it: `file:line:column`, or ''. */
  source: string
  connections: GaugeFrame
  pending: GaugeFrame
  requests: GaugeFrame
  retries: GaugeFrame
  /** Requests until now, and those that a breaker turned away. */
  total: number
  overflow: number
  hosts: HostFrame[]
}

export interface ChainFrame {
  name: string
  /** What a connection must be, in words; '' = any. */
  match: string
  tls: boolean
  /** Network filters in order. */
  network: string[]
  /** HTTP filters in order; [] where no HTTP is read. */
  http: string[]
  /** Route table by name; '' without one. */
  routes: string
}

export interface ListenerFrame {
  name: string
  address: string
  direction: 'inbound' | 'outbound' | 'gateway'
  chains: ChainFrame[]
}

export interface RouteFrame {
  name: string
  /** Conditions in words; all must hold. */
  match: string[]
  /** Clusters with their share of 100; [] where it answers itself. */
  to: { cluster: string; share: number }[]
  /** `file:line:column` or ''. */
  source: string
}

export interface RouteTableFrame {
  name: string
  hosts: { name: string; domains: string[]; routes: RouteFrame[] }[]
}

export interface SyncFrame {
  type: 'CDS' | 'EDS' | 'LDS' | 'RDS'
  status: 'SYNCED' | 'NOT SENT' | 'STALE' | 'ERROR'
  /** Number of the push that it took last; 0 = what it began with. */
  version: number
  error: string
}

export interface ProxyState {
  kind: 'sidecar' | 'router'
  listeners: ListenerFrame[]
  routes: RouteTableFrame[]
  clusters: ClusterFrame[]
  sync: SyncFrame[]
  /** Replica of istiod that it hangs on; '' = none. */
  istiod: string
  /** istiod's own number: pushes so far. */
  pushes: number
  certificate: { name: string; issuer: string; notBefore: number; notAfter: number } | null
}

export interface ProxyFrame {
  type: 'proxy'
  pod: string
  /** Moment that it shows. */
  at: number
  /** Null: there was no such proxy then. */
  state: ProxyState | null
}
