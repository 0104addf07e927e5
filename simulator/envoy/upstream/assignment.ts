// From a ClusterLoadAssignment to the hosts it means, names looked up
// (envoy: source/common/upstream/eds.cc, strict_dns_cluster.cc, logical_dns_cluster.cc).
import type { ClusterLoadAssignment, JsonObject } from '../../xds/types.ts'
import { list, number, object, text } from '../json.ts'
import { type EndpointHealth, endpointHealth } from './host.ts'

const OVERPROVISIONING = 140

export interface AssignedHost {
  ip: string
  port: number
  weight: number
  priority: number
  locality: string
  health: EndpointHealth
  metadata: JsonObject
}

export interface Assigned {
  hosts: AssignedHost[]
  /** By `priority/region/zone/subzone`. */
  localityWeights: Map<string, number>
  /** Percent. */
  overprovisioning: number
  /** Were there names to look up? */
  named: boolean
}

/** `resolve`: all addresses of a name. LOGICAL_DNS takes the first one, STRICT_DNS all. */
export function assigned(source: ClusterLoadAssignment, type: string, resolve: (name: string) => string[]): Assigned {
  const out: Assigned = {
    hosts: [],
    localityWeights: new Map(),
    overprovisioning: number(object(source.policy).overprovisioning_factor, OVERPROVISIONING),
    named: false,
  }
  for (const entry of list(source.endpoints)) {
    const group = object(entry)
    const place = object(group.locality)
    const locality = `${text(place.region)}/${text(place.zone)}/${text(place.sub_zone)}`
    const priority = number(group.priority)
    if (group.load_balancing_weight !== undefined)
      out.localityWeights.set(`${priority}/${locality}`, number(group.load_balancing_weight))
    for (const item of list(group.lb_endpoints)) {
      const endpoint = object(item)
      const address = object(object(object(endpoint.endpoint).address).socket_address)
      const name = text(address.address)
      if (name === '') continue
      let ips = [name]
      if (type.endsWith('DNS') && !isAddress(name)) {
        out.named = true
        ips = type === 'LOGICAL_DNS' ? resolve(name).slice(0, 1) : resolve(name)
      }
      for (const ip of ips)
        out.hosts.push({
          ip,
          port: number(address.port_value),
          weight: number(endpoint.load_balancing_weight, 1),
          priority,
          locality,
          health: endpointHealth(text(endpoint.health_status)),
          metadata: object(endpoint.metadata),
        })
    }
  }
  return out
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^[\d.]+$/.test(name)
}
