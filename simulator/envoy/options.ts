// What a proxy is given by whoever builds it.
import type { RandomTree, Scheduler } from '../engine/types.ts'
import type { Recorder } from '../observation/types.ts'
import type { CertificateIdentity, Network } from '../wire/types.ts'

export interface ProxyOptions {
  scheduler: Scheduler
  random: RandomTree
  recorder: Recorder
  network: Network
  /** `name.namespace`. */
  id: string
  pod: string
  ip: string
  type: 'sidecar' | 'router'
  /** The workload's own certificate, null before one was issued. */
  certificate: () => CertificateIdentity | null
  /** Names of the roots of the mesh. */
  trustRoots: () => string[]
  nextSpan: () => number
  /** Certificate of a gateway credential. */
  secret: (name: string) => CertificateIdentity | null
  /** Addresses of a DNS name, for STRICT_DNS and LOGICAL_DNS clusters. */
  resolve?: (host: string) => string[]
  /** The proxy's own time per request, in microseconds; absent = none. */
  proxyDelay?: () => number
  /** Seconds since 1970 at virtual time 0: what tokens' times are compared with. */
  epochSeconds?: number
}
