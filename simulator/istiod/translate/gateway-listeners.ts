// Listeners of a gateway: one for each address and port, chains by SNI (pilot/pkg/networking/core/gateway.go).
import type { VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { hostMatches, hostSubsetOf } from '../../registry/names.ts'
import type { ServicePort } from '../../registry/types.ts'
import type { L4MatchAttributes } from '../../resources/index.ts'
import { isHttp, parseProtocol } from '../../resources/protocol.ts'
import type { JsonObject, Listener, NamedFilter } from '../../xds/types.ts'
import { sniName, statsPrefix } from './cluster-names.ts'
import {
  claimSniHosts,
  type GatewayServer,
  type MergedGateway,
  type MergedPort,
  mergeGateways,
} from './gateway-merge.ts'
import { isPassthrough, serverProtocol, terminatesHttps, terminatesTcp } from './gateway-server.ts'
import { connectionManager } from './hcm.ts'
import { listenerAccessLog } from './hcm-access-log.ts'
import { bufferLimit } from './hcm-connection-settings.ts'
import { proxyHeaders } from './hcm-proxy-headers.ts'
import { type ChainDraft, chainDraft, chainMatch, chainOf } from './listener-chains.ts'
import { proxyProtocol, tlsInspector } from './listener-filters.ts'
import { ALL_MUTUAL_ALPN } from './listener-inbound-options.ts'
import { routeDestinations, singleDestination, type TcpDestinationOptions } from './listener-network-filters.ts'
import { serverTlsSocket } from './listener-tls.ts'
import type { SecurityFilters } from './security-filters.ts'
import { type TranslationContext, text } from './translation-context.ts'

export function gatewayListeners(context: TranslationContext, security: SecurityFilters): Listener[] {
  const merged = mergeGateways(context)
  const byName = new Map<string, { port: MergedPort; chains: ChainDraft[] }>()
  const passthroughHosts = new Map<number, Map<string, string>>()
  for (const port of merged.ports) {
    if (port.number < 1024 && text(context.proxy.metadata['UNPRIVILEGED_POD']) === 'true') continue
    const name = `${port.bind || context.wildcard}_${port.number}`
    const chains = portChains(context, security, merged, port, name, passthroughHosts)
    const known = byName.get(name)
    if (known) known.chains.push(...chains)
    else byName.set(name, { port, chains })
  }
  const listeners: Listener[] = []
  for (const [name, { port, chains }] of byName) {
    if (chains.length > 0) listeners.push(gatewayListener(context, name, port, chains))
  }
  return listeners
}

function gatewayListener(context: TranslationContext, name: string, port: MergedPort, chains: ChainDraft[]): Listener {
  const topology = (context.proxyConfig['gatewayTopology'] ?? {}) as { proxyProtocol?: unknown }
  const filters: NamedFilter[] = topology.proxyProtocol ? [proxyProtocol()] : []
  if (chains.some(chain => chain.sniHosts.length > 0 || chain.socket !== null)) filters.push(tlsInspector())
  const limit = bufferLimit(context)
  return {
    name,
    address: { socket_address: { address: port.bind || context.wildcard, port_value: port.number } },
    filter_chains: chains.map(chain => {
      const match = chainMatch(chain)
      return { ...chainOf(chain), ...(match ? { filter_chain_match: match } : {}) }
    }),
    ...(filters.length > 0 ? { listener_filters: filters } : {}),
    traffic_direction: 'OUTBOUND',
    max_connections_to_accept_per_socket_event: 1,
    ...(limit === null || limit < 0 ? {} : { per_connection_buffer_limit_bytes: limit }),
    ...listenerAccessLog(context, 'gateway'),
  }
}

function portChains(
  context: TranslationContext,
  security: SecurityFilters,
  merged: MergedGateway,
  port: MergedPort,
  listenerName: string,
  passthroughHosts: Map<number, Map<string, string>>,
): ChainDraft[] {
  const protocol = parseProtocol(port.protocol)
  if (isHttp(protocol)) {
    return [
      chainDraft([httpManager(context, security, protocol, port.routeName, statsPrefix(`outbound_${listenerName}`))]),
    ]
  }
  return port.servers.flatMap(server => {
    const tls = merged.tls.get(server)
    if (terminatesHttps(server.spec) && tls && server.spec.tls) {
      const prefix = server.spec.name || statsPrefix(`outbound_${listenerName}`)
      return [
        chainDraft([httpManager(context, security, serverProtocol(server.spec), tls.routeName, prefix)], {
          sniHosts: tls.sniHosts,
          socket: serverTlsSocket(context, server.spec.tls, terminatesTcp(server.spec)),
        }),
      ]
    }
    return tcpChains(context, security, server, tls?.sniHosts ?? [], port.number, passthroughHosts)
  })
}

interface Topology {
  numTrustedProxies?: number
  forwardClientCertDetails?: string
}

function httpManager(
  context: TranslationContext,
  security: SecurityFilters,
  protocol: ReturnType<typeof serverProtocol>,
  routes: string,
  statPrefix: string,
): NamedFilter {
  const topology = (context.proxyConfig['gatewayTopology'] ?? {}) as Topology
  const given = topology.forwardClientCertDetails ?? 'UNDEFINED'
  const forward = given === 'UNDEFINED' ? 'SANITIZE_SET' : given
  const sets = forward === 'SANITIZE_SET' || forward === 'APPEND_FORWARD'
  const manager: JsonObject = {
    ...(topology.numTrustedProxies ? { xff_num_trusted_hops: topology.numTrustedProxies } : {}),
    ...(forward === 'SANITIZE' ? {} : { forward_client_cert_details: forward }),
    ...(sets ? { set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true } } : {}),
    http_protocol_options: {},
  }
  return connectionManager(context, security, {
    where: 'gateway',
    protocol,
    statPrefix,
    routes,
    useRemoteAddress: true,
    headers: proxyHeaders(context, 'gateway'),
    manager,
    service: null,
  })
}

function tcpChains(
  context: TranslationContext,
  security: SecurityFilters,
  server: GatewayServer,
  sniHosts: string[],
  podPort: number,
  passthroughHosts: Map<number, Map<string, string>>,
): ChainDraft[] {
  const { spec } = server
  if (spec.tls && isPassthrough(spec)) {
    if (spec.tls.mode === 'AUTO_PASSTHROUGH') return autoPassthroughChains(context, security, sniHosts)
    return passthroughChains(context, security, server, podPort, passthroughHosts)
  }
  const filters = tcpRouteFilters(context, security, server)
  if (filters.length === 0) return []
  if (!spec.tls) return [chainDraft(filters)]
  return [chainDraft(filters, { sniHosts, socket: serverTlsSocket(context, spec.tls, terminatesTcp(spec)) })]
}

const optionsFor = (server: GatewayServer, security: SecurityFilters): TcpDestinationOptions => ({
  where: 'gateway',
  security,
  protocol: serverProtocol(server.spec),
  port: server.spec.port.number,
  exchange: server.spec.tls?.mode === 'ISTIO_MUTUAL',
})

/** Does the server take hosts of the rule? */
function hostsMeet(server: GatewayServer, rule: VirtualServiceConfig): boolean {
  return rule.spec.hosts.some(host =>
    server.hosts.some(written => {
      const [owner = '', name] = written.split('/')
      if (name === undefined) return hostMatches(written, host)
      return owner === rule.namespace && hostMatches(name, host)
    }),
  )
}

const holds = (match: Pick<L4MatchAttributes, 'port' | 'gateways'>, server: GatewayServer): boolean =>
  (!match.port || match.port === server.spec.port.number) &&
  (!match.gateways || match.gateways.length === 0 || match.gateways.includes(server.gatewayName))

/** The first TCP rule that holds for the server. */
function tcpRouteFilters(context: TranslationContext, security: SecurityFilters, server: GatewayServer): NamedFilter[] {
  const rules = context.snapshot.virtualServicesFor(context.proxy.namespace, server.gatewayName)
  for (const rule of rules) {
    if (!hostsMeet(server, rule)) continue
    for (const tcp of rule.spec.tcp ?? []) {
      const { match = [], route = [] } = tcp
      if (match.length > 0 && !match.some(one => holds(one, server))) continue
      if (route.length > 0) return routeDestinations(context, route, rule, optionsFor(server, security))
    }
    // made from a TLSRoute: the TLS that it matches has ended here
    if (!(rule.annotations['internal.istio.io/parents'] ?? '').startsWith('TLSRoute/')) continue
    for (const tls of rule.spec.tls ?? []) {
      if (tls.match.some(one => holds(one, server))) {
        return routeDestinations(context, tls.route ?? [], rule, optionsFor(server, security))
      }
    }
  }
  return []
}

function passthroughChains(
  context: TranslationContext,
  security: SecurityFilters,
  server: GatewayServer,
  podPort: number,
  taken: Map<number, Map<string, string>>,
): ChainDraft[] {
  const chains: ChainDraft[] = []
  const known = taken.get(podPort) ?? new Map<string, string>()
  taken.set(podPort, known)
  for (const rule of context.snapshot.virtualServicesFor(context.proxy.namespace, server.gatewayName)) {
    if (!hostsMeet(server, rule)) continue
    for (const tls of rule.spec.tls ?? []) {
      if (!tls.route || tls.route.length === 0) continue
      for (const match of tls.match) {
        if (!holds(match, server) || claimSniHosts(match.sniHosts, server.spec.bind ?? '', known)) continue
        const options = { ...optionsFor(server, security), exchange: false }
        chains.push(chainDraft(routeDestinations(context, tls.route, rule, options), { sniHosts: match.sniHosts }))
      }
    }
  }
  return chains
}

/** A chain for each service and subset, chosen by the SNI that other clusters' proxies send. */
function autoPassthroughChains(
  context: TranslationContext,
  security: SecurityFilters,
  hosts: readonly string[],
): ChainDraft[] {
  const chains: ChainDraft[] = []
  const add = (
    port: ServicePort,
    name: string,
    subset: string,
    rule: Parameters<typeof singleDestination>[3],
  ): void => {
    const options: TcpDestinationOptions = {
      where: 'gateway',
      security,
      protocol: port.protocol,
      port: port.port,
      exchange: false,
    }
    const filters = singleDestination(context, name, subset, rule, options, null, false)
    chains.push(chainDraft(filters, { sniHosts: [name], applicationProtocols: [...ALL_MUTUAL_ALPN] }))
  }
  for (const service of context.scope.services) {
    if (service.meshExternal || !hosts.some(host => hostSubsetOf(service.hostname, host))) continue
    const rule = context.snapshot.destinationRuleFor(context.proxy, service)?.spec ?? null
    for (const port of service.ports) {
      if (port.protocol === 'UDP') continue
      add(port, sniName(port.port, '', service.hostname), '', rule)
      for (const subset of rule?.subsets ?? []) {
        add(port, sniName(port.port, subset.name, service.hostname), subset.name, rule)
      }
    }
  }
  return chains
}
