// Locality and zone aware load balancing: which setting counts, what it does to a cluster and to its endpoints
// (pilot/pkg/networking/core/loadbalancer/loadbalancer.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { IstioEndpoint, Locality, ProxyNode, Service } from '../../registry/types.ts'
import type { LoadBalancerSettings, LocalityLoadBalancerSetting, MeshConfig } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'

type ZoneAware = NonNullable<LoadBalancerSettings['zoneAwareLbSetting']>

export type LbSetting =
  | { kind: 'locality'; setting: LocalityLoadBalancerSetting; force: boolean }
  | { kind: 'zone-aware'; setting: ZoneAware }

const NETWORK = 'topology.istio.io/network'
const REGION = 'topology.kubernetes.io/region'
const ZONE = 'topology.kubernetes.io/zone'
const SUBZONE = 'topology.istio.io/subzone'
const HOSTNAME = 'kubernetes.io/hostname'

/** DestinationRule over the Service's traffic distribution over the mesh; zone aware over locality at each level. */
export function effectiveLbSetting(
  mesh: MeshConfig,
  rule: LoadBalancerSettings | undefined,
  service: Service | null,
): LbSetting | null {
  if (rule?.zoneAwareLbSetting) return { kind: 'zone-aware', setting: rule.zoneAwareLbSetting }
  if (rule?.localityLbSetting) {
    if (rule.localityLbSetting.enabled === false) return null
    return { kind: 'locality', setting: rule.localityLbSetting, force: false }
  }
  const distribution = service?.trafficDistribution ?? ''
  if (distribution === 'PreferClose' || distribution === 'PreferSameZone') {
    return { kind: 'locality', setting: { enabled: true, failoverPriority: [NETWORK, REGION, ZONE] }, force: true }
  }
  if (distribution === 'PreferSameNode') {
    const failoverPriority = [NETWORK, REGION, ZONE, SUBZONE, HOSTNAME]
    return { kind: 'locality', setting: { enabled: true, failoverPriority }, force: true }
  }
  if (mesh.zoneAwareLbSetting) return { kind: 'zone-aware', setting: mesh.zoneAwareLbSetting as ZoneAware }
  if (mesh.localityLbSetting && mesh.localityLbSetting.enabled !== false) {
    return { kind: 'locality', setting: mesh.localityLbSetting, force: false }
  }
  return null
}

/** Fields of common_lb_config that the setting brings; `always`: istiod's flag ENABLE_LOCALITY_WEIGHTED_LB_CONFIG. */
export function localityLbConfig(setting: LbSetting | null, outlierDetection: boolean, always: boolean): JsonObject {
  if (!setting) return {}
  if (setting.kind === 'zone-aware') {
    const { enabled, minClusterSize } = setting.setting
    return {
      zone_aware_lb_config: {
        ...(enabled === false ? { routing_enabled: {} } : {}),
        ...(minClusterSize === undefined ? {} : { min_cluster_size: String(minClusterSize) }),
      },
    }
  }
  const { failover, failoverPriority, distribute } = setting.setting
  const fails = (setting.force || outlierDetection) && (failover !== undefined || failoverPriority !== undefined)
  return always || fails || distribute !== undefined ? { locality_weighted_lb_config: {} } : {}
}

/** Services with traffic distribution always know of endpoints that are not ready; others unless the flag is off. */
export const sendsUnhealthy = (snapshot: MeshSnapshot, service: Service | null): boolean =>
  snapshot.flagOn('PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS', true) || forcesUnhealthy(snapshot, service)

export const forcesUnhealthy = (snapshot: MeshSnapshot, service: Service | null): boolean =>
  snapshot.flagOn('PILOT_SEND_UNHEALTHY_ENDPOINTS', false) || (service?.trafficDistribution ?? '') !== ''

/** Endpoints of one place and one priority. */
export interface LocalityGroup {
  locality: Locality
  priority: number
  weight: number
  members: { endpoint: IstioEndpoint; lb: JsonObject; weight: number }[]
}

/** Gives the groups priorities and weights as seen from the proxy. */
export function applyLbSetting(
  groups: LocalityGroup[],
  setting: LbSetting | null,
  proxy: ProxyNode,
  outlierDetection: boolean,
): LocalityGroup[] {
  if (!setting) return groups
  // labels of the proxy's place are among them where istiod has added them when it connected (xds/ads.go setTopologyLabels)
  const { labels } = proxy
  if (setting.kind === 'zone-aware') {
    if (setting.setting.enabled === false) return groups
    const { failoverPriority = [], failover = [] } = setting.setting
    const split = failoverPriority.length > 0 ? byLabels(groups, failoverPriority, labels) : groups
    return compact(split.map(group => ({ ...group, priority: group.priority * 3 + region3(group, proxy, failover) })))
  }
  const { distribute, failover = [], failoverPriority = [] } = setting.setting
  if (distribute) return distributed(groups, distribute, proxy.locality)
  if (!setting.force && !outlierDetection) return groups
  const split = failoverPriority.length > 0 ? byLabels(groups, failoverPriority, labels) : groups
  if (failoverPriority.length > 0 && failover.length === 0) return split
  return compact(split.map(group => ({ ...group, priority: group.priority * 5 + distance(group, proxy, failover) })))
}

interface Failover {
  from?: string | undefined
  to?: string | undefined
}

function region3(group: LocalityGroup, proxy: ProxyNode, failover: readonly Failover[]): number {
  if (group.locality.region === proxy.locality.region) return 0
  const rule = failover.find(f => (f.from ?? '') === proxy.locality.region)
  return rule && group.locality.region === rule.to ? 1 : 2
}

/** 0 same subzone, 1 same zone, 2 same region, 3 elsewhere (or where failover sends), 4 not where failover sends. */
function distance(group: LocalityGroup, proxy: ProxyNode, failover: readonly Failover[]): number {
  const [there, here] = [group.locality, proxy.locality]
  if (there.region === here.region) {
    if (there.zone !== here.zone) return 2
    return there.subzone === here.subzone ? 0 : 1
  }
  const rule = failover.find(f => (f.from ?? '') === here.region)
  return rule && there.region !== rule.to ? 4 : 3
}

/** Priorities 0..N without gaps. */
function compact(groups: LocalityGroup[]): LocalityGroup[] {
  const levels = [...new Set(groups.map(group => group.priority))].sort((a, b) => a - b)
  return groups.map(group => ({ ...group, priority: levels.indexOf(group.priority) }))
}

/** Splits each place by how many leading labels agree with the proxy's. */
function byLabels(
  groups: readonly LocalityGroup[],
  priorities: readonly string[],
  labels: Readonly<Record<string, string>>,
): LocalityGroup[] {
  if (Object.keys(labels).length === 0 || groups.length === 0) return [...groups]
  const wanted = priorities.map(text => {
    const parts = text.split('=')
    const name = parts[0] ?? ''
    return { name, value: parts.length === 2 ? (parts[1] ?? '') : (labels[name] ?? '') }
  })
  const network = priorities[0] === NETWORK
  const rank = (endpoint: IstioEndpoint): number => {
    let penalty = 0
    for (const [index, { name, value }] of wanted.entries()) {
      if (value === (endpoint.labels[name] ?? '')) continue
      // another network is a penalty, not the end of the comparison
      if (index === 0 && network) penalty = wanted.length
      else return wanted.length - index + penalty
    }
    return penalty
  }
  const out: LocalityGroup[] = []
  for (const group of groups) {
    const levels = new Map<number, LocalityGroup['members']>()
    for (const member of group.members) {
      const level = rank(member.endpoint)
      const known = levels.get(level)
      if (known) known.push(member)
      else levels.set(level, [member])
    }
    for (const [priority, members] of [...levels].sort(([a], [b]) => a - b)) {
      out.push({ ...group, priority, members, weight: members.reduce((sum, m) => sum + m.weight, 0) })
    }
  }
  return compact(out)
}

const matches = (locality: Locality, pattern: string): boolean => {
  const [region = '', zone = '', subzone = ''] = pattern.split('/')
  if (region !== '*' && locality.region !== region) return false
  if (zone !== '*' && zone !== '' && locality.zone !== zone) return false
  return subzone === '*' || subzone === '' || locality.subzone === subzone
}

/** Shares of places as the rule for the proxy's own place says; places without a share lose their endpoints. */
function distributed(
  groups: LocalityGroup[],
  rules: NonNullable<LocalityLoadBalancerSetting['distribute']>,
  here: Locality,
): LocalityGroup[] {
  const rule = rules.find(r => matches(here, r.from ?? ''))
  if (!rule) return groups
  const left = new Set(groups.keys())
  const weights = new Map<number, number>()
  for (const [pattern, share] of Object.entries(rule.to ?? {})) {
    const chosen = [...left].filter(index => matches(groups[index]?.locality ?? here, pattern))
    const total = chosen.reduce((sum, index) => sum + (groups[index]?.weight ?? 0), 0)
    for (const index of chosen) {
      left.delete(index)
      const weight = ((groups[index]?.weight ?? 0) * share) / total
      if (weight > 0) weights.set(index, Math.ceil(weight))
    }
  }
  return groups.map((group, index) =>
    left.has(index) ? { ...group, members: [] } : { ...group, weight: weights.get(index) ?? group.weight },
  )
}
