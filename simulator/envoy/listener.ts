// Which filter chain takes a connection: Envoy's order of criteria, no backtracking
// (envoy: source/common/listener_manager/filter_chain_manager_impl.cc).
import type { ConnectionAttempt } from '../wire/types.ts'
import type { FilterChain, Listener } from '../xds/types.ts'
import { type AccessLog, accessLogsOf } from './access-log.ts'
import { compileServerTls, type ServerTls } from './handshake.ts'
import { duration, list, number, object, text } from './json.ts'
import { compileCidr } from './matchers.ts'

export interface Chain {
  name: string
  config: FilterChain
  port: number
  ranges: { length: number; test: (ip: string) => boolean }[]
  names: string[]
  transport: string
  alpn: string[]
  /** null: plain text, or TLS that somebody further on speaks. */
  tls: ServerTls | null
  /** Replaced or removed: its connections end with the answers under way. */
  draining: boolean
}

export interface CompiledListener {
  name: string
  address: string
  port: number
  direction: 'inbound' | 'outbound' | 'gateway'
  chains: Chain[]
  fallback: Chain | null
  /** Do the inspectors look at connections to this port? */
  tlsInspector: (port: number) => boolean
  httpInspector: (port: number) => boolean
  originalDst: boolean
  /** Connections begin with a header of the PROXY protocol. */
  proxyProtocol: boolean
  /** How long the inspectors wait for bytes, µs; 0 = for ever. */
  filtersTimeout: number
  /** After that: goes on with what is known, else closes. */
  continueOnTimeout: boolean
  /** Of connections that no filter chain takes. */
  accessLogs: () => readonly AccessLog[]
}

/** Envoy's default for listener_filters_timeout. */
const FILTERS_TIMEOUT = 15_000_000

function chain(config: FilterChain): Chain {
  const match = config.filter_chain_match ?? {}
  return {
    name: text(config.name),
    config,
    port: number(match.destination_port),
    ranges: list(match.prefix_ranges).map(r => ({
      length: number(object(r).prefix_len),
      test: compileCidr(r),
    })),
    names: (match.server_names ?? []).map(n => n.toLowerCase()),
    transport: text(match.transport_protocol),
    alpn: match.application_protocols ?? [],
    tls: compileServerTls(object(config.transport_socket)),
    draining: false,
  }
}

type PortTest = (port: number) => boolean

/** filter_disabled of a listener filter (config/listener/v3/listener_components.proto ListenerFilterChainMatchPredicate). */
function disabled(config: unknown): PortTest {
  const predicate = object(config)
  if (predicate.any_match === true) return () => true
  if (predicate.destination_port_range) {
    const { start, end } = object(predicate.destination_port_range)
    return port => port >= number(start) && port < number(end)
  }
  if (predicate.or_match) {
    const tests = list(object(predicate.or_match).rules).map(disabled)
    return port => tests.some(test => test(port))
  }
  if (predicate.and_match) {
    const tests = list(object(predicate.and_match).rules).map(disabled)
    return port => tests.every(test => test(port))
  }
  if (predicate.not_match) {
    const test = disabled(predicate.not_match)
    return port => !test(port)
  }
  return () => false
}

function inspector(config: Listener, name: string): PortTest {
  const found = list(config.listener_filters)
    .map(object)
    .find(filter => text(filter.name).includes(name))
  if (found === undefined) return () => false
  const off = disabled(found.filter_disabled)
  return port => !off(port)
}

export function compileListener(config: Listener, router: boolean): CompiledListener {
  return {
    name: config.name,
    address: config.address.socket_address.address,
    port: config.address.socket_address.port_value,
    direction: config.traffic_direction === 'INBOUND' ? 'inbound' : router ? 'gateway' : 'outbound',
    chains: (config.filter_chains ?? []).map(chain),
    fallback: config.default_filter_chain ? chain(config.default_filter_chain) : null,
    tlsInspector: inspector(config, 'tls_inspector'),
    httpInspector: inspector(config, 'http_inspector'),
    originalDst: config.use_original_dst === true,
    proxyProtocol: list(config.listener_filters).some(filter => text(object(filter).name).includes('proxy_protocol')),
    filtersTimeout: duration(config.listener_filters_timeout, FILTERS_TIMEOUT),
    continueOnTimeout: config.continue_on_listener_filters_timeout === true,
    accessLogs: accessLogsOf(config.access_log),
  }
}

function serverNameScore(names: string[], sni: string): number {
  if (names.length === 0) return 0
  let best = -1
  for (const name of names) {
    if (name === sni) return 1000
    if (name.startsWith('*.') && sni.endsWith(name.slice(1))) best = Math.max(best, name.length)
  }
  return best
}

function best(chains: Chain[], score: (c: Chain) => number): Chain[] {
  let top = -1
  let kept: Chain[] = []
  for (const c of chains) {
    const s = score(c)
    if (s < 0 || s < top) continue
    if (s > top) kept = []
    top = s
    kept.push(c)
  }
  return kept
}

/** The chain for a connection, or null: Envoy then closes it with NR. */
export function chooseChain(listener: CompiledListener, attempt: ConnectionAttempt): Chain | null {
  const port = attempt.destinationPort
  const tls = listener.tlsInspector(port) ? attempt.tls : null
  const sni = (tls?.sni ?? '').toLowerCase()
  const transport = tls === null ? 'raw_buffer' : 'tls'
  let offered: string[] = tls?.alpn ?? []
  if (attempt.tls === null && listener.httpInspector(port)) {
    const first = attempt.firstBytes
    offered =
      first === 'HTTP/2' ? ['h2c'] : first === 'HTTP/1.1' ? ['http/1.1'] : first === 'HTTP/1.0' ? ['http/1.0'] : []
  }
  let kept = best(listener.chains, c => (c.port === 0 ? 0 : c.port === attempt.destinationPort ? 1 : -1))
  kept = best(kept, c => {
    if (c.ranges.length === 0) return 0
    let longest = -1
    for (const r of c.ranges) if (r.test(attempt.destinationIp)) longest = Math.max(longest, r.length + 1)
    return longest
  })
  kept = best(kept, c => serverNameScore(c.names, sni))
  kept = best(kept, c => (c.transport === '' ? 0 : c.transport === transport ? 1 : -1))
  kept = best(kept, c => (c.alpn.length === 0 ? 0 : c.alpn.some(p => offered.includes(p)) ? 1 : -1))
  return kept[0] ?? listener.fallback
}
