// What istiod knows of the mesh at one moment: immutable, resolved, ready for translation. Names as in pilot/pkg/model.

import type { Protocol } from '../resources/protocol.ts'
import type { Resource } from '../resources/types.ts'

export type { Protocol }

export interface ServicePort {
  name: string
  port: number
  protocol: Protocol
  /** From the Kubernetes Service or ServiceEntry: number, name of a container port, or null = same as port. */
  targetPort: number | string | null
}

export type Resolution = 'ClientSideLB' | 'DNSLB' | 'DNSRoundRobinLB' | 'Passthrough' | 'Alias' | 'DynamicDNS'

export interface Service {
  hostname: string
  name: string
  namespace: string
  /** Cluster IPs or ServiceEntry addresses; [] or ['0.0.0.0'] semantics: empty = no VIP. */
  addresses: string[]
  /** Given by istiod to a ServiceEntry's host without any: IPv4, IPv6; only proxies that answer DNS themselves use them. */
  autoAllocated: readonly string[]
  ports: ServicePort[]
  resolution: Resolution
  meshExternal: boolean
  source: 'Kubernetes' | 'External'
  /** Sort key of age: seconds, then arrival order. */
  creationTime: number
  order: number
  exportTo: string[]
  labels: Record<string, string>
  selector: Record<string, string> | null
  serviceAccounts: string[]
  headless: boolean
  externalName: string | null
  publishNotReadyAddresses: boolean
  nodeLocal: boolean
  trafficDistribution: string
  resource: Resource
}

export interface Locality {
  region: string
  zone: string
  subzone: string
}

/** A running pod (or VM, or external host) as the registry sees it. */
export interface Workload {
  name: string
  namespace: string
  ip: string
  labels: Record<string, string>
  serviceAccount: string
  /** Named container ports. */
  containerPorts: { name: string; port: number; protocol: string }[]
  locality: Locality
  ready: boolean
  terminating: boolean
  /** Has an Envoy of its own (injected sidecar). */
  sidecar: boolean
  /** Is itself a router proxy (gateway). */
  gateway: boolean
  node: string
}

export interface IstioEndpoint {
  address: string
  /** Target port. 0 for unix domain sockets (address holds the path). */
  port: number
  servicePortName: string
  labels: Record<string, string>
  serviceAccount: string
  locality: Locality
  weight: number
  healthy: boolean
  /** ServiceEntries say nothing of health: such endpoints are sent without a status. */
  unknownHealth?: true
  terminating: boolean
  /** 'istio' | 'disabled' | ''. From label security.istio.io/tlsMode or sidecar. */
  tlsMode: string
  network: string
  hostname: string
  nodeName: string
  workloadName: string
  namespace: string
}

/** The proxy that is translated for. */
export interface ProxyNode {
  /** `name.namespace` */
  id: string
  type: 'sidecar' | 'router'
  namespace: string
  name: string
  labels: Record<string, string>
  ipAddresses: string[]
  serviceAccount: string
  locality: Locality
  dnsDomain: string
  metadata: Record<string, unknown>
  /** istiod's name of the Kubernetes cluster. */
  clusterId: string
  nodeName: string
}

/** MeshConfig in canonical JSON form (camelCase), merged over Istio's defaults. */
export type MeshConfig = Record<string, unknown> & {
  rootNamespace: string
  trustDomain: string
}

export interface RegistryInput {
  /** All resources, in order of arrival. */
  resources: readonly Resource[]
  meshConfig: MeshConfig
  /** Running pods (already expanded from Deployments by the world, or given by a conformance case). */
  workloads: readonly Workload[]
  /** Pods that have gone, the latest last: a service that has lost all its endpoints keeps the accounts that it had. */
  departed?: readonly Pick<Workload, 'namespace' | 'labels' | 'serviceAccount'>[]
  /** `name.namespace` of a Kubernetes Service -> its ClusterIP, where the Service does not say. */
  clusterIps: ReadonlyMap<string, string>
  /** What istiod's controller gave to hosts of ServiceEntries: `namespace/name/host` -> addresses. */
  entryIps?: ReadonlyMap<string, readonly string[]>
  /** Domain that short names in Istio's objects are completed with; '' = only the namespace. Default `cluster.local`. */
  configDomain?: string
  /** Key sets that istiod has fetched, see keySourceOf. */
  fetchedKeys?: ReadonlyMap<string, string>
  /** istiod's environment variables that differ from the default. */
  featureFlags: Readonly<Record<string, string>>
}
