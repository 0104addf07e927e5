// Endpoints of one cluster: which of a service's, grouped by place, as Envoy reads them
// (pilot/pkg/xds/endpoints/endpoint_builder.go).
import type { MergedDestinationRule, MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText, isIpAddress, subsetOf } from '../../registry/names.ts'
import type { IstioEndpoint, Locality, ProxyNode, Service } from '../../registry/types.ts'
import type { ClusterLoadAssignment, JsonObject } from '../../xds/types.ts'
import { effectivePolicy, ruleTlsMode, subsetLabels } from './destination-rule-policy.ts'
import {
  applyLbSetting,
  effectiveLbSetting,
  forcesUnhealthy,
  type LocalityGroup,
  sendsUnhealthy,
} from './load-balancer.ts'

/** What a set of endpoints is made for. */
export interface EndpointTarget {
  service: Service
  port: number
  subset: string
  rule: MergedDestinationRule | null
}

/** `region/zone/subzone`, empty tail left out: the order of places. */
const localityText = (locality: Locality): string =>
  [locality.region, locality.zone, locality.subzone].join('/').replace(/\/+$/, '')

const localityJson = (locality: Locality): JsonObject => ({
  ...(locality.region ? { region: locality.region } : {}),
  ...(locality.zone ? { zone: locality.zone } : {}),
  ...(locality.subzone ? { sub_zone: locality.subzone } : {}),
})

function visible(snapshot: MeshSnapshot, proxy: ProxyNode, target: EndpointTarget, endpoint: IstioEndpoint): boolean {
  const { service, rule, port, subset } = target
  if (service.nodeLocal && endpoint.nodeName !== proxy.nodeName) return false
  if (endpoint.terminating) return false
  if (!endpoint.healthy) {
    if (!sendsUnhealthy(snapshot, service)) return false
    const minimum = effectivePolicy(rule, port, subset)?.outlierDetection?.minHealthPercent ?? 0
    if (minimum > 0 && !forcesUnhealthy(snapshot, service)) return false
  }
  return true
}

/** Canonical service and revision by the labels that Istio looks at, in order. */
function canonical(endpoint: IstioEndpoint): { name: string; revision: string } {
  const { labels } = endpoint
  const name =
    labels['service.istio.io/canonical-name'] ??
    labels['app.kubernetes.io/name'] ??
    labels['app'] ??
    endpoint.workloadName
  const revision =
    labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? labels['version'] ?? ''
  return { name, revision: revision === 'latest' ? '' : revision }
}

function mutualTls(snapshot: MeshSnapshot, target: EndpointTarget, endpoint: IstioEndpoint): boolean {
  const mode = ruleTlsMode(target.rule, target.port, target.subset)
  if (mode !== null) return mode === 'ISTIO_MUTUAL'
  if (endpoint.tlsMode !== 'istio') return false
  const effective = snapshot.mutualTls(endpoint.namespace, endpoint.labels)
  return (effective.ports.get(endpoint.port) ?? effective.mode) !== 'DISABLE'
}

function lbEndpoint(snapshot: MeshSnapshot, proxy: ProxyNode, target: EndpointTarget, endpoint: IstioEndpoint) {
  const weight = endpoint.weight > 0 ? endpoint.weight : 1
  const { name, revision } = canonical(endpoint)
  const tlsMode = mutualTls(snapshot, target, endpoint) ? endpoint.tlsMode : ''
  const address: JsonObject =
    endpoint.port === 0
      ? { pipe: { path: endpoint.address } }
      : { socket_address: { address: endpoint.address, port_value: endpoint.port } }
  const workload = `${endpoint.workloadName};${endpoint.namespace};${name};${revision};${proxy.clusterId}`
  const lb: JsonObject = {
    endpoint: { address },
    ...(endpoint.unknownHealth ? {} : { health_status: endpoint.healthy ? 'HEALTHY' : 'UNHEALTHY' }),
    load_balancing_weight: weight,
    metadata: {
      filter_metadata: {
        ...(tlsMode !== '' && tlsMode !== 'disabled' ? { 'envoy.transport_socket_match': { tlsMode } } : {}),
        istio: { workload },
      },
    },
  }
  return { endpoint, lb, weight }
}

/** Endpoints by place, in the order of the places' names. */
export function localityGroups(
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
  target: EndpointTarget,
  endpoints: readonly IstioEndpoint[],
): LocalityGroup[] {
  const labels = subsetLabels(target.rule, target.subset)
  const groups = new Map<string, LocalityGroup>()
  for (const endpoint of endpoints) {
    if (!subsetOf(labels, endpoint.labels) || !visible(snapshot, proxy, target, endpoint)) continue
    const key = localityText(endpoint.locality)
    let group = groups.get(key)
    if (!group) {
      group = { locality: endpoint.locality, priority: 0, weight: 0, members: [] }
      groups.set(key, group)
    }
    const member = lbEndpoint(snapshot, proxy, target, endpoint)
    group.members.push(member)
    group.weight += member.weight
  }
  return [...groups].sort(([a], [b]) => compareText(a, b)).map(([, group]) => group)
}

export const groupsJson = (groups: readonly LocalityGroup[]): JsonObject[] =>
  groups.map(group => ({
    locality: localityJson(group.locality),
    ...(group.members.length > 0 ? { lb_endpoints: group.members.map(m => m.lb) } : {}),
    load_balancing_weight: group.weight,
    ...(group.priority > 0 ? { priority: group.priority } : {}),
  }))

/** Assignment of one EDS cluster. */
export function loadAssignment(
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
  name: string,
  target: EndpointTarget | null,
): ClusterLoadAssignment {
  if (!target?.service.ports.some(p => p.port === target.port)) return { cluster_name: name }
  const { service, port, subset, rule } = target
  if (service.resolution === 'DNSLB' || service.resolution === 'DNSRoundRobinLB') return { cluster_name: name }
  const usable = snapshot.endpoints(service, port).filter(e => e.port === 0 || isIpAddress(e.address))
  const groups = localityGroups(snapshot, proxy, target, usable)
  if (groups.length === 0) return { cluster_name: name }
  const policy = effectivePolicy(rule, port, subset)
  const setting = effectiveLbSetting(snapshot.meshConfig, policy?.loadBalancer, service)
  const applied = applyLbSetting(groups, setting, proxy, policy?.outlierDetection !== undefined)
  return { cluster_name: name, endpoints: groupsJson(applied) }
}
