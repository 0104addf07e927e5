// Outbound clusters of one service port: the default one and one for each subset of its DestinationRule
// (pilot/pkg/networking/core/cluster_builder.go).
import type { Config, MergedDestinationRule, MeshSnapshot, SidecarScope } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode, Service, ServicePort } from '../../registry/types.ts'
import type { ClientTLSSettings, Subset, TrafficPolicy } from '../../resources/index.ts'
import { isHttp, isHttp2 } from '../../resources/protocol.ts'
import type { Cluster, JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { dnsCacheName, outboundClusterName, sniName, statsPrefix } from './cluster-names.ts'
import { metadataExchange } from './cluster-special.ts'
import {
  applyConnectionPool,
  applyLoadBalancer,
  applyOutlierDetection,
  type Draft,
  dnsLookupFamily,
  finish,
  isHttp2Draft,
  optionsOf,
  setDownstreamProtocol,
  setHttp2,
  upgradesToHttp2,
} from './cluster-traffic-policy.ts'
import { effectivePolicy, portLevelPolicy, subsetPolicy, withMeshDefaults } from './destination-rule-policy.ts'
import { groupsJson, localityGroups } from './endpoint-groups.ts'
import { applyLbSetting, effectiveLbSetting } from './load-balancer.ts'
import { effectiveTls, ignoresCredential, type MutualTlsInference, rawBuffer, upstreamTls } from './tls-context.ts'

export type ClusterMode = 'outbound' | 'sni-dnat'

const istioMetadata = (cluster: Cluster): JsonObject => {
  const known = cluster['metadata'] as { filter_metadata: { istio: JsonObject } } | undefined
  if (known) return known.filter_metadata.istio
  const istio: JsonObject = {}
  cluster['metadata'] = { filter_metadata: { istio } }
  return istio
}

export class ClusterBuilder {
  readonly snapshot: MeshSnapshot
  readonly proxy: ProxyNode
  readonly scope: SidecarScope

  constructor(snapshot: MeshSnapshot, proxy: ProxyNode) {
    this.snapshot = snapshot
    this.proxy = proxy
    this.scope = snapshot.sidecarScope(proxy)
  }

  private get ipv6Only(): boolean {
    const { ipAddresses } = this.proxy
    return ipAddresses.length > 0 && ipAddresses.every(ip => ip.includes(':'))
  }

  localhost(): string {
    return this.ipv6Only ? '::1' : '127.0.0.1'
  }

  /** Source address by which the pod's redirection knows traffic that has passed the proxy. */
  passthroughAddress(): string {
    return this.ipv6Only ? '::6' : '127.0.0.6'
  }

  /** Options of HTTP/1: header case is kept where the proxy's configuration asks for it. */
  http1Options(): JsonObject {
    if (!this.preservesCase()) return {}
    const type = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig'
    return {
      header_key_format: {
        stateful_formatter: { name: 'preserve_case', typed_config: { '@type': `type.googleapis.com/${type}` } },
      },
    }
  }

  private preservesCase(): boolean {
    const own = this.proxy.metadata['PROXY_CONFIG'] as { proxyHeaders?: JsonObject } | undefined
    const headers = own?.proxyHeaders ?? this.snapshot.meshConfig.defaultConfig.proxyHeaders
    return headers?.['preserveHttp1HeaderCase'] === true
  }

  setUpstreamProtocol(draft: Draft, port: ServicePort): void {
    if (isHttp2(port.protocol)) {
      setHttp2(draft)
      return
    }
    const sniffed = port.protocol === 'Unsupported'
    if ((sniffed || isHttp(port.protocol)) && this.preservesCase()) {
      optionsOf(draft).protocol = { kind: 'http1', http1: this.http1Options() }
    }
    if (sniffed && this.proxy.type === 'sidecar') setDownstreamProtocol(draft)
  }

  /** ServiceEntry without resolution: connections go on to another port of the same address. */
  portOverride(service: Service, port: ServicePort): number | null {
    if (service.source !== 'External' || service.resolution !== 'Passthrough') return null
    return typeof port.targetPort === 'number' && port.targetPort !== 0 ? port.targetPort : null
  }

  /** MeshConfig.outboundClusterStatName and inboundClusterStatName. */
  setStatName(
    cluster: Cluster,
    service: Service,
    port: ServicePort,
    field: 'inboundClusterStatName' | 'outboundClusterStatName',
    subset: string,
  ): void {
    const pattern = this.snapshot.meshConfig[field] ?? ''
    if (pattern === '') return
    const domain = `.svc.${this.snapshot.domainSuffix}`
    const short = service.hostname.endsWith(domain) ? service.hostname.slice(0, -domain.length) : service.hostname
    const text = pattern
      .replaceAll('%SERVICE%', short)
      .replaceAll('%SERVICE_FQDN%', service.hostname)
      .replaceAll('%SUBSET_NAME%', subset)
      .replaceAll('%TARGET_PORT%', typeof port.targetPort === 'number' ? String(port.targetPort) : '0')
      .replaceAll('%SERVICE_PORT%', String(port.port))
      .replaceAll('%SERVICE_PORT_NAME%', port.name)
      .replaceAll('%SERVICE_NAME%', service.name)
    cluster['alt_stat_name'] = statsPrefix(text)
  }

  addConfig(cluster: Cluster, rule: Config<unknown>): void {
    istioMetadata(cluster)['config'] =
      `/apis/networking.istio.io/v1/namespaces/${rule.namespace}/destination-rule/${rule.name}`
  }

  /** A cluster for every name of a wildcard host. */
  dynamicCluster(service: Service, port: ServicePort): Cluster | null {
    if (!['HTTP', 'TLS', 'GRPC', 'HTTP2'].includes(port.protocol)) return null
    const name = outboundClusterName(port.port, '', service.hostname)
    const cluster: Cluster = {
      name,
      alt_stat_name: statsPrefix(name),
      lb_policy: 'CLUSTER_PROVIDED',
      cluster_type: {
        name: 'envoy.clusters.dynamic_forward_proxy',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
          dns_cache_config: {
            name: dnsCacheName(service.hostname),
            dns_lookup_family: dnsLookupFamily(this.proxy),
          },
        },
      },
    }
    const draft: Draft = { cluster, http: null, dynamic: true }
    this.setUpstreamProtocol(draft, port)
    const rule = this.snapshot.destinationRuleFor(this.proxy, service)
    const top = withMeshDefaults(portLevelPolicy(rule?.spec.trafficPolicy, port.port).policy, this.snapshot.meshConfig)
    this.applyPolicy(draft, top, { service, port, rule, mode: 'outbound', accounts: [], sni: '', inferFrom: undefined })
    this.addOrigin(draft.cluster, service, rule, top)
    return finish(draft)
  }

  /** The default cluster, then one for each subset; nothing when names have no endpoints. */
  serviceClusters(service: Service, port: ServicePort, mode: ClusterMode): Cluster[] {
    const { snapshot } = this
    const rule = snapshot.destinationRuleFor(this.proxy, service)
    const type = this.discoveryType(service)
    const nameOf = mode === 'outbound' ? outboundClusterName : sniName
    const draft = this.draft(nameOf(port.port, '', service.hostname), type, service, port, '', rule)
    if (!draft) return []
    const accounts = mode === 'outbound' ? snapshot.serviceAccounts(service) : []
    const top = withMeshDefaults(portLevelPolicy(rule?.spec.trafficPolicy, port.port).policy, snapshot.meshConfig)
    const base = { service, port, rule, mode, accounts }
    this.applyPolicy(draft, top, {
      ...base,
      sni: sniName(port.port, '', service.hostname),
      inferFrom: rule?.spec.trafficPolicy,
    })
    this.addOrigin(draft.cluster, service, rule, top)
    const clusters = [finish(draft)]
    for (const subset of rule?.spec.subsets ?? []) {
      const made = rule ? this.subsetCluster(subset, draft.cluster.type ?? type, top, { ...base, rule }) : null
      if (made) clusters.push(made)
    }
    return clusters
  }

  private subsetCluster(
    subset: Subset,
    type: string,
    top: TrafficPolicy | undefined,
    base: Omit<PolicyTarget, 'sni' | 'inferFrom' | 'rule'> & { rule: MergedDestinationRule },
  ): Cluster | null {
    const { service, port, mode, rule } = base
    const nameOf = mode === 'outbound' ? outboundClusterName : sniName
    const own = subset.trafficPolicy?.loadBalancer?.simple === 'PASSTHROUGH' ? 'ORIGINAL_DST' : type
    const draft = this.draft(nameOf(port.port, subset.name, service.hostname), own, service, port, subset.name, rule)
    if (!draft) return null
    const policy = subsetPolicy(top, subset.trafficPolicy, port.port)
    this.applyPolicy(draft, policy, {
      ...base,
      sni: mode === 'outbound' ? sniName(port.port, subset.name, service.hostname) : '',
      inferFrom: subset.trafficPolicy,
    })
    this.addConfig(draft.cluster, rule)
    istioMetadata(draft.cluster)['subset'] = subset.name
    this.addAlpnOverride(draft.cluster, policy)
    return finish(draft)
  }

  private discoveryType(service: Service): string {
    if (service.resolution === 'DNSLB') return 'STRICT_DNS'
    if (service.resolution === 'DNSRoundRobinLB') return 'LOGICAL_DNS'
    if (service.resolution !== 'Passthrough' || this.proxy.type === 'router') return 'EDS'
    const headlessByEds = this.snapshot.flagOn('PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES', false)
    return service.source === 'Kubernetes' && headlessByEds ? 'EDS' : 'ORIGINAL_DST'
  }

  private draft(
    name: string,
    type: string,
    service: Service,
    port: ServicePort,
    subset: string,
    rule: MergedDestinationRule | null,
  ): Draft | null {
    const cluster: Cluster = { name, type, alt_stat_name: statsPrefix(name), common_lb_config: {} }
    if (type === 'STRICT_DNS' || type === 'LOGICAL_DNS') {
      const endpoints = this.namedEndpoints(service, port, subset, rule)
      if (endpoints.length === 0) return null
      Object.assign(cluster, this.nameLookup())
      cluster['load_assignment'] = { cluster_name: name, endpoints }
    } else if (type === 'ORIGINAL_DST') {
      const override = this.portOverride(service, port)
      if (override !== null) cluster['original_dst_lb_config'] = { upstream_port_override: override }
    }
    const draft: Draft = { cluster, http: null, dynamic: false }
    this.setUpstreamProtocol(draft, port)
    istioMetadata(cluster)['services'] = [{ host: service.hostname, name: service.name, namespace: service.namespace }]
    this.setStatName(cluster, service, port, 'outboundClusterStatName', subset)
    return draft
  }

  private nameLookup(): JsonObject {
    const type = 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig'
    return {
      dns_lookup_family: dnsLookupFamily(this.proxy),
      dns_jitter: '0.100s',
      dns_refresh_rate: protoDuration(this.snapshot.meshConfig.dnsRefreshRate),
      respect_dns_ttl: true,
      typed_dns_resolver_config: {
        name: 'envoy.network.dns_resolver.cares',
        typed_config: { '@type': type, udp_max_queries: 100 },
      },
    }
  }

  /** Endpoints of clusters that look up names stand in the cluster itself. */
  private namedEndpoints(
    service: Service,
    port: ServicePort,
    subset: string,
    rule: MergedDestinationRule | null,
  ): JsonObject[] {
    const { snapshot, proxy } = this
    const target = { service, port: port.port, subset, rule }
    const groups = localityGroups(snapshot, proxy, target, snapshot.endpoints(service, port.port))
    const policy = withMeshDefaults(effectivePolicy(rule, port.port, subset), snapshot.meshConfig)
    const setting = effectiveLbSetting(snapshot.meshConfig, policy?.loadBalancer, service)
    return groupsJson(applyLbSetting(groups, setting, proxy, policy?.outlierDetection !== undefined))
  }

  private applyPolicy(draft: Draft, policy: TrafficPolicy | undefined, target: PolicyTarget): void {
    const { snapshot } = this
    const { service, port } = target
    const pool = policy?.connectionPool ?? {}
    if (upgradesToHttp2(pool, port, snapshot.meshConfig)) setHttp2(draft)
    applyConnectionPool(draft, snapshot.meshConfig, pool, policy?.retryBudget)
    if (policy?.outlierDetection) applyOutlierDetection(draft, snapshot, service, policy.outlierDetection)
    applyLoadBalancer(draft, snapshot, service, port, policy?.loadBalancer)
    if (target.mode === 'outbound') this.applyTls(draft, policy, target)
    const { cluster } = draft
    if (cluster.type === 'ORIGINAL_DST') cluster['lb_policy'] = 'CLUSTER_PROVIDED'
    if (cluster.type === 'EDS') {
      cluster['eds_cluster_config'] = {
        service_name: cluster.name,
        eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      }
    }
    cluster['filters'] = [metadataExchange()]
  }

  /** What can be said of the servers' mTLS before asking each endpoint (BestEffortInferServiceMTLSMode). */
  private inferMutualTls(service: Service, port: ServicePort, policy: TrafficPolicy | undefined): MutualTlsInference {
    if (service.meshExternal) return 'UNKNOWN'
    if (service.resolution === 'Passthrough' || policy?.loadBalancer?.simple === 'PASSTHROUGH') {
      const endpoints = this.snapshot.endpoints(service, port.port)
      if (endpoints.length === 0 || endpoints.some(e => e.tlsMode === 'disabled')) return 'DISABLE'
    }
    return this.snapshot.namespaceMutualTls(service.namespace)
  }

  private applyTls(draft: Draft, policy: TrafficPolicy | undefined, target: PolicyTarget): void {
    const { cluster } = draft
    const { service, port, accounts, sni, rule } = target
    const { meshConfig } = this.snapshot
    const inferred = this.inferMutualTls(service, port, target.inferFrom)
    const effective = effectiveTls(
      policy?.tls,
      accounts,
      sni,
      meshConfig.enableAutoMtls,
      service.meshExternal,
      inferred,
    )
    if (effective.tls) {
      const tls: ClientTLSSettings = effective.tls
      const context = {
        mesh: meshConfig,
        accounts,
        external: service.source === 'External',
        http2: isHttp2Draft(draft),
        sidecar: this.proxy.type === 'sidecar',
        ruleHasSelector: rule?.spec.workloadSelector !== undefined,
      }
      const socket = upstreamTls(tls, context)
      const own = tls.mode === 'SIMPLE' || tls.mode === 'MUTUAL' || (draft.dynamic && tls.mode === 'ISTIO_MUTUAL')
      if (own && !ignoresCredential(tls, context)) autoSni(draft, tls)
      if (socket && effective.auto && cluster.type !== 'ORIGINAL_DST') {
        cluster['transport_socket_matches'] = [
          { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: socket },
          { name: 'tlsMode-disabled', match: {}, transport_socket: rawBuffer() },
        ]
      } else if (socket) cluster['transport_socket'] = socket
    }
    if (policy?.proxyProtocol) wrapInProxyProtocol(cluster, policy.proxyProtocol.version)
  }

  /** Where the cluster comes from, for telemetry and for the ALPN filter. */
  private addOrigin(
    cluster: Cluster,
    service: Service,
    rule: MergedDestinationRule | null,
    policy: TrafficPolicy | undefined,
  ): void {
    if (service.meshExternal) istioMetadata(cluster)['external'] = true
    if (!rule) return
    this.addConfig(cluster, rule)
    this.addAlpnOverride(cluster, policy)
  }

  private addAlpnOverride(cluster: Cluster, policy: TrafficPolicy | undefined): void {
    const mode = policy?.tls?.mode
    if (mode === 'SIMPLE' || mode === 'MUTUAL') istioMetadata(cluster)['alpn_override'] = 'false'
  }
}

interface PolicyTarget {
  service: Service
  port: ServicePort
  rule: MergedDestinationRule | null
  mode: ClusterMode
  accounts: readonly string[]
  sni: string
  /** The policy whose balancer tells whether endpoints decide about mTLS. */
  inferFrom: TrafficPolicy | undefined
}

/** Without SNI in the rule the Host decides; without names too, the certificate must fit the Host. */
function autoSni(draft: Draft, tls: ClientTLSSettings): void {
  const sni = !tls.sni
  const names = tls.subjectAltNames ?? []
  const san = (draft.dynamic || (sni && names.length === 0)) && !tls.insecureSkipVerify
  if (draft.dynamic && (tls.insecureSkipVerify || !sni || !san)) {
    const type = draft.cluster['cluster_type'] as { typed_config: JsonObject }
    type.typed_config['allow_insecure_cluster_options'] = true
  }
  if (!sni && !san) return
  const options = optionsOf(draft)
  options.upstream = {
    ...options.upstream,
    ...(sni ? { auto_sni: true } : {}),
    ...(san ? { auto_san_validation: true } : {}),
  }
}

function wrapInProxyProtocol(cluster: Cluster, version: 'V1' | 'V2' | undefined): void {
  const type = 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport'
  const wrap = (inner: JsonObject): JsonObject => ({
    name: 'envoy.transport_sockets.upstream_proxy_protocol',
    typed_config: {
      '@type': `type.googleapis.com/${type}`,
      config: version === 'V2' ? { version: 'V2' } : {},
      transport_socket: inner,
    },
  })
  const matches = cluster['transport_socket_matches'] as { transport_socket: JsonObject }[] | undefined
  for (const match of matches ?? []) match.transport_socket = wrap(match.transport_socket)
  const socket = cluster['transport_socket'] as JsonObject | undefined
  if (socket || !matches) cluster['transport_socket'] = wrap(socket ?? rawBuffer())
}
