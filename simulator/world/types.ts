// The vocabulary of the world: what a mesh is made of and what it takes to start one. Load generators, applications and
// the scenario runner import their types from here.
import type { DistributionSpec } from '../engine/index.ts'
import type { Proxy as Envoy } from '../envoy/index.ts'
import type { Recorder } from '../observation/types.ts'
import type { MeshConfig, ProxyNode, Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import type { Acceptor, Network } from '../wire/types.ts'

/** Times of the network. One way, per message. */
export interface NetworkSpec {
  /** Between two pods, or a pod and the outside. Default: constant 250 µs. */
  betweenPods?: DistributionSpec
  /** Between an application and its own sidecar. Default: constant 20 µs. */
  toSidecar?: DistributionSpec
  /** How long a dial to an address that nobody has hangs before it fails as `unreachable`, µs. Default 127 s (Linux). */
  unreachableAfter?: number
}

/** istiod, and how it reaches its proxies. */
export interface PushSpec {
  /** Between istiod and a proxy, one way, per message. Default: constant 1 ms. */
  delay?: DistributionSpec
  /** Quiet time after the last change before istiod pushes, µs. Default 100 000. */
  debounceAfter?: number
  /** Longest time that a stream of changes can hold a push back, µs. Default 10 000 000. */
  debounceMax?: number
  /** Replicas of istiod. Default 1. */
  replicas?: number
  /** Cores of each replica. Default 2. */
  cores?: number
  /** Pushes at once for each replica; 0 (default): by the number of cores. */
  throttle?: number
  /** How long a proxy's stream lives before istiod ends it and the proxy comes again, µs; 0: for ever. Default half an hour. */
  maxConnectionAge?: number
  /** From the start of a replica until it answers, µs. Default 5 000 000. */
  startUp?: number
}

/** A host outside the cluster: no pod, reached by its names. */
export interface ExternalHost {
  name: string
  ip: string
  /** DNS names of the host. */
  hosts: readonly string[]
}

export interface WorldOptions {
  seed: string
  resources: readonly Resource[]
  meshConfig?: MeshConfig
  /** Reads the mesh's settings anew when an object that holds them changes during the run; absent: they stay. */
  meshConfigOf?: (resources: readonly Resource[]) => MeshConfig
  /** Explicit pods; when absent they are expanded from the documents. */
  workloads?: readonly Workload[]
  /** `name.namespace` -> ClusterIP, where a Service does not say. */
  clusterIps?: ReadonlyMap<string, string>
  /** istiod's environment variables that differ from the default. */
  featureFlags?: Readonly<Record<string, string>>
  recorder: Recorder
  network?: NetworkSpec
  push?: PushSpec
  /** Time that a proxy takes for one message, beside the network. */
  proxyDelay?: DistributionSpec
  /** Do the proxies count Istio's and Envoy's metrics? Default false: it costs time. */
  metrics?: boolean
  /** Seconds since 1970 at virtual time 0: what times in tokens are compared with. */
  epochSeconds?: number
  /** Without any word about injection in the documents: do pods get a sidecar? Default true. */
  injectByDefault?: boolean
  /** More names that clients know: name -> address or another name. */
  dns?: ReadonlyMap<string, string>
  externalHosts?: readonly ExternalHost[]
  /** Names of annotations per `name.namespace` of an explicit workload (excluded ports). */
  annotations?: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** One pod of the mesh, or one machine outside of it. */
export interface Pod {
  /** `name.namespace`; for a machine outside: its bare name. */
  readonly id: string
  readonly workload: Workload
  readonly ip: string
  readonly annotations: Readonly<Record<string, string>>
  /** Its Envoy: a sidecar's or a gateway's; null without one. */
  readonly proxy: Envoy | null
  /** What its proxy told istiod of itself; null without one. */
  readonly node: ProxyNode | null
  /** What the application in the pod sees of the network. */
  readonly network: Network
  /** Lets the application accept connections at a port. */
  listen(port: number, acceptor: Acceptor): void
  unlisten(port: number): void
}

/** A change of the cluster's objects. */
export interface ResourceChange {
  upsert?: readonly Resource[]
  remove?: readonly { kind: string; name: string; namespace: string }[]
}

/** A change of one running pod. A pod that is not ready leaves the endpoints; a killed one also drops its connections. */
export interface WorkloadChange {
  id: string
  ready?: boolean
  /** Marked for deletion: it leaves the endpoints for good. */
  terminating?: boolean
  /** Gone: its address answers nobody and its connections are reset. */
  killed?: boolean
}
