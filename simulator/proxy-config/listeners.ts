// `istioctl proxy-config listeners` (istioctl/pkg/writer/envoy/configdump/listener.go).
import type { FilterChain, Json, Listener, NamedFilter } from '../xds/types.ts'
import { listAt, objectAt, textAt } from './read.ts'
import { describeMatch } from './routes.ts'
import { formatTable, insertionSort } from './table.ts'

export interface ListenerFilter {
  address?: string | undefined
  port?: number | undefined
  type?: string | undefined
}

const HTTP = 'envoy.filters.network.http_connection_manager'
const TCP = 'envoy.filters.network.tcp_proxy'

/** Sets of application protocols that istioctl has a name for. */
const NAMED_PROTOCOLS: [name: string, protocols: string[]][] = [
  ['App: HTTP TLS', ['http/1.0', 'http/1.1', 'h2c', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2']],
  ['App: Istio HTTP Plain', ['istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2']],
  ['App: TCP TLS', ['istio-peer-exchange', 'istio']],
  ['App: HTTP', ['http/1.0', 'http/1.1', 'h2c']],
]

function chainsOf(listener: Listener): FilterChain[] {
  return [...(listener.filter_chains ?? []), ...(listener.default_filter_chain ? [listener.default_filter_chain] : [])]
}

function isBlackHole(filter: NamedFilter): boolean {
  return JSON.stringify(filter.typed_config ?? {}).includes('BlackHoleCluster')
}

function typeOf(listener: Listener): string {
  const filters = chainsOf(listener).flatMap(chain => chain.filters ?? [])
  const http = filters.some(filter => filter.name === HTTP)
  const tcp = filters.some(filter => filter.name === TCP && !isBlackHole(filter))
  return http ? (tcp ? 'HTTP+TCP' : 'HTTP') : tcp ? 'TCP' : 'UNKNOWN'
}

function describeProtocols(protocols: readonly string[]): string {
  const named = NAMED_PROTOCOLS.find(([, list]) => list.join() === protocols.join())
  return named?.[0] ?? `App: ${protocols.join(',')}`
}

function describeChainMatch(chain: FilterChain): string {
  const match = chain.filter_chain_match ?? {}
  const words: string[] = []
  if (match.server_names?.length) words.push(`SNI: ${match.server_names.join(',')}`)
  if (match.transport_protocol) words.push(`Trans: ${match.transport_protocol}`)
  if (match.application_protocols?.length) words.push(describeProtocols(match.application_protocols))
  const port = match.destination_port === undefined ? '' : `:${match.destination_port}`
  if (match.prefix_ranges?.length) {
    const ranges = match.prefix_ranges.map(range => `${range.address_prefix}/${range.prefix_len ?? 0}`)
    words.push(`Addr: ${ranges.join(',')}${port}`)
  } else if (port !== '') words.push(`Addr: *${port}`)
  return words.length === 0 ? 'ALL' : words.join('; ')
}

/** A cluster by its name alone when it is one of the special ones. */
function describeCluster(name: string): string {
  return name.includes('Cluster') ? name : `Cluster: ${name}`
}

/** A route configuration that sends everything to one cluster is told as that cluster. */
function matchAllCluster(hosts: readonly Json[]): string {
  const routes = hosts.length === 1 && listAt(hosts[0], 'domains').join() === '*' ? listAt(hosts[0], 'routes') : []
  if (routes.length !== 1 || textAt(objectAt(routes[0], 'match') ?? undefined, 'prefix') !== '/') return ''
  const cluster = textAt(objectAt(routes[0], 'route') ?? undefined, 'cluster')
  return cluster === '' ? '' : describeCluster(cluster)
}

function describeInlineRoutes(hosts: readonly Json[]): string {
  const all = matchAllCluster(hosts)
  if (all !== '') return all
  const described = hosts.map(host => {
    const routes = listAt(host, 'routes').map(route => describeMatch(objectAt(route, 'match') ?? undefined))
    const domains = listAt(host, 'domains').join('/')
    return domains === '*' ? routes.join(', ') : `${domains} ${routes.join(', ')}`
  })
  return `Inline Route: ${described.join('; ')}`
}

function destinationOf(chain: FilterChain): string {
  for (const filter of chain.filters ?? []) {
    if (filter.name === HTTP) {
      const inline = objectAt(filter.typed_config, 'route_config')
      if (inline) return describeInlineRoutes(listAt(inline, 'virtual_hosts'))
      const name = textAt(objectAt(filter.typed_config, 'rds') ?? undefined, 'route_config_name')
      return name === '' ? 'HTTP' : `Route: ${name}`
    }
    if (filter.name === TCP && !isBlackHole(filter)) return describeCluster(textAt(filter.typed_config, 'cluster'))
  }
  return 'Non-HTTP/Non-TCP'
}

const addressOf = (listener: Listener): string => listener.address.socket_address.address
const portOf = (listener: Listener): number => listener.address.socket_address.port_value
const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

function passes(listener: Listener, filter: ListenerFilter): boolean {
  if (filter.address && addressOf(listener).toLowerCase() !== filter.address.toLowerCase()) return false
  if (filter.port && portOf(listener) !== filter.port) return false
  return !filter.type || typeOf(listener).toLowerCase() === filter.type.toLowerCase()
}

/** Those that the filter lets pass, in istioctl's order. */
export function filterListeners(listeners: readonly Listener[], filter: ListenerFilter): Listener[] {
  return listeners
    .filter(listener => passes(listener, filter))
    .sort(
      (a, b) => compare(portOf(a), portOf(b)) || compare(addressOf(a), addressOf(b)) || compare(typeOf(a), typeOf(b)),
    )
}

/** The table, or null where istioctl says "no listeners found". */
export function listenersTable(listeners: readonly Listener[], filter: ListenerFilter = {}): string | null {
  if (listeners.length === 0) return null
  const rows = filterListeners(listeners, filter).flatMap(listener => {
    const chains = chainsOf(listener).map(chain => ({ match: describeChainMatch(chain), to: destinationOf(chain) }))
    return insertionSort(chains, (a, b) => a.to > b.to).map(chain => [
      addressOf(listener),
      String(portOf(listener)),
      chain.match,
      chain.to,
    ])
  })
  return formatTable([['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'], ...rows], 1)
}
