// Builds the snapshot of the mesh: sorts, indexes and resolves once, so that translation of many proxies only reads
// (pilot/pkg/model/push_context.go).
import { convertGatewayApi, convertIngress } from '../gateway-api/index.ts'
import type {
  AuthorizationPolicy,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  PeerAuthentication,
  RequestAuthentication,
  MeshConfig as ResourcesMeshConfig,
  Sidecar,
  Telemetry,
  VirtualService,
} from '../resources/index.ts'
import { defaultMeshConfig } from '../resources/index.ts'
import { DestinationRuleIndex } from './destination-rules.ts'
import { EndpointIndex, targetPortOf } from './endpoints.ts'
import type { Config, MergedDestinationRule, MeshSnapshot, ServiceTarget, SidecarScope } from './mesh-snapshot.ts'
import { compareAge, compareText, DOMAIN_SUFFIX, subsetOf } from './names.ts'
import { authorizationFor, PeerAuthenticationIndex, policiesFor } from './policies.ts'
import { ServicePlaces } from './service-places.ts'
import { buildServices, creationTimeOf, resolveAliases } from './services.ts'
import { gatewayScope, type ScopeSource, sidecarScope } from './sidecar-scope.ts'
import type { IstioEndpoint, ProxyNode, RegistryInput, Service } from './types.ts'
import { effectiveExportTo, VirtualServiceIndex } from './virtual-services.ts'

const ISTIO_GROUPS: Readonly<Record<string, string>> = {
  VirtualService: 'networking.istio.io',
  DestinationRule: 'networking.istio.io',
  Gateway: 'networking.istio.io',
  Sidecar: 'networking.istio.io',
  EnvoyFilter: 'networking.istio.io',
  PeerAuthentication: 'security.istio.io',
  RequestAuthentication: 'security.istio.io',
  AuthorizationPolicy: 'security.istio.io',
  Telemetry: 'telemetry.istio.io',
}

/** Objects of one of Istio's kinds, oldest first. The loader has checked the shape of `spec`. */
function configs<Spec>(input: RegistryInput, kind: string): Config<Spec>[] {
  return input.resources
    .filter(r => r.kind === kind && r.apiVersion.startsWith(`${ISTIO_GROUPS[kind]}/`))
    .map(r => ({
      kind,
      name: r.metadata.name,
      namespace: r.metadata.namespace,
      labels: r.metadata.labels,
      annotations: r.metadata.annotations,
      creationTime: creationTimeOf(r),
      order: r.metadata.order,
      spec: r.spec as Spec,
      resource: r,
    }))
    .sort(compareAge)
}

class Snapshot implements MeshSnapshot {
  readonly input: RegistryInput
  readonly meshConfig: ResourcesMeshConfig
  readonly domainSuffix = DOMAIN_SUFFIX
  readonly services: readonly Service[]
  private readonly endpointIndex: EndpointIndex
  private readonly endpointCache = new Map<string, readonly IstioEndpoint[]>()
  private readonly byHost = new Map<string, Map<string, Service>>()
  private readonly aliasesByHost = new Map<string, Service[]>()
  private readonly exports = new Map<Service, readonly string[]>()
  private readonly rules: DestinationRuleIndex
  private readonly virtualServiceIndex: VirtualServiceIndex
  private readonly sidecarsByNamespace = new Map<string, Config<Sidecar>[]>()
  private readonly gateways: Config<Gateway>[]
  private readonly peers: PeerAuthenticationIndex
  private readonly requests: Config<RequestAuthentication>[]
  private readonly authorizations: Config<AuthorizationPolicy>[]
  private readonly filters: Config<EnvoyFilter>[]
  private readonly telemetry: Config<Telemetry>[]
  private readonly scopes = new Map<string, SidecarScope>()
  private readonly targets = new WeakMap<ProxyNode, ServiceTarget[]>()
  private places: ServicePlaces | null = null
  private readonly scopeSource: ScopeSource

  constructor(input: RegistryInput) {
    this.input = input
    this.meshConfig = { ...defaultMeshConfig(), ...input.meshConfig }
    const { rootNamespace } = this.meshConfig
    const domain = input.configDomain ?? DOMAIN_SUFFIX
    this.services = buildServices(input)
    this.endpointIndex = new EndpointIndex(input, this.services)
    for (const service of this.services) {
      this.exports.set(
        service,
        effectiveExportTo(service.exportTo, this.meshConfig.defaultServiceExportTo, service.namespace),
      )
      let definitions = this.byHost.get(service.hostname)
      if (!definitions) {
        definitions = new Map()
        this.byHost.set(service.hostname, definitions)
      }
      const existing = definitions.get(service.namespace)
      if (!existing || (existing.source !== 'Kubernetes' && service.source === 'Kubernetes')) {
        definitions.set(service.namespace, service)
      }
    }
    for (const [alias, hostname] of resolveAliases(this.services)) {
      const known = this.aliasesByHost.get(hostname)
      if (known) known.push(alias)
      else this.aliasesByHost.set(hostname, [alias])
    }
    for (const list of this.aliasesByHost.values()) {
      list.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.hostname, b.hostname))
    }
    this.virtualServiceIndex = new VirtualServiceIndex(
      configs<VirtualService>(input, 'VirtualService'),
      this.meshConfig.defaultVirtualServiceExportTo,
      domain,
    )
    this.rules = new DestinationRuleIndex(
      configs<DestinationRule>(input, 'DestinationRule'),
      rootNamespace,
      this.meshConfig.defaultDestinationRuleExportTo,
      this.flagOn('ENABLE_ENHANCED_DESTINATIONRULE_MERGE', true),
      domain,
    )
    for (const sidecar of configs<Sidecar>(input, 'Sidecar')) {
      const known = this.sidecarsByNamespace.get(sidecar.namespace)
      if (known === undefined) this.sidecarsByNamespace.set(sidecar.namespace, [sidecar])
      else known.push(sidecar)
    }
    this.gateways = configs<Gateway>(input, 'Gateway')
    this.peers = new PeerAuthenticationIndex(configs<PeerAuthentication>(input, 'PeerAuthentication'), rootNamespace)
    this.requests = configs<RequestAuthentication>(input, 'RequestAuthentication')
    this.authorizations = configs<AuthorizationPolicy>(input, 'AuthorizationPolicy')
    this.filters = configs<EnvoyFilter>(input, 'EnvoyFilter')
    this.telemetry = configs<Telemetry>(input, 'Telemetry')
    this.scopeSource = {
      servicesExportedTo: namespace => this.servicesExportedTo(namespace),
      serviceVisible: (service, namespace) => this.serviceVisible(service, namespace),
      definitions: hostname => this.byHost.get(hostname) ?? new Map(),
      virtualServicesFor: (namespace, gateway) => this.virtualServicesFor(namespace, gateway),
      defaultOutboundMode:
        this.meshConfig.outboundTrafficPolicy.mode === 'REGISTRY_ONLY' ? 'REGISTRY_ONLY' : 'ALLOW_ANY',
    }
  }

  withWorkloads(change: Pick<RegistryInput, 'workloads' | 'departed'>): Snapshot {
    const input = { ...this.input, ...change }
    return Object.assign(Object.create(Snapshot.prototype) as Snapshot, this, {
      input,
      endpointIndex: new EndpointIndex(input, this.services, this.endpointIndex),
      endpointCache: new Map(),
      targets: new WeakMap(),
      places: null,
    })
  }

  get virtualServices() {
    return this.virtualServiceIndex.all
  }

  flag(name: string, fallback: string): string {
    return this.input.featureFlags[name] ?? fallback
  }

  flagOn(name: string, fallback: boolean): boolean {
    const value = this.input.featureFlags[name]
    return value === undefined ? fallback : value.toLowerCase() === 'true' || value === '1'
  }

  service(hostname: string, namespace: string): Service | null {
    return this.byHost.get(hostname)?.get(namespace) ?? null
  }

  serviceDefinitions(hostname: string): readonly Service[] {
    const rank = (service: Service): number => (service.source === 'Kubernetes' ? 0 : 1)
    return [...(this.byHost.get(hostname)?.values() ?? [])].sort((a, b) => rank(a) - rank(b) || compareAge(a, b))
  }

  serviceVisible(service: Service, namespace: string): boolean {
    const exportTo =
      this.exports.get(service) ??
      effectiveExportTo(service.exportTo, this.meshConfig.defaultServiceExportTo, service.namespace)
    return exportTo.includes('*') || (!exportTo.includes('~') && exportTo.includes(namespace))
  }

  /** Private and explicitly exported ones first, then public ones. */
  private servicesExportedTo(namespace: string): Service[] {
    const near: Service[] = []
    const shared: Service[] = []
    for (const service of this.services) {
      const exportTo = this.exports.get(service) ?? []
      if (exportTo.includes('*')) shared.push(service)
      else if (!exportTo.includes('~') && exportTo.includes(namespace)) near.push(service)
    }
    return [...near, ...shared]
  }

  endpoints(service: Service, port: number): readonly IstioEndpoint[] {
    const key = `${service.namespace}/${service.hostname}/${port}`
    let found = this.endpointCache.get(key)
    if (!found) {
      found = this.endpointIndex.endpoints(service, port)
      this.endpointCache.set(key, found)
    }
    return found
  }

  serviceAccounts(service: Service): readonly string[] {
    const accounts = new Set([...this.endpointIndex.serviceAccounts(service), ...service.serviceAccounts])
    const { trustDomain, trustDomainAliases = [] } = this.meshConfig
    const domains = [...new Set([trustDomain, ...trustDomainAliases])]
    // an account of any of our trust domains may come with each of them (spiffe.ExpandWithTrustDomains)
    for (const account of [...accounts]) {
      const [, domain, rest] = /^spiffe:\/\/([^/]+)\/(.*)$/.exec(account) ?? []
      if (trustDomainAliases.length === 0 || domain === undefined) continue
      for (const other of domains) accounts.add(`spiffe://${other}/${rest}`)
    }
    return [...accounts].sort(compareText)
  }

  aliases(service: Service): readonly Service[] {
    return this.aliasesByHost.get(service.hostname) ?? []
  }

  serviceTargets(proxy: ProxyNode): readonly ServiceTarget[] {
    let targets = this.targets.get(proxy)
    if (targets === undefined) {
      targets = this.findTargets(proxy)
      this.targets.set(proxy, targets)
    }
    return targets
  }

  private findTargets(proxy: ProxyNode): ServiceTarget[] {
    const targets: ServiceTarget[] = []
    // the namespace that the proxy says of itself; configuration may be that of another one
    const own = typeof proxy.metadata['NAMESPACE'] === 'string' ? proxy.metadata['NAMESPACE'] : proxy.namespace
    this.places ??= new ServicePlaces(this)
    const workload = this.places.workload(own, proxy.ipAddresses)
    for (const service of this.places.candidates(own, proxy.ipAddresses)) {
      if (service.resolution === 'Alias') continue
      const selected =
        service.source === 'Kubernetes' &&
        service.selector !== null &&
        service.namespace === own &&
        workload !== null &&
        subsetOf(service.selector, workload.labels)
      for (const port of service.ports) {
        const served = this.endpoints(service, port.port).filter(
          e => proxy.ipAddresses.includes(e.address) && e.namespace === own,
        )
        const numbers = new Set(served.map(e => e.port))
        if (selected) {
          const number = targetPortOf(port, workload)
          if (number !== null) numbers.add(number)
        }
        for (const targetPort of numbers) targets.push({ service, port, targetPort })
      }
    }
    return targets.sort(
      (a, b) => a.service.creationTime - b.service.creationTime || compareText(a.service.hostname, b.service.hostname),
    )
  }

  sidecarScope(proxy: ProxyNode): SidecarScope {
    const { namespace } = proxy
    const router = proxy.type === 'router'
    const sidecar = router ? null : this.sidecarFor(proxy)
    const key = router
      ? `gateway ${namespace}`
      : `${namespace} ${sidecar ? `${sidecar.namespace}/${sidecar.name}` : ''}`
    let scope = this.scopes.get(key)
    if (!scope) {
      scope = router ? gatewayScope(this.scopeSource, namespace) : sidecarScope(this.scopeSource, namespace, sidecar)
      this.scopes.set(key, scope)
    }
    return scope
  }

  /** Own namespace with selector, own without, the root namespace's without; each the oldest. */
  private sidecarFor(proxy: ProxyNode): Config<Sidecar> | null {
    const own = this.sidecarsByNamespace.get(proxy.namespace) ?? []
    const selecting = own.find(s => s.spec.workloadSelector && subsetOf(s.spec.workloadSelector.labels, proxy.labels))
    const whole = own.find(s => !s.spec.workloadSelector)
    const root = this.sidecarsByNamespace.get(this.meshConfig.rootNamespace)?.find(s => !s.spec.workloadSelector)
    return selecting ?? whole ?? root ?? null
  }

  private rulesInScope(proxy: ProxyNode, service: Service): readonly MergedDestinationRule[] {
    const known = this.sidecarScope(proxy).servicesByHostname.get(service.hostname)
    return known ? this.rules.lookup(proxy.namespace, known) : []
  }

  destinationRuleFor(proxy: ProxyNode, service: Service): MergedDestinationRule | null {
    const list = this.rulesInScope(proxy, service)
    const selected = list.find(
      rule =>
        rule.spec.workloadSelector &&
        rule.namespace === proxy.namespace &&
        subsetOf(rule.spec.workloadSelector.matchLabels, proxy.labels),
    )
    return selected ?? this.inboundDestinationRule(proxy, service)
  }

  inboundDestinationRule(proxy: ProxyNode, service: Service): MergedDestinationRule | null {
    const plain = this.rulesInScope(proxy, service).filter(rule => !rule.spec.workloadSelector)
    return plain[plain.length - 1] ?? null
  }

  virtualServicesFor(namespace: string, gateway: string) {
    return this.virtualServiceIndex.forGateway(namespace, gateway)
  }

  gatewaysFor(proxy: ProxyNode): readonly Config<Gateway>[] {
    const scoped = this.flagOn('PILOT_SCOPE_GATEWAY_TO_NAMESPACE', false)
    const targets = this.serviceTargets(proxy)
    return this.gateways.filter(gateway => {
      if (scoped && gateway.namespace !== proxy.namespace) return false
      // made from a Gateway API object: it names the Services whose pods realise it
      const services = gateway.annotations['internal.istio.io/gateway-service']
      if (services === undefined) return subsetOf(gateway.spec.selector, proxy.labels)
      const owner = gateway.annotations['internal.istio.io/parent-namespace'] || gateway.namespace
      const known = services.split(',')
      return targets.some(t => known.includes(t.service.hostname) && t.service.namespace === owner)
    })
  }

  namespaceMutualTls(namespace: string) {
    return this.peers.namespaceMode(namespace)
  }

  mutualTls(namespace: string, labels: Readonly<Record<string, string>>) {
    return this.peers.effective(namespace, labels)
  }

  peerAuthentications(namespace: string, labels: Readonly<Record<string, string>>) {
    return this.peers.applicable(namespace, labels)
  }

  requestAuthentications(proxy: ProxyNode): readonly Config<RequestAuthentication>[] {
    const namespaces = [proxy.namespace, this.meshConfig.rootNamespace]
    return policiesFor(this.requests, namespaces, proxy.namespace, proxy.labels)
  }

  authorizationPolicies(proxy: ProxyNode) {
    return authorizationFor(this.authorizations, this.meshConfig.rootNamespace, proxy.namespace, proxy.labels)
  }

  envoyFilters(proxy: ProxyNode): readonly Config<EnvoyFilter>[] {
    const { rootNamespace } = this.meshConfig
    const found = this.filters.filter(filter => {
      if (filter.namespace !== rootNamespace && filter.namespace !== proxy.namespace) return false
      const { workloadSelector, targetRefs } = filter.spec
      if ((targetRefs ?? []).length > 0) {
        const gateway = proxy.labels['gateway.networking.k8s.io/gateway-name']
        return filter.namespace === proxy.namespace && (targetRefs ?? []).some(ref => ref.name === gateway)
      }
      return subsetOf(workloadSelector?.labels, proxy.labels)
    })
    const root = (filter: Config<EnvoyFilter>): number => (filter.namespace === rootNamespace ? 0 : 1)
    return found.sort(
      (a, b) => (a.spec.priority ?? 0) - (b.spec.priority ?? 0) || root(a) - root(b) || compareAge(a, b),
    )
  }

  telemetries(proxy: ProxyNode): readonly Config<Telemetry>[] {
    const { rootNamespace } = this.meshConfig
    const whole = (namespace: string) =>
      this.telemetry.find(t => t.namespace === namespace && !t.spec.selector && !t.spec.targetRefs && !t.spec.targetRef)
    const chosen = policiesFor(
      this.telemetry.filter(t => t.spec.selector || t.spec.targetRefs || t.spec.targetRef),
      [proxy.namespace],
      proxy.namespace,
      proxy.labels,
    )[0]
    const own = proxy.namespace === rootNamespace ? undefined : whole(proxy.namespace)
    return [whole(rootNamespace), own, chosen].filter(t => t !== undefined)
  }
}

/** istiod's view of the mesh that `input` describes. Pure: equal inputs give equal snapshots. */
export function buildMeshSnapshot(input: RegistryInput): MeshSnapshot {
  const { ingressClass, ingressControllerMode, ingressSelector, ingressService, rootNamespace } = input.meshConfig
  const made = [
    ...convertGatewayApi(input.resources, DOMAIN_SUFFIX).resources,
    ...convertIngress(input.resources, {
      domain: DOMAIN_SUFFIX,
      ingressClass: String(ingressClass ?? 'istio'),
      mode: String(ingressControllerMode ?? 'STRICT'),
      selector: String(ingressSelector ?? ingressService ?? 'ingressgateway').replace(/^istio-/, ''),
      rootNamespace: rootNamespace ?? 'istio-system',
    }),
  ]
  return new Snapshot(made.length === 0 ? input : { ...input, resources: [...input.resources, ...made] })
}
