// Services out of Kubernetes Services and ServiceEntries (pilot/pkg/serviceregistry/kube/conversion.go,
// pilot/pkg/serviceregistry/serviceentry/conversion.go).
import type { K8sService } from '../resources/kubernetes/kinds.ts'
import type { ServiceEntry } from '../resources/networking/service-entry.ts'
import { kubernetesProtocol, parseProtocol } from '../resources/protocol.ts'
import type { Resource } from '../resources/types.ts'
import { allocatedIps, allocatesByController, hashedIps } from './auto-allocation.ts'
import { compareAge, DOMAIN_SUFFIX } from './names.ts'
import type { RegistryInput, Resolution, Service } from './types.ts'

/** Seconds; an object without a timestamp is as many seconds old as it stands late in the input. */
export const creationTimeOf = (resource: Resource): number =>
  resource.metadata.creationTimestamp ?? resource.metadata.order

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')

const RESOLUTION: Readonly<Record<string, Resolution>> = {
  NONE: 'Passthrough',
  STATIC: 'ClientSideLB',
  DNS: 'DNSLB',
  DNS_ROUND_ROBIN: 'DNSRoundRobinLB',
  DYNAMIC_DNS: 'DynamicDNS',
}

function trafficDistribution(spec: string | undefined, annotations: Readonly<Record<string, string>>): string {
  const text = spec ?? annotations['networking.istio.io/traffic-distribution'] ?? ''
  const lower = text.toLowerCase()
  if (lower === 'preferclose') return 'PreferClose'
  if (lower === 'prefersamezone') return 'PreferSameZone'
  if (lower === 'prefersamenode') return 'PreferSameNode'
  return ''
}

/** One Kubernetes Service; `clusterIp` is what the cluster assigned where the object does not say. */
export function kubernetesService(resource: Resource, clusterIp: string | undefined, trustDomain: string): Service {
  const { metadata } = resource
  const spec = resource.spec as K8sService
  const external = spec.type === 'ExternalName' && spec.externalName ? spec.externalName : null
  const own = spec.clusterIP ?? clusterIp ?? ''
  const headless = own === 'None'
  const { annotations } = metadata
  const given = (spec.clusterIPs ?? []).filter(ip => ip !== 'None')
  const addresses = external !== null || headless || own === '' ? [] : given.length > 1 ? given : [own]
  return {
    hostname: `${metadata.name}.${metadata.namespace}.svc.${DOMAIN_SUFFIX}`,
    name: metadata.name,
    namespace: metadata.namespace,
    addresses,
    autoAllocated: [],
    ports: (spec.ports ?? []).map(port => ({
      name: port.name ?? '',
      port: port.port,
      protocol: kubernetesProtocol(port.port, port.name ?? '', port.protocol, port.appProtocol),
      targetPort: port.targetPort ?? null,
    })),
    resolution: external !== null ? 'Alias' : headless ? 'Passthrough' : 'ClientSideLB',
    meshExternal: external !== null,
    source: 'Kubernetes',
    creationTime: creationTimeOf(resource),
    order: metadata.order,
    exportTo: list(annotations['networking.istio.io/exportTo']),
    labels: metadata.labels,
    selector: spec.selector && Object.keys(spec.selector).length > 0 ? spec.selector : null,
    serviceAccounts: [
      ...list(annotations['alpha.istio.io/canonical-serviceaccounts']),
      ...list(annotations['alpha.istio.io/kubernetes-serviceaccounts']).map(
        account => `spiffe://${trustDomain}/ns/${metadata.namespace}/sa/${account}`,
      ),
    ],
    headless,
    externalName: external,
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
    nodeLocal: spec.internalTrafficPolicy === 'Local',
    trafficDistribution: trafficDistribution(spec.trafficDistribution, annotations),
    resource,
  }
}

const withoutHostMask = (address: string): string =>
  address.endsWith('/32') && !address.includes(':')
    ? address.slice(0, -3)
    : address.endsWith('/128')
      ? address.slice(0, -4)
      : address

/** One service per host of a ServiceEntry. */
export function entryServices(
  resource: Resource,
  allocated: (host: string) => readonly string[] = () => [],
): Service[] {
  const { metadata } = resource
  const spec = resource.spec as ServiceEntry
  return spec.hosts.map(host => ({
    hostname: host,
    name: host,
    namespace: metadata.namespace,
    addresses: (spec.addresses ?? []).map(withoutHostMask),
    autoAllocated: allocated(host),
    ports: (spec.ports ?? []).map(port => ({
      name: port.name,
      port: port.number,
      protocol: parseProtocol(port.protocol ?? ''),
      targetPort: port.targetPort ?? null,
    })),
    resolution: RESOLUTION[spec.resolution ?? 'NONE'] ?? 'Passthrough',
    meshExternal: (spec.location ?? 'MESH_EXTERNAL') === 'MESH_EXTERNAL',
    source: 'External',
    creationTime: creationTimeOf(resource),
    order: metadata.order,
    exportTo: spec.exportTo ?? [],
    labels: metadata.labels,
    selector: spec.workloadSelector?.labels ?? null,
    serviceAccounts: spec.subjectAltNames ?? [],
    headless: false,
    externalName: null,
    publishNotReadyAddresses: false,
    nodeLocal: false,
    trafficDistribution: trafficDistribution(undefined, metadata.annotations),
    resource,
  }))
}

/** All services, oldest first. */
export function buildServices(input: RegistryInput): Service[] {
  const services: Service[] = []
  const controlled = allocatesByController(input.featureFlags)
  for (const resource of input.resources) {
    if (resource.kind === 'Service' && !resource.apiVersion.includes('/')) {
      const { name, namespace } = resource.metadata
      services.push(
        kubernetesService(resource, input.clusterIps.get(`${name}.${namespace}`), input.meshConfig.trustDomain),
      )
    } else if (resource.kind === 'ServiceEntry') {
      services.push(
        ...entryServices(resource, host => (controlled ? allocatedIps(resource, host, input.entryIps) : [])),
      )
    }
  }
  if (!controlled) for (const [service, addresses] of hashedIps(services)) service.autoAllocated = addresses
  return services.sort(compareAge)
}

/** Alias -> concrete hostname, through any number of hops; loops are nowhere (resolveServiceAliases). */
export function resolveAliases(services: readonly Service[]): ReadonlyMap<Service, string> {
  const next = new Map<string, string>()
  for (const service of services) if (service.externalName !== null) next.set(service.hostname, service.externalName)
  const resolved = new Map<Service, string>()
  for (const service of services) {
    if (service.externalName === null) continue
    const seen = new Set([service.hostname])
    let target: string | undefined = service.externalName
    while (target !== undefined && next.has(target) && !seen.has(target)) {
      seen.add(target)
      target = next.get(target)
    }
    if (target !== undefined && !next.has(target)) resolved.set(service, target)
  }
  return resolved
}
