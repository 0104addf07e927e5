// Looks into one proxy: what it listens to, how its routes lead, what its clusters hold. Reads only.
import type { Chain, CompiledListener, CompiledRoute, RouteTable, UpstreamCluster } from '../envoy/index.ts'
import type { Resource } from '../resources/types.ts'
import { placeOf, type Simulation } from '../scenario/index.ts'
import type { JsonObject } from '../xds/types.ts'
import type {
  ChainFrame,
  ClusterFrame,
  HostFrame,
  ListenerFrame,
  ProxyState,
  RouteFrame,
  RouteTableFrame,
} from './proxy-frame.ts'

/** What a run knows beside the simulation. */
export interface ProxyKnowledge {
  nodeOfAddress(address: string): { pod: string; node: string }
  /** Push that the proxy took last in a type; 0 = what it began with. */
  versionOf(type: string): number
  pushes: number
}

/** Null: the pod is not there, or has no proxy. */
export function proxyState(simulation: Simulation, pod: string, knowledge: ProxyKnowledge): ProxyState | null {
  const { world } = simulation
  const proxy = world.pod(pod)?.proxy ?? null
  if (proxy === null) return null
  const resources = world.currentResources()
  const { live, options } = proxy
  const row = world.controlPlane.status().find(status => status.name === pod)
  const certificate = options.certificate()
  return {
    kind: options.type,
    listeners: sorted([...live.listeners.values()].map(({ compiled }) => listenerFrame(compiled))),
    routes: sorted([...live.routes.values()].map(({ compiled }) => tableFrame(compiled, resources))),
    clusters: sorted(
      [...live.clusters.values()].map(({ compiled }) =>
        clusterFrame(compiled, knowledge, resources, options.scheduler),
      ),
    ),
    sync: (['LDS', 'RDS', 'CDS', 'EDS'] as const).map(type => ({
      type,
      status: row?.types[type].status ?? 'NOT SENT',
      version: knowledge.versionOf(type),
      error: row?.types[type].error ?? '',
    })),
    istiod: row?.istiod ?? '',
    pushes: knowledge.pushes,
    certificate:
      certificate === null
        ? null
        : {
            name: certificate.sans[0] ?? certificate.subject,
            issuer: certificate.issuer,
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter,
          },
  }
}

function listenerFrame({ name, address, port, direction, chains, fallback }: CompiledListener): ListenerFrame {
  const all = fallback === null ? chains : [...chains, fallback]
  return {
    name,
    address: `${address}:${port}`,
    direction,
    chains: all.map(chain => chainFrame(chain, chain === fallback)),
  }
}

function chainFrame(chain: Chain, fallback: boolean): ChainFrame {
  const { config, tls, name } = chain
  const manager = config.filters
    .map(filter => filter.typed_config)
    .find(typed => endsWith(typed, 'HttpConnectionManager'))
  const http = list(manager?.['http_filters']).map(filter => shortName(text(object(filter)['name'])))
  return {
    name,
    match: fallback ? 'none of these' : matchInWords(chain),
    tls: tls !== null,
    network: config.filters.map(filter => shortName(filter.name)),
    http,
    routes: text(object(manager?.['rds'])['route_config_name']) || text(object(manager?.['route_config'])['name']),
  }
}

function matchInWords({ config }: Chain): string {
  const match = config.filter_chain_match ?? {}
  const words: string[] = []
  if (match.destination_port !== undefined) words.push(`port ${match.destination_port}`)
  const ranges = (match.prefix_ranges ?? []).map(range => `${range.address_prefix}/${range.prefix_len ?? 0}`)
  if (ranges.length > 0) words.push(`to ${ranges.join(', ')}`)
  if ((match.server_names ?? []).length > 0) words.push(`SNI ${match.server_names?.join(', ')}`)
  if (match.transport_protocol) words.push(match.transport_protocol === 'tls' ? 'TLS' : 'plaintext')
  if ((match.application_protocols ?? []).length > 0) words.push(`ALPN ${match.application_protocols?.join(', ')}`)
  return words.join(' · ')
}

function tableFrame(table: RouteTable, resources: readonly Resource[]): RouteTableFrame {
  const hosts = new Set([...table.exact.values(), ...[...table.suffix, ...table.prefix].map(({ host }) => host)])
  if (table.any !== null) hosts.add(table.any)
  return {
    name: table.name,
    hosts: [...hosts].map(host => ({
      name: host.name,
      domains: host.config.domains,
      routes: host.routes.map(route => routeFrame(route, resources)),
    })),
  }
}

function routeFrame(route: CompiledRoute, resources: readonly Resource[]): RouteFrame {
  const { name, conditions, clusters, total, origin } = route
  let before = 0
  const to = clusters.map(({ name: cluster, until }) => {
    const share = total === 0 ? 100 : (100 * (until - before)) / total
    before = until
    return { cluster, share: Math.round(share * 10) / 10 }
  })
  return { name, match: conditions.map(({ words }) => words), to, source: placeOf(origin, resources) }
}

function clusterFrame(
  cluster: UpstreamCluster,
  knowledge: ProxyKnowledge,
  resources: readonly Resource[],
  { now }: { now: number },
): ClusterFrame {
  const { name, type, config, breakers, hosts } = cluster
  const origin = text(object(object(object(config.metadata)['filter_metadata'])['istio'])['config'])
  const gauge = ({ count, limit }: { count: number; limit: number }) => ({ used: count, limit })
  return {
    name,
    type,
    balancer: text(config['lb_policy']) || 'ROUND_ROBIN',
    tls: config['transport_socket'] !== undefined || config['transport_socket_matches'] !== undefined,
    source: placeOf(origin, resources),
    connections: gauge(breakers.connections),
    pending: gauge(breakers.pending),
    requests: gauge(breakers.requests),
    retries: { used: breakers.retries.count, limit: breakers.retries.most },
    total: cluster.stat('upstream_rq_total'),
    overflow: cluster.stat('upstream_rq_pending_overflow') + cluster.stat('upstream_cx_overflow'),
    hosts: hosts.map((host): HostFrame => {
      const { key, weight, priority, locality, health, active, pool, monitor } = host
      const ejected = monitor?.ejected === true
      return {
        address: key,
        ...knowledge.nodeOfAddress(key),
        weight,
        priority,
        locality,
        health,
        active,
        connections: pool.size,
        ejectedAt: ejected ? monitor.ejectedAt : -1,
        ejectedUntil: ejected ? Math.max(now, cluster.ejectedUntil(host)) : -1,
      }
    }),
  }
}

const sorted = <T extends { name: string }>(list: T[]): T[] => list.sort((a, b) => (a.name < b.name ? -1 : 1))
const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null ? (value as JsonObject) : {}
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const endsWith = (typed: JsonObject | undefined, kind: string): boolean => text(typed?.['@type']).endsWith(kind)

/** `envoy.filters.http.jwt_authn` -> `jwt_authn`. */
const shortName = (name: string): string => name.replace(/^(?:envoy|istio)\.(?:filters\.(?:http|network)\.)?/, '')
