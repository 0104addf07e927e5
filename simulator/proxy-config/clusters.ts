// `istioctl proxy-config clusters` and `endpoints` (istioctl/pkg/writer/envoy/configdump/cluster.go, endpoint.go).
import type { Cluster, ClusterLoadAssignment } from '../xds/types.ts'
import { listAt, managedBy, objectAt, textAt } from './read.ts'
import { formatTable } from './table.ts'

export interface ClusterFilter {
  fqdn?: string
  port?: number
  subset?: string
  direction?: string
}

interface SubsetKey {
  direction: string
  subset: string
  fqdn: string
  port: number
}

function parseKey(name: string): SubsetKey | null {
  const parts = name.split('|')
  if (parts.length <= 3) return null
  return { direction: parts[0]!, port: Number(parts[1]), subset: parts[2]!, fqdn: parts[3]! }
}

function passes(name: string, filter: ClusterFilter): boolean {
  if (filter.fqdn && !name.includes(filter.fqdn)) return false
  if (filter.direction && !name.includes(filter.direction)) return false
  if (filter.subset && !name.includes(filter.subset)) return false
  return !filter.port || name.includes(`|${filter.port}|`)
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** The table, or null where istioctl says "no clusters found". */
export function clustersTable(clusters: readonly Cluster[], filter: ClusterFilter = {}): string | null {
  if (clusters.length === 0) return null
  const keyed = clusters.map(cluster => ({
    cluster,
    key: parseKey(cluster.name),
    sort: parseKey(cluster.name) ?? { direction: '', subset: '', fqdn: cluster.name, port: 0 },
  }))
  keyed.sort(
    (a, b) =>
      compare(a.sort.fqdn, b.sort.fqdn) ||
      compare(a.sort.subset, b.sort.subset) ||
      compare(a.sort.port, b.sort.port) ||
      compare(a.sort.direction, b.sort.direction),
  )
  const rows = keyed
    .filter(({ cluster }) => passes(cluster.name, filter))
    .map(({ cluster, key }) => [
      key?.fqdn ?? cluster.name,
      key ? String(key.port) : '-',
      key?.subset || '-',
      key?.direction ?? '-',
      objectAt(cluster, 'cluster_type') ? 'STATIC' : (cluster.type ?? 'STATIC'),
      managedBy(cluster.metadata),
    ])
  return formatTable([['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'], ...rows], 5)
}

/** Endpoints as EDS gives them; outlier checks are those of a proxy that has seen no failure. */
export function endpointsTable(assignments: readonly ClusterLoadAssignment[]): string {
  const rows: string[][] = []
  for (const assignment of assignments) {
    for (const locality of assignment.endpoints ?? []) {
      for (const host of listAt(locality, 'lb_endpoints')) {
        const socket = objectAt(host, 'endpoint', 'address', 'socket_address')
        const pipe = objectAt(host, 'endpoint', 'address', 'pipe')
        const address = socket
          ? `${textAt(socket, 'address')}:${textAt(socket, 'port_value')}`
          : `unix://${textAt(pipe ?? {}, 'path')}`
        rows.push([address, textAt(host, 'health_status') || 'HEALTHY', 'OK', assignment.cluster_name])
      }
    }
  }
  rows.sort((a, b) => compare(addressKey(a[0]!), addressKey(b[0]!)) || compare(a[3]!, b[3]!))
  return formatTable([['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'], ...rows], 5)
}

/** Address first as text, then the port as a number: 10.0.0.1:443 stands before 10.0.0.1:8080. */
function addressKey(endpoint: string): string {
  const colon = endpoint.lastIndexOf(':')
  return colon < 0 ? endpoint : `${endpoint.slice(0, colon)} ${endpoint.slice(colon + 1).padStart(6, '0')}`
}
