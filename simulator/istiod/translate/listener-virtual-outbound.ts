// The listener that all outbound connections are redirected to, and the proxy's port for HTTP proxying
// (pilot/pkg/networking/core/listener_builder.go).
import type { FilterChain, Listener, NamedFilter } from '../../xds/types.ts'
import { BLACK_HOLE_CLUSTER, statsPrefix } from './cluster-names.ts'
import { connectionManager } from './hcm.ts'
import { listenerAccessLog, requestAccessLog } from './hcm-access-log.ts'
import { statsFilters } from './hcm-metrics.ts'
import { proxyHeaders } from './hcm-proxy-headers.ts'
import { httpInspector } from './listener-filters.ts'
import { agentIdleTimeout, tcpProxy } from './listener-network-filters.ts'
import { catchAllVirtualHost, egressCluster } from './route-defaults.ts'
import { noSecurity } from './security-filters.ts'
import { allowsAny, allowsAnyByDns, type TranslationContext, text } from './translation-context.ts'

/** Connections that nothing else takes: on to where they were going, or nowhere. */
export function catchAllFilters(context: TranslationContext): NamedFilter[] {
  const cluster = allowsAny(context) || allowsAnyByDns(context) ? egressCluster(context) : BLACK_HOLE_CLUSTER
  return [
    ...statsFilters(context, 'outbound'),
    tcpProxy({
      stat_prefix: cluster,
      cluster,
      ...agentIdleTimeout(context),
      ...requestAccessLog(context, 'outbound'),
    }),
  ]
}

/** HTTP to anywhere, by the name in Host (mode ALLOW_ANY_DYNAMIC_DNS). */
function anyHttpChain(context: TranslationContext): FilterChain {
  const filter = connectionManager(context, noSecurity, {
    where: 'outbound',
    protocol: 'HTTP',
    statPrefix: statsPrefix('outbound_virtualOutbound_allow_any_dynamic_dns'),
    routes: {
      name: 'allow_any_dynamic_dns',
      virtual_hosts: [catchAllVirtualHost(context)],
      validate_clusters: false,
      max_direct_response_body_size_bytes: 1048576,
      ignore_port_in_host_matching: true,
    },
    useRemoteAddress: context.snapshot.flagOn('PILOT_SIDECAR_USE_REMOTE_ADDRESS', false),
    headers: proxyHeaders(context, 'outbound'),
    manager: {},
    service: null,
  })
  return {
    name: 'virtualOutbound-catchall-tcp-http',
    filter_chain_match: { application_protocols: ['http/1.1', 'h2c'] },
    filters: [filter],
  }
}

/** `virtualOutbound`, or null where nothing is captured. */
export function virtualOutbound(context: TranslationContext): Listener | null {
  if (context.withoutCapture) return null
  const port = context.mesh.proxyListenPort
  const chains: FilterChain[] = [
    {
      name: 'virtualOutbound-blackhole',
      filter_chain_match: { destination_port: port },
      filters: [
        ...statsFilters(context, 'outbound'),
        tcpProxy({ stat_prefix: BLACK_HOLE_CLUSTER, cluster: BLACK_HOLE_CLUSTER }),
      ],
    },
  ]
  if (allowsAnyByDns(context)) chains.push(anyHttpChain(context))
  chains.push({ name: 'virtualOutbound-catchall-tcp', filters: catchAllFilters(context) })
  return {
    name: 'virtualOutbound',
    address: { socket_address: { address: context.wildcard, port_value: port } },
    filter_chains: chains,
    ...(allowsAnyByDns(context) ? { listener_filters: [httpInspector()] } : {}),
    use_original_dst: true,
    ...(text(context.proxy.metadata['INTERCEPTION_MODE']) === 'TPROXY' ? { transparent: true } : {}),
    traffic_direction: 'OUTBOUND',
    max_connections_to_accept_per_socket_event: 1,
    ...listenerAccessLog(context, 'outbound'),
  }
}

/** The port that applications may use as their HTTP proxy, or null. */
export function httpProxyPort(context: TranslationContext): number | null {
  const own = Number(text(context.proxy.metadata['HTTP_PROXY_PORT']))
  const port = own > 0 ? own : (context.mesh.proxyHttpPort ?? 0)
  return port > 0 ? port : null
}
