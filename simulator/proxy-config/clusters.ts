// `istioctl proxy-config clusters` and `endpoints` (istioctl/pkg/writer/envoy/configdump/cluster.go, endpoint.go).
import type { Cluster, ClusterLoadAssignment, Json } from '../xds/types.ts'
import { listAt, managedBy, objectAt, textAt } from './read.ts'
import { formatTable } from './table.ts'

export interface ClusterFilter {
  fqdn?: string | undefined
  port?: number | undefined
  subset?: string | undefined
  direction?: string | undefined
}

/** Conditions all hold; texts are compared without case. */
export interface EndpointFilter {
  address?: string | undefined
  port?: number | undefined
  cluster?: string | undefined
  /** Envoy's health status. */
  status?: string | undefined
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

/** Those that the filter lets pass, in istioctl's order. */
export function filterClusters(clusters: readonly Cluster[], filter: ClusterFilter): Cluster[] {
  return clusters
    .map(cluster => ({
      cluster,
      sort: parseKey(cluster.name) ?? { direction: '', subset: '', fqdn: cluster.name, port: 0 },
    }))
    .sort(
      (a, b) =>
        compare(a.sort.fqdn, b.sort.fqdn) ||
        compare(a.sort.subset, b.sort.subset) ||
        compare(a.sort.port, b.sort.port) ||
        compare(a.sort.direction, b.sort.direction),
    )
    .map(({ cluster }) => cluster)
    .filter(cluster => passes(cluster.name, filter))
}

/** The table, or null where istioctl says "no clusters found". */
export function clustersTable(clusters: readonly Cluster[], filter: ClusterFilter = {}): string | null {
  if (clusters.length === 0) return null
  const rows = filterClusters(clusters, filter).map(cluster => {
    const key = parseKey(cluster.name)
    return [
      key?.fqdn ?? cluster.name,
      key ? String(key.port) : '-',
      key?.subset || '-',
      key?.direction ?? '-',
      objectAt(cluster, 'cluster_type') ? 'STATIC' : (cluster.type ?? 'STATIC'),
      managedBy(cluster.metadata),
    ]
  })
  return formatTable([['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'], ...rows], 5)
}

const hostsOf = (assignment: ClusterLoadAssignment): Json[] =>
  (assignment.endpoints ?? []).flatMap(locality => listAt(locality, 'lb_endpoints'))

const statusOf = (host: Json): string => textAt(host, 'health_status') || 'HEALTHY'

function addressOf(host: Json): { address: string; port: string } {
  const socket = objectAt(host, 'endpoint', 'address', 'socket_address')
  if (socket) return { address: textAt(socket, 'address'), port: textAt(socket, 'port_value') }
  const pipe = objectAt(host, 'endpoint', 'address', 'pipe')
  return { address: `unix://${textAt(pipe ?? undefined, 'path')}`, port: '' }
}

const sameText = (wanted: string | undefined, got: string): boolean =>
  !wanted || wanted.toLowerCase() === got.toLowerCase()

function hostPasses(host: Json, cluster: string, filter: EndpointFilter): boolean {
  const { address, port } = addressOf(host)
  if (!sameText(filter.address, address) || !sameText(filter.cluster, cluster)) return false
  if (filter.port && port !== String(filter.port)) return false
  return sameText(filter.status, statusOf(host))
}

/** Assignments of which some endpoint passes, whole, as istioctl prints them in JSON. */
export function filterEndpoints(
  assignments: readonly ClusterLoadAssignment[],
  filter: EndpointFilter,
): ClusterLoadAssignment[] {
  return assignments.filter(assignment =>
    hostsOf(assignment).some(host => hostPasses(host, assignment.cluster_name, filter)),
  )
}

/** Endpoints as EDS gives them; outlier checks are those of a proxy that has seen no failure. */
export function endpointsTable(assignments: readonly ClusterLoadAssignment[], filter: EndpointFilter = {}): string {
  const rows: string[][] = []
  for (const assignment of assignments) {
    for (const host of hostsOf(assignment)) {
      if (!hostPasses(host, assignment.cluster_name, filter)) continue
      const { address, port } = addressOf(host)
      rows.push([port === '' ? address : `${address}:${port}`, statusOf(host), 'OK', assignment.cluster_name])
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
