// Inbound listeners of a sidecar: filter chains by port, mutual TLS mode and protocol
// (pilot/pkg/networking/core/listener_inbound.go, filterchain_options.go).
import type { Config, MutualTlsMode } from '../../registry/mesh-snapshot.ts'
import type { Protocol } from '../../registry/types.ts'
import type { ServerTLSSettings, Sidecar } from '../../resources/index.ts'
import { isHttp, isHttp2, parseProtocol } from '../../resources/protocol.ts'
import type { FilterChain, JsonObject, Listener, NamedFilter } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, inboundClusterName, statsPrefix } from './cluster-names.ts'
import { connectionManager } from './hcm.ts'
import { listenerAccessLog, requestAccessLog } from './hcm-access-log.ts'
import { statsFilters } from './hcm-metrics.ts'
import { proxyHeaders } from './hcm-proxy-headers.ts'
import { inboundListenerFilters } from './listener-filters.ts'
import { type ChainOption, chainOptions } from './listener-inbound-options.ts'
import {
  agentIdleTimeout,
  completeStack,
  metadataExchange,
  protocolStack,
  tcpProxy,
} from './listener-network-filters.ts'
import { canBind, socketAddress } from './listener-outbound.ts'
import { mutualTlsSocket, serverTlsSocket } from './listener-tls.ts'
import { inboundRouteConfiguration } from './route-defaults.ts'
import type { SecurityFilters } from './security-filters.ts'
import { configMetadata, type TranslationContext, text } from './translation-context.ts'

/** One port of the workload that connections come in at. */
interface InboundPort {
  /** Of the service, for names only. */
  port: number
  targetPort: number
  protocol: Protocol
  cluster: string
  /** Host that traces name. */
  host: string
  bind: string
  toPort: boolean
  /** Ports that nobody declared. */
  passthrough: boolean
  tls: ServerTLSSettings | null
  sidecar: Config<Sidecar> | null
}

export function inboundListeners(context: TranslationContext, security: SecurityFilters): Listener[] {
  const { mesh, proxy } = context
  const effective = context.snapshot.mutualTls(proxy.namespace, proxy.labels)
  const modeOf = (port: number): MutualTlsMode => effective.ports.get(port) ?? effective.mode
  const captured: FilterChain[] = []
  const listeners: Listener[] = []
  for (const port of declaredPorts(context)) {
    const chains = portChains(context, security, port, modeOf(port.targetPort))
    if (port.toPort) {
      const name = `${port.bind}_${port.targetPort}`
      listeners.push(inboundListener(context, name, port.bind, port.targetPort, true, chains))
    } else captured.push(...chains)
  }
  if (context.withoutCapture) return listeners
  const all = [...passthroughChains(context, security, effective.mode, effective.ports), ...captured]
  return [
    inboundListener(context, 'virtualInbound', context.wildcard, mesh.proxyInboundListenPort, false, all),
    ...listeners,
  ]
}

function inboundListener(
  context: TranslationContext,
  name: string,
  address: string,
  port: number,
  toPort: boolean,
  chains: FilterChain[],
): Listener {
  const transparent = text(context.proxy.metadata['INTERCEPTION_MODE']) === 'TPROXY'
  const filters = inboundListenerFilters(chains, !toPort, transparent)
  return {
    name,
    address: socketAddress(address, port),
    filter_chains: chains,
    ...(filters.length > 0 ? { listener_filters: filters } : {}),
    ...(transparent && !toPort ? { transparent: true } : {}),
    traffic_direction: 'INBOUND',
    listener_filters_timeout: protoDuration(context.mesh.protocolDetectionTimeout),
    continue_on_listener_filters_timeout: true,
    max_connections_to_accept_per_socket_event: 1,
    ...listenerAccessLog(context, 'inbound'),
  }
}

/** Ports of the Sidecar's ingress if it has any, else of the services; by number. */
function declaredPorts(context: TranslationContext): InboundPort[] {
  const ports = new Map<number, InboundPort>()
  const { sidecar } = context.scope
  const ingress = sidecar?.spec.ingress ?? []
  if (ingress.length === 0) {
    if (!context.withoutCapture) addServicePorts(context, ports, new Set())
  } else {
    if (context.snapshot.flagOn('PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE', false)) {
      addServicePorts(context, ports, new Set(ingress.map(listener => listener.port.number ?? 0)))
    }
    addIngressPorts(context, ports)
  }
  return [...ports.values()].sort((a, b) => a.targetPort - b.targetPort)
}

function addServicePorts(
  context: TranslationContext,
  ports: Map<number, InboundPort>,
  taken: ReadonlySet<number>,
): void {
  const toPort = context.withoutCapture
  for (const { service, port, targetPort } of context.snapshot.serviceTargets(context.proxy)) {
    if (ports.has(targetPort) || taken.has(targetPort)) continue
    if (!canBind(context, { address: context.wildcard, toPort }, targetPort, port.protocol, true)) continue
    ports.set(targetPort, {
      port: port.port,
      targetPort,
      protocol: port.protocol,
      cluster: inboundClusterName(targetPort),
      host: service.hostname,
      bind: context.wildcard,
      toPort,
      passthrough: false,
      tls: null,
      sidecar: null,
    })
  }
}

/** First address of the proxy that others can reach. */
const ownAddress = (context: TranslationContext): string =>
  context.proxy.ipAddresses.find(ip => !ip.startsWith('127.') && !ip.startsWith('169.254.') && ip !== '::1') ??
  context.wildcard

/** The protocol inside TLS. */
const afterTls = (protocol: Protocol): Protocol =>
  protocol === 'HTTPS' ? 'HTTP' : protocol === 'TLS' ? 'TCP' : protocol

function addIngressPorts(context: TranslationContext, ports: Map<number, InboundPort>): void {
  if (!context.scope.sidecar) return
  // one of the root namespace is taken for the proxy's own (istio: pilot/pkg/model/sidecar.go convertToSidecarScope)
  const sidecar = { ...context.scope.sidecar, namespace: context.proxy.namespace }
  for (const listener of sidecar.spec.ingress ?? []) {
    const number = listener.port.number ?? 0
    const mode = listener.captureMode ?? 'DEFAULT'
    const toPort = mode === 'DEFAULT' ? context.withoutCapture : mode === 'NONE'
    const protocol = parseProtocol(listener.port.protocol ?? '')
    if (!canBind(context, { address: listener.bind ?? '', toPort }, number, protocol, false) || ports.has(number))
      continue
    const tls = listener.tls && context.snapshot.flagOn('ENABLE_TLS_ON_SIDECAR_INGRESS', false) ? listener.tls : null
    ports.set(number, {
      port: number,
      targetPort: number,
      protocol: tls ? afterTls(protocol) : protocol,
      cluster: inboundClusterName(number),
      host: `${sidecar.name}.${sidecar.namespace}`,
      bind: listener.bind || ownAddress(context),
      toPort,
      passthrough: false,
      tls,
      sidecar,
    })
  }
}

function portChains(
  context: TranslationContext,
  security: SecurityFilters,
  port: InboundPort,
  mode: MutualTlsMode,
): FilterChain[] {
  const kind = isHttp(port.protocol) ? 'http' : port.protocol === 'Unsupported' ? 'auto' : 'tcp'
  if (port.tls && mode === 'DISABLE') {
    const socket = serverTlsSocket(context, port.tls, false)
    const http = kind === 'http'
    return [chain(context, security, port, { http, transport: 'tls', alpn: [], mutual: true }, socket)]
  }
  return chainOptions(context, mode, kind).map(option =>
    chain(context, security, port, option, option.mutual ? mutualTlsSocket(context, option.http) : null),
  )
}

/** Ports that nobody declared: the black hole of the proxy's own port, then everything else. */
function passthroughChains(
  context: TranslationContext,
  security: SecurityFilters,
  mode: MutualTlsMode,
  ports: ReadonlyMap<number, MutualTlsMode>,
): FilterChain[] {
  const chains: FilterChain[] = [
    {
      name: 'virtualInbound-blackhole',
      filter_chain_match: { destination_port: context.mesh.proxyInboundListenPort },
      filters: [
        metadataExchange(),
        ...statsFilters(context, 'inbound'),
        tcpProxy({ stat_prefix: BLACK_HOLE_CLUSTER, cluster: BLACK_HOLE_CLUSTER }),
      ],
    },
  ]
  const ingress = context.scope.sidecar?.spec.ingress ?? []
  const declared = new Set<number>(
    ingress.length > 0
      ? ingress.map(listener => listener.port.number ?? 0)
      : context.snapshot.serviceTargets(context.proxy).map(target => target.targetPort),
  )
  const own = [...ports].filter(([port]) => !declared.has(port)).sort(([a], [b]) => a - b)
  for (const [targetPort, portMode] of [[0, mode] as [number, MutualTlsMode], ...own]) {
    chains.push(
      ...portChains(
        context,
        security,
        {
          port: 0,
          targetPort,
          protocol: 'Unsupported',
          cluster: INBOUND_PASSTHROUGH_CLUSTER,
          host: '',
          bind: '',
          toPort: false,
          passthrough: true,
          tls: null,
          sidecar: null,
        },
        portMode,
      ),
    )
  }
  return chains
}

function chain(
  context: TranslationContext,
  security: SecurityFilters,
  port: InboundPort,
  option: ChainOption,
  socket: NamedFilter | null,
): FilterChain {
  const passthroughName = option.http ? 'virtualInbound-catchall-http' : 'virtualInbound'
  return {
    name: port.passthrough ? passthroughName : `${port.bind}_${port.targetPort}`,
    filter_chain_match: {
      ...(port.targetPort > 0 ? { destination_port: port.targetPort } : {}),
      transport_protocol: option.transport,
      ...(option.alpn.length > 0 ? { application_protocols: [...option.alpn] } : {}),
    },
    filters: option.http ? httpFilters(context, security, port) : tcpFilters(context, security, port),
    ...(socket ? { transport_socket: socket } : {}),
    ...(port.sidecar ? { metadata: configMetadata(port.sidecar) } : {}),
  }
}

function httpFilters(context: TranslationContext, security: SecurityFilters, port: InboundPort): NamedFilter[] {
  const headers = proxyHeaders(context, 'inbound')
  const prefix = port.passthrough ? port.cluster : `inbound_${port.bind}_${port.targetPort}`
  const manager: JsonObject = {
    ...(headers.forwardedClientCert === 'SANITIZE' ? {} : { forward_client_cert_details: headers.forwardedClientCert }),
    set_current_client_cert_details: headers.certificateDetails,
    ...(isHttp2(port.protocol) ? { http2_protocol_options: {} } : {}),
  }
  return [
    metadataExchange(),
    connectionManager(context, security, {
      where: 'inbound',
      protocol: port.protocol,
      statPrefix: statsPrefix(prefix),
      routes: inboundRouteConfiguration(port.cluster, port.host, port.port, port.protocol, context.mesh),
      useRemoteAddress: false,
      headers,
      manager,
      service: null,
    }),
  ]
}

function tcpFilters(context: TranslationContext, security: SecurityFilters, port: InboundPort): NamedFilter[] {
  const proxy = tcpProxy({
    stat_prefix: port.cluster,
    cluster: port.cluster,
    ...agentIdleTimeout(context),
    ...requestAccessLog(context, 'inbound'),
  })
  const stack = protocolStack(context, port.protocol, proxy, port.cluster, port.cluster)
  return completeStack(context, 'inbound', security, true, stack)
}
