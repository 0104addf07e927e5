// Builds the snapshot of the mesh: sorts, indexes and resolves once, so that translation of many proxies only reads
// (pilot/pkg/model/push_context.go). What an edit leaves as it was is taken over from the snapshot before it.
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
import { EndpointDirectory } from './endpoint-directory.ts'
import { Inventory, sameValue } from './inventory.ts'
import { type Made, madeObjects } from './made-objects.ts'
import type { Config, MergedDestinationRule, MeshSnapshot, ServiceTarget, SidecarScope } from './mesh-snapshot.ts'
import { compareText, DOMAIN_SUFFIX, subsetOf } from './names.ts'
import { authorizationFor, PeerAuthenticationIndex, policiesFor } from './policies.ts'
import { ServiceDirectory } from './service-directory.ts'
import { gatewayScope, type ScopeSource, sidecarScope } from './sidecar-scope.ts'
import type { IstioEndpoint, ProxyNode, RegistryInput, Service } from './types.ts'
import { VirtualServiceIndex } from './virtual-services.ts'

const SERVICES = ['Service', 'ServiceEntry']
const ENDPOINTS = ['WorkloadEntry', 'EndpointSlice', 'Endpoints']

class Snapshot implements MeshSnapshot {
  readonly input: RegistryInput
  readonly meshConfig: ResourcesMeshConfig
  readonly domainSuffix = DOMAIN_SUFFIX
  readonly made: Made
  private readonly inventory: Inventory
  private readonly directory: ServiceDirectory
  private readonly endpointDirectory: EndpointDirectory
  private readonly rules: DestinationRuleIndex
  private readonly virtualServiceIndex: VirtualServiceIndex
  private readonly sidecars: ReadonlyMap<string, Config<Sidecar>[]>
  private readonly gateways: Config<Gateway>[]
  private readonly peers: PeerAuthenticationIndex
  private readonly requests: Config<RequestAuthentication>[]
  private readonly authorizations: Config<AuthorizationPolicy>[]
  private readonly filters: Config<EnvoyFilter>[]
  private readonly telemetry: Config<Telemetry>[]
  private readonly scopes: Map<string, SidecarScope>
  private readonly scopeSource: ScopeSource

  /** `known`: the snapshot before, under the same settings; whatever rests on the same objects is its. */
  constructor(written: RegistryInput, known: Snapshot | null) {
    const given = new Inventory(written.resources)
    const objects = madeObjects(written, given, known?.made ?? null)
    const input = objects.length === 0 ? written : { ...written, resources: [...written.resources, ...objects] }
    const inventory = objects.length === 0 ? given : new Inventory(input.resources)
    this.input = input
    this.made = { given, objects }
    this.inventory = inventory
    this.meshConfig = known?.meshConfig ?? { ...defaultMeshConfig(), ...input.meshConfig }
    const { meshConfig } = this
    const { rootNamespace } = meshConfig
    const domain = input.configDomain ?? DOMAIN_SUFFIX
    /** The former part where none of the kinds changed, else a new one. */
    const part = <T>(kinds: readonly string[], former: (known: Snapshot) => T, make: () => T): T =>
      known !== null && inventory.sameIn(known.inventory, kinds) ? former(known) : make()

    this.directory = part(
      SERVICES,
      old => (sameValue(old.input.entryIps, input.entryIps) ? old.directory : new ServiceDirectory(input, meshConfig)),
      () => new ServiceDirectory(input, meshConfig),
    )
    const { services } = this.directory
    this.endpointDirectory = part(
      [...SERVICES, ...ENDPOINTS],
      old =>
        samePods(old.input, input)
          ? old.endpointDirectory
          : new EndpointDirectory(input, services, old.endpointDirectory),
      () => new EndpointDirectory(input, services, null),
    )
    this.virtualServiceIndex = part(
      ['VirtualService'],
      old => old.virtualServiceIndex,
      () =>
        new VirtualServiceIndex(
          inventory.configs<VirtualService>('VirtualService'),
          meshConfig.defaultVirtualServiceExportTo,
          domain,
          known?.virtualServiceIndex ?? null,
        ),
    )
    this.rules = part(
      ['DestinationRule'],
      old => old.rules,
      () =>
        new DestinationRuleIndex(
          inventory.configs<DestinationRule>('DestinationRule'),
          rootNamespace,
          meshConfig.defaultDestinationRuleExportTo,
          this.flagOn('ENABLE_ENHANCED_DESTINATIONRULE_MERGE', true),
          domain,
        ),
    )
    this.sidecars = part(
      ['Sidecar'],
      old => old.sidecars,
      () => byNamespace(inventory.configs<Sidecar>('Sidecar')),
    )
    this.peers = part(
      ['PeerAuthentication'],
      old => old.peers,
      () => new PeerAuthenticationIndex(inventory.configs<PeerAuthentication>('PeerAuthentication'), rootNamespace),
    )
    const list = <Spec>(kind: string, former: (known: Snapshot) => Config<Spec>[]): Config<Spec>[] =>
      part([kind], former, () => inventory.configs<Spec>(kind))
    this.gateways = list('Gateway', old => old.gateways)
    this.requests = list('RequestAuthentication', old => old.requests)
    this.authorizations = list('AuthorizationPolicy', old => old.authorizations)
    this.filters = list('EnvoyFilter', old => old.filters)
    this.telemetry = list('Telemetry', old => old.telemetry)
    this.scopes = part(
      [...SERVICES, 'VirtualService', 'Sidecar'],
      old => old.scopes,
      () => new Map(),
    )
    const { directory, virtualServiceIndex } = this
    this.scopeSource = {
      servicesExportedTo: namespace => directory.exportedTo(namespace),
      serviceVisible: (service, namespace) => directory.visible(service, namespace),
      definitions: hostname => directory.definitions(hostname),
      aliases: service => directory.aliases(service.hostname),
      virtualServicesFor: (namespace, gateway) => virtualServiceIndex.forGateway(namespace, gateway),
      meshVirtualServices: namespace => virtualServiceIndex.levels(namespace, 'mesh'),
      defaultOutboundMode: meshConfig.outboundTrafficPolicy.mode === 'REGISTRY_ONLY' ? 'REGISTRY_ONLY' : 'ALLOW_ANY',
    }
  }

  get services() {
    return this.directory.services
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
    return this.directory.definitions(hostname).get(namespace) ?? null
  }

  serviceDefinitions(hostname: string): readonly Service[] {
    return this.directory.bestFirst(hostname)
  }

  serviceVisible(service: Service, namespace: string): boolean {
    return this.directory.visible(service, namespace)
  }

  endpoints(service: Service, port: number): readonly IstioEndpoint[] {
    return this.endpointDirectory.endpoints(service, port)
  }

  serviceAccounts(service: Service): readonly string[] {
    const accounts = new Set([...this.endpointDirectory.accounts(service), ...service.serviceAccounts])
    const { trustDomainAliases = [] } = this.meshConfig
    // an account may come with each of the aliases of our trust domain (spiffe.ExpandWithTrustDomains)
    for (const account of [...accounts]) {
      const identity = /^spiffe:\/\/[^/]+(\/ns\/[^/]*\/sa\/[^/]*)$/.exec(account)?.[1]
      if (identity !== undefined) for (const alias of trustDomainAliases) accounts.add(`spiffe://${alias}${identity}`)
    }
    return [...accounts].sort(compareText)
  }

  aliases(service: Service): readonly Service[] {
    return this.directory.aliases(service.hostname)
  }

  serviceTargets(proxy: ProxyNode): readonly ServiceTarget[] {
    return this.endpointDirectory.servedBy(proxy)
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
    const own = this.sidecars.get(proxy.namespace) ?? []
    const selecting = own.find(s => s.spec.workloadSelector && subsetOf(s.spec.workloadSelector.labels, proxy.labels))
    const whole = own.find(s => !s.spec.workloadSelector)
    const root = this.sidecars.get(this.meshConfig.rootNamespace)?.find(s => !s.spec.workloadSelector)
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
      (a, b) =>
        (a.spec.priority ?? 0) - (b.spec.priority ?? 0) ||
        root(a) - root(b) ||
        a.creationTime - b.creationTime ||
        compareText(`${a.name}.${a.namespace}`, `${b.name}.${b.namespace}`),
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

function byNamespace<Spec>(configs: readonly Config<Spec>[]): Map<string, Config<Spec>[]> {
  const found = new Map<string, Config<Spec>[]>()
  for (const config of configs) found.set(config.namespace, [...(found.get(config.namespace) ?? []), config])
  return found
}

/** The same pods, and the same memory of those that left. */
const samePods = (a: RegistryInput, b: RegistryInput): boolean =>
  sameValue(a.workloads, b.workloads) && sameValue(a.departed ?? [], b.departed ?? [])

/** Everything but objects and pods. */
const sameSettings = (a: RegistryInput, b: RegistryInput): boolean =>
  a.configDomain === b.configDomain &&
  sameValue(a.meshConfig, b.meshConfig) &&
  sameValue(a.clusterIps, b.clusterIps) &&
  a.fetchedKeys === b.fetchedKeys &&
  sameValue(a.featureFlags, b.featureFlags)

/**
 * istiod's view of the mesh that `input` describes. Pure: equal inputs give equal snapshots, whether made from nothing or
 * from the snapshot `before`, whose parts serve on where the objects that they are made of are the same.
 */
export function buildMeshSnapshot(input: RegistryInput, before: MeshSnapshot | null = null): MeshSnapshot {
  const known = before instanceof Snapshot && sameSettings(before.input, input) ? before : null
  return new Snapshot(input, known)
}
