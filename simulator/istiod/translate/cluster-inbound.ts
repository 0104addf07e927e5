// Clusters of the way in: from the sidecar to its own application (pilot/pkg/networking/core/cluster.go,
// cluster_builder.go buildInboundCluster).
import type { ServiceTarget } from '../../registry/mesh-snapshot.ts'
import type { Service, ServicePort } from '../../registry/types.ts'
import type { ConnectionPoolSettings, IstioIngressListener, TrafficPolicy } from '../../resources/index.ts'
import { parseProtocol } from '../../resources/protocol.ts'
import type { Cluster, JsonObject } from '../../xds/types.ts'
import type { ClusterBuilder } from './cluster-builder.ts'
import { inboundClusterName, statsPrefix } from './cluster-names.ts'
import { applyConnectionPool, type Draft, finish } from './cluster-traffic-policy.ts'
import { portLevelPolicy, withMeshDefaults } from './destination-rule-policy.ts'

/** One cluster for each workload port: of the services, or of the Sidecar's ingress listeners where it has some. */
export function inboundClusters(builder: ClusterBuilder): Cluster[] {
  const { snapshot, proxy, scope } = builder
  const targets = snapshot.serviceTargets(proxy)
  const ingress = scope.sidecar?.spec.ingress ?? []
  const none = proxy.metadata['INTERCEPTION_MODE'] === 'NONE'
  if (ingress.length === 0) return none ? [] : fromServices(builder, targets, new Set())
  const own = ingress.flatMap(listener => fromIngress(builder, targets, listener))
  if (!snapshot.flagOn('PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE', false)) return own
  return [...fromServices(builder, targets, new Set(ingress.map(l => l.port.number ?? 0))), ...own]
}

function fromServices(
  builder: ClusterBuilder,
  targets: readonly ServiceTarget[],
  except: ReadonlySet<number>,
): Cluster[] {
  const byPort = new Map<number, ServiceTarget[]>()
  for (const target of targets) {
    const known = byPort.get(target.targetPort)
    if (known) known.push(target)
    else byPort.set(target.targetPort, [target])
  }
  const mode = builder.snapshot.meshConfig.inboundTrafficPolicy?.mode ?? 'PASSTHROUGH'
  const bind = mode === 'PASSTHROUGH' ? '' : builder.localhost()
  return [...byPort]
    .filter(([port]) => !except.has(port))
    .map(([port, list]) => inboundCluster(builder, port, bind, list))
}

function fromIngress(
  builder: ClusterBuilder,
  targets: readonly ServiceTarget[],
  listener: IstioIngressListener,
): Cluster[] {
  const number = listener.port.number ?? 0
  const endpoint = listener.defaultEndpoint ?? ''
  let address = ''
  let targetPort = 0
  if (endpoint.startsWith('unix://')) address = endpoint
  else if (endpoint !== '') {
    const colon = endpoint.lastIndexOf(':')
    targetPort = Number(endpoint.slice(colon + 1))
    if (colon < 0 || !Number.isInteger(targetPort)) return []
    const host = endpoint.slice(0, colon).replace(/^\[|\]$/g, '')
    const addresses = builder.proxy.ipAddresses
    if (host === '0.0.0.0') address = addresses.find(ip => !ip.includes(':')) ?? '127.0.0.1'
    else if (host === '::') address = addresses.find(ip => ip.includes(':')) ?? '::1'
    else if (host === '127.0.0.1' || host === '::1') address = builder.localhost()
  }
  const port: ServicePort = {
    name: listener.port.name ?? '',
    port: number,
    protocol: parseProtocol(listener.port.protocol ?? ''),
    targetPort: null,
  }
  const real = targets.find(target => target.targetPort === number)
  const service = real?.service ?? sidecarService(builder)
  return [inboundCluster(builder, number, address, [{ service, port, targetPort }])]
}

/** Stands for the service of an ingress listener that no real service has. */
function sidecarService(builder: ClusterBuilder): Service | null {
  const { sidecar } = builder.scope
  if (!sidecar) return null
  return {
    hostname: `${sidecar.name}.${builder.proxy.namespace}`,
    name: sidecar.name,
    namespace: builder.proxy.namespace,
    addresses: [],
    autoAllocated: [],
    ports: [],
    resolution: 'ClientSideLB',
    meshExternal: true,
    source: 'External',
    creationTime: sidecar.creationTime,
    order: sidecar.order,
    exportTo: [],
    labels: {},
    selector: null,
    serviceAccounts: [],
    headless: false,
    externalName: null,
    publishNotReadyAddresses: false,
    nodeLocal: false,
    trafficDistribution: '',
    resource: sidecar.resource,
  }
}

interface InboundTarget {
  service: Service | null
  port: ServicePort
  targetPort: number
}

function inboundCluster(
  builder: ClusterBuilder,
  clusterPort: number,
  bind: string,
  targets: readonly InboundTarget[],
): Cluster {
  const { snapshot, proxy, scope } = builder
  const name = inboundClusterName(clusterPort)
  const primary = targets[0] as InboundTarget
  const { service, port } = primary
  const cluster: Cluster = { name, alt_stat_name: statsPrefix(name), common_lb_config: {} }
  if (bind === '') {
    cluster.type = 'ORIGINAL_DST'
    const override = service ? builder.portOverride(service, port) : null
    if (override !== null) cluster['original_dst_lb_config'] = { upstream_port_override: override }
    // never forget a destination: the longest duration that there is
    cluster['cleanup_interval'] = '9223372035s'
  } else {
    cluster.type = 'STATIC'
    const address: JsonObject = bind.startsWith('unix://')
      ? { pipe: { path: bind.slice('unix://'.length) } }
      : { socket_address: { address: bind, port_value: primary.targetPort } }
    cluster['load_assignment'] = {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    }
  }
  const draft: Draft = { cluster, http: null, dynamic: false }
  builder.setUpstreamProtocol(draft, port)
  const services = inboundMetadata(targets, port)
  if (services) cluster['metadata'] = { filter_metadata: { istio: { services } } }
  if (service) builder.setStatName(cluster, service, port, 'inboundClusterStatName', '')

  const rule = service ? snapshot.inboundDestinationRule(proxy, service) : null
  let policy: TrafficPolicy | undefined
  if (rule?.spec.trafficPolicy) {
    policy = portLevelPolicy(rule.spec.trafficPolicy, port.port).policy
    if (services) builder.addConfig(cluster, rule)
  }
  policy = withMeshDefaults(policy, snapshot.meshConfig)
  const own = sidecarPool(scope.sidecar?.spec.ingress, clusterPort) ?? scope.inboundConnectionPool ?? undefined
  applyConnectionPool(draft, snapshot.meshConfig, own ?? policy?.connectionPool ?? {}, policy?.retryBudget)
  if (cluster.type === 'ORIGINAL_DST') cluster['lb_policy'] = 'CLUSTER_PROVIDED'
  if (bind !== '127.0.0.1' && bind !== '::1') {
    cluster['upstream_bind_config'] = { source_address: { address: builder.passthroughAddress(), port_value: 0 } }
  }
  return finish(draft)
}

const sidecarPool = (
  ingress: readonly IstioIngressListener[] | undefined,
  port: number,
): ConnectionPoolSettings | undefined => ingress?.find(l => l.port.number === port && l.connectionPool)?.connectionPool

/** All services on the port, each hostname once; none where the first is no service of the mesh. */
function inboundMetadata(targets: readonly InboundTarget[], port: ServicePort): JsonObject[] | null {
  const first = targets[0]?.service
  if (!first || first.meshExternal) return null
  const seen = new Set<string>()
  const out: JsonObject[] = []
  for (const target of targets) {
    const { service } = target
    if (!service || target.port.port !== port.port || seen.has(service.hostname)) continue
    seen.add(service.hostname)
    out.push({ host: service.hostname, name: service.name, namespace: service.namespace })
  }
  return out
}
