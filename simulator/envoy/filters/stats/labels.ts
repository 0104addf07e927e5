// The labels of Istio's standard metrics, in the order in which its filter puts them down
// (istio/proxy: source/extensions/filters/http/istio_stats/istio_stats.cc).
import { list, object, text } from '../../json.ts'
import type { WorkloadMetadata } from '../../options.ts'
import type { UpstreamCluster } from '../../upstream/cluster.ts'
import type { Host } from '../../upstream/host.ts'

export interface Facts {
  reporter: 'source' | 'destination'
  own: WorkloadMetadata
  peer: WorkloadMetadata | null
  /** URI names of the certificates of this connection; '' without. */
  peerPrincipal: string
  ownPrincipal: string
  /** Host and short name of the service asked for; '' unknown. */
  service: string
  serviceName: string
  protocol: 'http' | 'grpc' | 'tcp'
  /** null: not an HTTP metric. `grpc`: '' where there was no gRPC status. */
  http: { code: number; grpc: string } | null
  flags: readonly string[]
}

const UNKNOWN = 'unknown'
const or = (value: string | undefined, fallback: string): string => value || fallback

/** `spiffe://trust/ns/NAMESPACE/sa/account`. */
function namespaceOf(principal: string): string {
  return /\/ns\/([^/]*)/.exec(principal)?.[1] ?? ''
}

/** Labels of one side of the call. A side that nobody told of has `unknown`, and revision `latest`. */
function side(
  prefix: string,
  who: WorkloadMetadata | null,
  principal: string,
  namespace: string,
  own: boolean,
): [string, string][] {
  const word = (value: string | undefined): string => (own ? (value ?? '') : or(value, UNKNOWN))
  return [
    [`${prefix}_workload`, word(who?.workload)],
    [`${prefix}_workload_namespace`, own ? namespace : or(namespace, UNKNOWN)],
    [`${prefix}_principal`, or(principal, UNKNOWN)],
    [`${prefix}_app`, word(who?.app)],
    [`${prefix}_version`, word(who?.version)],
    [`${prefix}_canonical_service`, word(who?.canonicalName)],
    [`${prefix}_canonical_revision`, own ? (who?.canonicalRevision ?? '') : or(who?.canonicalRevision, 'latest')],
    [`${prefix}_cluster`, word(who?.cluster)],
  ]
}

export function standardLabels(facts: Facts): [string, string][] {
  const { reporter, own, peer, peerPrincipal, ownPrincipal, http } = facts
  const peerNamespace = namespaceOf(peerPrincipal) || peer?.namespace || ''
  const inbound = reporter === 'destination'
  const source = inbound
    ? side('source', peer, peerPrincipal, peerNamespace, false)
    : side('source', own, ownPrincipal, own.namespace, true)
  const destination = inbound
    ? side('destination', own, ownPrincipal, own.namespace, true)
    : side('destination', peer, peerPrincipal, peerNamespace, false)
  const nobody = inbound ? own.canonicalName : UNKNOWN
  const security = peerPrincipal !== '' && ownPrincipal !== '' ? 'mutual_tls' : 'none'
  return [
    ['reporter', reporter],
    ...source,
    ...destination,
    ['destination_service', or(facts.service, nobody)],
    ['destination_service_name', or(facts.serviceName, nobody)],
    ['destination_service_namespace', inbound ? own.namespace : or(peerNamespace, UNKNOWN)],
    ['request_protocol', facts.protocol],
    ...(http === null
      ? []
      : ([
          ['response_code', String(http.code)],
          ['grpc_response_status', http.grpc],
        ] as [string, string][])),
    ['response_flags', facts.flags.length === 0 ? '-' : facts.flags.join(',')],
    ['connection_security_policy', inbound ? security : UNKNOWN],
  ]
}

/** Names of the labels that a Telemetry may remove or set anew; others it adds. */
export const STANDARD_LABELS: ReadonlySet<string> = new Set(
  standardLabels({
    reporter: 'source',
    own: { workload: '', namespace: '', canonicalName: '', canonicalRevision: '', app: '', version: '', cluster: '' },
    peer: null,
    peerPrincipal: '',
    ownPrincipal: '',
    service: '',
    serviceName: '',
    protocol: 'http',
    http: { code: 0, grpc: '' },
    flags: [],
  }).map(([name]) => name),
)

const OWN_NAMES = new Set([
  'BlackHoleCluster',
  'PassthroughCluster',
  'InboundPassthroughCluster',
  'InboundPassthroughClusterIpv4',
  'InboundPassthroughClusterIpv6',
])

/** The service asked for: by the route's name, the cluster's metadata, else by what the request says (`authority`). */
export function serviceOf(
  cluster: UpstreamCluster | null,
  routeName: string,
  authority: string,
): { service: string; serviceName: string } {
  if (routeName === 'block_all') return { service: authority, serviceName: 'BlackHoleCluster' }
  if (routeName === 'allow_any') return { service: authority, serviceName: 'PassthroughCluster' }
  if (cluster === null) return { service: authority, serviceName: authority }
  if (OWN_NAMES.has(cluster.name)) return { service: authority, serviceName: cluster.name }
  const metadata = object(object(object(cluster.config.metadata).filter_metadata).istio)
  const first = list(metadata.services)[0]
  if (first === undefined) return { service: authority, serviceName: authority }
  const service = text(object(first).host, authority)
  return { service, serviceName: text(object(first).name, service.split('.')[0]) }
}

/** What EDS says of the workload behind an endpoint: `name;namespace;canonical;revision;cluster`. */
export function endpointMetadata(host: Host | null): WorkloadMetadata | null {
  if (host === null) return null
  const told = text(object(object(host.metadata.filter_metadata).istio).workload)
  if (told === '') return null
  const [workload = '', namespace = '', canonicalName = '', canonicalRevision = '', cluster = ''] = told.split(';')
  return { workload, namespace, canonicalName, canonicalRevision, cluster, app: '', version: '' }
}

/** The identity that a certificate carries: its first URI name. */
export function principalOf(sans: readonly string[] | undefined): string {
  return sans?.find(san => san.includes('://')) ?? ''
}
