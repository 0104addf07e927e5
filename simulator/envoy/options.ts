// What a proxy is given by whoever builds it.
import type { RandomTree, Scheduler } from '../engine/types.ts'
import type { Metrics } from '../observation/metrics.ts'
import type { Recorder } from '../observation/types.ts'
import type { CertificateIdentity, Network } from '../wire/types.ts'

/** A workload as its proxy names it to others (metadata exchange) and in metrics; '' = not said. */
export interface WorkloadMetadata {
  workload: string
  namespace: string
  canonicalName: string
  canonicalRevision: string
  app: string
  version: string
  cluster: string
}

export interface MetricsOptions {
  store: Metrics
  node: WorkloadMetadata
  /** What the proxy at an address tells of its workload; null: no proxy is there. */
  peerAt: (ip: string) => WorkloadMetadata | null
}

/** What the workload's clock shows, in virtual microseconds. */
export const clockOf = ({ scheduler, clockSkew }: ProxyOptions): number => scheduler.now + (clockSkew?.() ?? 0)

export interface ProxyOptions {
  scheduler: Scheduler
  random: RandomTree
  recorder: Recorder
  network: Network
  /** `name.namespace`. */
  id: string
  pod: string
  /** The node's cluster (`app.namespace`), as descriptors of rate limits name it. */
  serviceCluster?: string
  ip: string
  type: 'sidecar' | 'router'
  /** The workload's own certificate, null before one was issued. */
  certificate: () => CertificateIdentity | null
  /** Names of the roots of the mesh. */
  trustRoots: () => readonly string[]
  /** Microseconds by which the workload's clock is ahead; absent = it is right. */
  clockSkew?: () => number
  nextSpan: () => number
  /** Certificate of a gateway credential. */
  secret: (name: string) => CertificateIdentity | null
  /** Addresses of a DNS name, for STRICT_DNS and LOGICAL_DNS clusters. */
  resolve?: (host: string) => string[]
  /** The proxy's own time per request, in microseconds; absent = none. */
  proxyDelay?: () => number
  /** Counts Istio's and Envoy's metrics; absent = nobody asks for them, and nothing is spent on them. */
  metrics?: MetricsOptions
  /** Seconds since 1970 at virtual time 0: what tokens' times are compared with. */
  epochSeconds?: number
}
