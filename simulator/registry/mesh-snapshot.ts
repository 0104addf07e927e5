// The shape of istiod's view of the mesh at one moment (pilot/pkg/model/push_context.go): everything resolved, sorted
// and indexed, so that translation only reads. Built by buildMeshSnapshot; never changed afterwards.
import type {
  AuthorizationPolicy,
  ConnectionPoolSettings,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  HTTPRoute,
  IstioEgressListener,
  PeerAuthentication,
  RequestAuthentication,
  MeshConfig as ResourcesMeshConfig,
  Sidecar,
  Telemetry,
  VirtualService,
} from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import type { IstioEndpoint, ProxyNode, RegistryInput, Service, ServicePort } from './types.ts'

/** An Istio object with its envelope in the form that ordering and visibility need. */
export interface Config<Spec> {
  kind: string
  name: string
  namespace: string
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Seconds; objects without a timestamp are one second apart in order of arrival. */
  creationTime: number
  order: number
  spec: Spec
  resource: Resource
}

export type MutualTlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT'

/**
 * A VirtualService ready for routes: hosts and destinations are FQDNs, gateways are `mesh` or `namespace/name`,
 * delegates are merged in. `exportTo` is effective: `*`, `.`-resolved namespace names, or `~`.
 */
export interface VirtualServiceConfig extends Config<VirtualService> {
  spec: VirtualService & { hosts: string[]; gateways: string[]; http: HTTPRoute[] }
  exportTo: string[]
}

/** DestinationRules for one host that were merged; `names` are the `namespace/name` of those, first = whose envelope. */
export interface MergedDestinationRule extends Config<DestinationRule> {
  names: string[]
  exportTo: string[]
}

/** One egress listener of the effective Sidecar (the implicit catch-all has spec null). */
export interface EgressListener {
  spec: IstioEgressListener | null
  /** Imported services; where the listener has a port, their ports are narrowed to it. Sorted by age. */
  services: Service[]
  /** Aliases of an imported service by its hostname, where the listener does not import all of them. */
  aliases: ReadonlyMap<string, readonly string[]>
  /** VirtualServices of gateway `mesh` that apply to the imported hosts, in order of precedence. */
  virtualServices: VirtualServiceConfig[]
}

/** What a proxy sees (pilot/pkg/model/sidecar.go). */
export interface SidecarScope {
  /** Effective Sidecar, or null when the implicit one is in force. */
  sidecar: Config<Sidecar> | null
  egressListeners: EgressListener[]
  /** Union over the egress listeners and the destinations of their VirtualServices. */
  services: Service[]
  servicesByHostname: ReadonlyMap<string, Service>
  outboundTrafficPolicy: {
    mode: 'ALLOW_ANY' | 'REGISTRY_ONLY'
    egressProxy?: { host: string; subset?: string; port?: { number?: number } }
  }
  inboundConnectionPool: ConnectionPoolSettings | null
}

/** A service port one of whose endpoints is the proxy itself (pilot/pkg/model/service.go ServiceTarget). */
export interface ServiceTarget {
  service: Service
  port: ServicePort
  targetPort: number
}

/** Gateway whose servers this proxy realises; spec hosts keep their `namespace/` prefixes as written. */
export type GatewayConfig = Config<Gateway>

/** Policies for one workload, in istiod's order. */
export interface AuthorizationPolicies {
  custom: Config<AuthorizationPolicy>[]
  deny: Config<AuthorizationPolicy>[]
  allow: Config<AuthorizationPolicy>[]
  audit: Config<AuthorizationPolicy>[]
}

/** Effective PeerAuthentication of one workload: its mode, and the modes of single workload ports. */
export interface EffectiveMutualTls {
  mode: MutualTlsMode
  ports: ReadonlyMap<number, MutualTlsMode>
}

export interface MeshSnapshot {
  readonly input: RegistryInput
  readonly meshConfig: ResourcesMeshConfig
  /** `cluster.local`. */
  readonly domainSuffix: string
  /** istiod's environment variable `name`, or `fallback`. */
  flag(name: string, fallback: string): string
  flagOn(name: string, fallback: boolean): boolean

  /** All services, oldest first (creation time, then name, then namespace). */
  readonly services: readonly Service[]
  /** The definition of `hostname` in `namespace`. */
  service(hostname: string, namespace: string): Service | null
  /** Definitions of `hostname` in all namespaces, best first: Kubernetes before ServiceEntry, then oldest. */
  serviceDefinitions(hostname: string): readonly Service[]
  /** Is it exported to `namespace`? */
  serviceVisible(service: Service, namespace: string): boolean
  /** Endpoints of a port of a service, in istiod's order; not-ready ones included with healthy=false. */
  endpoints(service: Service, port: number): readonly IstioEndpoint[]
  /** Accounts of all endpoints (`spiffe://...`), sorted, plus subjectAltNames of a ServiceEntry. */
  serviceAccounts(service: Service): readonly string[]
  /** Services whose externalName (alias) is this hostname. */
  aliases(service: Service): readonly Service[]

  /** Services+ports that this proxy itself serves, oldest service first. */
  serviceTargets(proxy: ProxyNode): readonly ServiceTarget[]

  sidecarScope(proxy: ProxyNode): SidecarScope
  /** The rule for traffic from `proxy` to `service` (outbound: workloadSelector counts), or null. */
  destinationRuleFor(proxy: ProxyNode, service: Service): MergedDestinationRule | null
  /** The rule that the server's own namespace sees (inbound clusters). */
  inboundDestinationRule(proxy: ProxyNode, service: Service): MergedDestinationRule | null

  /** All VirtualServices, oldest first, after delegates. */
  readonly virtualServices: readonly VirtualServiceConfig[]
  /** VirtualServices of `gateway` (`mesh` or `namespace/name`) visible to the namespace: private, exported, public. */
  virtualServicesFor(namespace: string, gateway: string): readonly VirtualServiceConfig[]
  /** Gateways whose selector matches the proxy, oldest first. */
  gatewaysFor(proxy: ProxyNode): readonly GatewayConfig[]

  /** mTLS mode of mesh/namespace level alone: 'UNKNOWN' never happens here; default PERMISSIVE. */
  namespaceMutualTls(namespace: string): MutualTlsMode
  /** Effective mode and per-port modes of a workload. */
  mutualTls(namespace: string, labels: Readonly<Record<string, string>>): EffectiveMutualTls
  /** PeerAuthentications that apply to the workload, in order mesh, namespace, workload. */
  peerAuthentications(
    namespace: string,
    labels: Readonly<Record<string, string>>,
  ): readonly Config<PeerAuthentication>[]
  requestAuthentications(proxy: ProxyNode): readonly Config<RequestAuthentication>[]
  authorizationPolicies(proxy: ProxyNode): AuthorizationPolicies
  /** Applicable to the proxy: priority, root namespace first, age, name.namespace. */
  envoyFilters(proxy: ProxyNode): readonly Config<EnvoyFilter>[]
  /** Telemetry objects that apply to the proxy: root namespace, namespace, workload. */
  telemetries(proxy: ProxyNode): readonly Config<Telemetry>[]
}
