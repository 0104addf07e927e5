// The way of one call through a proxy's configuration, by the simple matcher of Istio's own tests: routes by path
// alone, no source criteria, prefixes as plain text.
import ipaddr from 'ipaddr.js'
import { RE2JS } from 're2js'
import type {
  FilterChain,
  FilterChainMatch,
  JsonObject,
  Listener,
  NamedFilter,
  ProxyConfiguration,
  Route,
  RouteConfiguration,
  VirtualHost,
} from '../../../simulator/xds/types.ts'

export interface Call {
  address: string
  port: number
  path: string
  protocol?: string
  tls: string
  alpn?: string
  hostHeader?: string
  sni?: string
  callMode?: string
  mtlsSecretConfigName?: string
  headers?: Record<string, string[]>
}

export interface CallResult {
  error: string | null
  listener?: string
  filterChain?: string
  route?: string
  routeConfig?: string
  virtualHost?: string
  cluster?: string
}

export interface TlsResult {
  firstCertificateSecret: string
  requireClientCertificate: boolean
}

const field = (value: unknown, ...path: string[]): unknown => {
  let at = value
  for (const key of path) at = typeof at === 'object' && at !== null ? (at as JsonObject)[key] : undefined
  return at
}

const INSPECTORS = {
  tls: 'envoy.filters.listener.tls_inspector',
  http: 'envoy.filters.listener.http_inspector',
}

/** Is the predicate (port ranges, or, not) true for the port? */
function disabledAt(predicate: unknown, port: number): boolean {
  const range = field(predicate, 'destination_port_range') as { start?: number; end?: number } | undefined
  if (range) return port >= (range.start ?? 0) && port < (range.end ?? 0)
  const rules = field(predicate, 'or_match', 'rules')
  if (Array.isArray(rules)) return rules.some(rule => disabledAt(rule, port))
  const not = field(predicate, 'not_match')
  return not !== undefined && !disabledAt(not, port)
}

function hasFilter(listener: Listener, name: string, port: number): boolean {
  const found = (listener.listener_filters ?? []).find(filter => filter.name === name)
  return found !== undefined && !(found['filter_disabled'] && disabledAt(found['filter_disabled'], port))
}

function findListener(listeners: readonly Listener[], call: Call): Listener | undefined {
  if (call.callMode === 'inbound') return listeners.find(listener => listener.name === 'virtualInbound')
  const at = (address: string): Listener | undefined =>
    listeners.find(({ address: own }) => {
      const socket = own.socket_address
      return socket?.address === address && socket.port_value === call.port
    })
  return at(call.address) ?? at('0.0.0.0') ?? listeners.find(listener => listener.name === 'virtualOutbound')
}

const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0)

/** Chains with the best positive rank; without one those that do not ask. */
function rank<K extends keyof FilterChainMatch>(
  chains: readonly FilterChain[],
  key: K,
  score: (value: NonNullable<FilterChainMatch[K]>) => number,
): FilterChain[] {
  const value = (chain: FilterChain): FilterChainMatch[K] => chain.filter_chain_match?.[key]
  if (chains.every(chain => isEmpty(value(chain)))) return [...chains]
  let best = 0
  let found: FilterChain[] = []
  for (const chain of chains) {
    const own = value(chain)
    const points = isEmpty(own) ? 0 : score(own as NonNullable<FilterChainMatch[K]>)
    if (points > best) {
      best = points
      found = [chain]
    } else if (points > 0 && points === best) found.push(chain)
  }
  return found.length > 0 ? found : chains.filter(chain => isEmpty(value(chain)))
}

/** Is the address in the range? */
function covers(range: { address_prefix: string; prefix_len?: number }, address: string): boolean {
  const [network, own] = [ipaddr.parse(range.address_prefix), ipaddr.parse(address)]
  return network.kind() === own.kind() && own.match(network, range.prefix_len ?? 0)
}

function findChain(listener: Listener, call: Call, alpn: string, tlsInspector: boolean): FilterChain | string {
  let chains = rank(listener.filter_chains ?? [], 'destination_port', port => (port === call.port ? 1 : 0))
  chains = rank(chains, 'prefix_ranges', ranges =>
    Math.max(0, ...ranges.filter(range => covers(range, call.address)).map(range => range.prefix_len ?? 0)),
  )
  chains = rank(chains, 'server_names', names => {
    const sni = call.sni ?? ''
    if (names.includes(sni)) return Number.MAX_SAFE_INTEGER
    const fitting = names.filter(name => name.startsWith('*') && sni.endsWith(name.slice(1)))
    return Math.max(0, ...fitting.map(name => name.length))
  })
  const plain = call.tls === 'plaintext'
  chains = rank(chains, 'transport_protocol', transport => {
    if (!tlsInspector) return transport === 'raw_buffer' ? 1 : 0
    return (transport === 'raw_buffer') === plain ? 1 : 0
  })
  chains = rank(chains, 'application_protocols', names => (names.includes(alpn) ? 1 : 0))
  if (chains.length > 1) return 'MultipleFilterChain'
  return chains[0] ?? listener.default_filter_chain ?? 'NoFilterChain'
}

const certificates = (chain: FilterChain): string[] => {
  const secrets = field(
    chain.transport_socket?.typed_config,
    'common_tls_context',
    'tls_certificate_sds_secret_configs',
  ) as { name?: string }[] | undefined
  return (secrets ?? []).map(secret => secret.name ?? '')
}

const requiresClient = (chain: FilterChain): boolean =>
  chain.transport_socket?.typed_config?.['require_client_certificate'] === true

/** Mutual TLS with the certificate that the call expects: the workload's own where it does not say. */
const requiresMutual = (chain: FilterChain, secret: string): boolean =>
  certificates(chain)[0] === secret && requiresClient(chain)

function findHost(routes: RouteConfiguration, header: string): VirtualHost | undefined {
  const host = routes.ignore_port_in_host_matching ? header.replace(/:\d+$/, '') : header
  const hosts = routes.virtual_hosts ?? []
  const exact = hosts.find(candidate => candidate.domains.includes(host))
  if (exact) return exact
  const longest = (fits: (domain: string) => boolean): VirtualHost | undefined => {
    let best: VirtualHost | undefined
    let length = 0
    for (const candidate of hosts) {
      for (const domain of candidate.domains) {
        if (!fits(domain) || host.length < domain.length || domain.length <= length) continue
        best = candidate
        length = domain.length
      }
    }
    return best
  }
  return (
    longest(domain => domain.startsWith('*') && host.endsWith(domain.slice(1))) ??
    longest(domain => domain.endsWith('*') && host.startsWith(domain.slice(0, -1))) ??
    hosts.find(candidate => candidate.domains.includes('*'))
  )
}

function takesPath(route: Route, path: string): boolean {
  const { match } = route
  if (typeof match['prefix'] === 'string') return path.startsWith(match['prefix'])
  if (typeof match['path_separated_prefix'] === 'string') return path.startsWith(match['path_separated_prefix'])
  if (typeof match['path'] === 'string') return path === match['path']
  const regex = field(match['safe_regex'], 'regex')
  return typeof regex === 'string' && RE2JS.compile(regex).matcher(path).find()
}

const named = (chain: FilterChain, name: string): NamedFilter | undefined =>
  chain.filters.find(filter => filter.name === name)

/** What happens to the call, and the TLS of the chain that took it. */
export function walk(configuration: ProxyConfiguration, call: Call): { result: CallResult; tls: TlsResult | null } {
  const result: CallResult = { error: null }
  let tls: TlsResult | null = null
  const end = (error: string | null) => ({ result: { ...result, error }, tls })
  const listener = findListener(configuration.listeners, call)
  if (!listener) return end('NoListener')
  result.listener = listener.name
  const tlsInspector = hasFilter(listener, INSPECTORS.tls, call.port)
  const plain = call.tls === 'plaintext'
  let alpn = tlsInspector ? (call.alpn ?? '') : ''
  if (plain && hasFilter(listener, INSPECTORS.http, call.port)) {
    alpn = call.protocol === 'http' ? 'http/1.1' : call.protocol === 'http2' ? 'h2c' : alpn
  }
  const chain = findChain(listener, call, alpn, tlsInspector)
  if (typeof chain === 'string') return end(chain)
  if (chain.name) result.filterChain = chain.name
  if (chain.transport_socket) {
    tls = { firstCertificateSecret: certificates(chain)[0] ?? '', requireClientCertificate: requiresClient(chain) }
    if (plain) return end('TLSError')
    if (requiresMutual(chain, call.mtlsSecretConfigName ?? 'default') !== (call.tls === 'mtls')) return end('MTLSError')
  }
  const manager = named(chain, 'envoy.filters.network.http_connection_manager')?.typed_config
  if (!manager) {
    const cluster = named(chain, 'envoy.filters.network.tcp_proxy')?.typed_config?.['cluster']
    if (typeof cluster === 'string') result.cluster = cluster
    return end(null)
  }
  if (!plain && !chain.transport_socket) return end('ProtocolError')
  if (call.protocol !== 'http' && call.protocol !== 'http2') return end('ProtocolError')
  return { result: { ...result, ...throughRoutes(configuration, manager, call) }, tls }
}

function throughRoutes(configuration: ProxyConfiguration, manager: JsonObject, call: Call): CallResult {
  const result: CallResult = { error: null }
  const name = field(manager, 'rds', 'route_config_name')
  let routes = manager['route_config'] as RouteConfiguration | undefined
  if (typeof name === 'string') {
    result.routeConfig = name
    routes = configuration.routes.find(candidate => candidate.name === name)
  }
  const header = call.headers?.['Host']?.[0] ?? call.hostHeader ?? ''
  const host = routes ? findHost(routes, header) : undefined
  if (!host) return { ...result, error: 'NoVirtualHost' }
  result.virtualHost = host.name
  if (host.require_tls === 'ALL' && call.tls === 'plaintext') return { ...result, error: 'TLSRedirect' }
  const route = (host.routes ?? []).find(candidate => takesPath(candidate, call.path))
  if (!route) return { ...result, error: 'NoRoute' }
  if (route.name) result.route = route.name
  const cluster = route.route?.['cluster']
  if (typeof cluster === 'string') result.cluster = cluster
  return result
}
