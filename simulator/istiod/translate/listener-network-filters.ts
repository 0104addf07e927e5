// Network filters of TCP chains (pilot/pkg/networking/core/networkfilter.go).
import type { Config } from '../../registry/mesh-snapshot.ts'
import { isWildcard } from '../../registry/names.ts'
import type { Protocol, Service } from '../../registry/types.ts'
import type { DestinationRule, RouteDestination } from '../../resources/index.ts'
import type { JsonObject, NamedFilter } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { dnsCacheName } from './cluster-names.ts'
import { requestAccessLog } from './hcm-access-log.ts'
import { statsFilters } from './hcm-metrics.ts'
import type { SecurityFilters } from './security-filters.ts'
import { domainName, type ListenerClass, type TranslationContext, text, visibleService } from './translation-context.ts'
import { destinationCluster } from './virtual-service-routes.ts'

const TCP_PROXY = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'

/** Exchanges metadata with the peer's proxy, where ALPN agreed on it. */
export const metadataExchange = (): NamedFilter => ({
  name: 'istio.metadata_exchange',
  typed_config: {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    type_url: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
    value: { protocol: 'istio-peer-exchange', enable_discovery: true },
  },
})

export const tcpProxy = (fields: JsonObject): NamedFilter => ({
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: { '@type': TCP_PROXY, ...fields },
})

/** Idle timeout that the agent asks for. */
export const agentIdleTimeout = (context: TranslationContext): JsonObject => {
  const idle = text(context.proxy.metadata['IDLE_TIMEOUT'])
  return idle === '' ? {} : { idle_timeout: protoDuration(idle) }
}

/** The proxy, after a filter of the protocol where istiod has one switched on. */
export function protocolStack(
  context: TranslationContext,
  protocol: Protocol,
  proxy: NamedFilter,
  statPrefix: string,
  cluster: string,
): NamedFilter[] {
  const on = (flag: string): boolean => context.snapshot.flagOn(flag, false)
  const filter = (name: string, type: string, fields: JsonObject): NamedFilter => ({
    name: `envoy.filters.network.${name}`,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.network.${name}.v3.${type}`, ...fields },
  })
  if (protocol === 'Mongo' && context.snapshot.flagOn('PILOT_ENABLE_MONGO_FILTER', true)) {
    return [filter('mongo_proxy', 'MongoProxy', { stat_prefix: statPrefix }), proxy]
  }
  if (protocol === 'MySQL' && on('PILOT_ENABLE_MYSQL_FILTER')) {
    return [filter('mysql_proxy', 'MySQLProxy', { stat_prefix: statPrefix }), proxy]
  }
  if (protocol === 'Redis' && on('PILOT_ENABLE_REDIS_FILTER')) {
    return [
      filter('redis_proxy', 'RedisProxy', {
        latency_in_micros: true,
        stat_prefix: statPrefix,
        settings: { op_timeout: '5s' },
        prefix_routes: { catch_all_route: { cluster } },
      }),
    ]
  }
  return [proxy]
}

/** Metadata exchange, policies, statistics, then the stack. */
export function completeStack(
  context: TranslationContext,
  where: ListenerClass,
  security: SecurityFilters | null,
  exchange: boolean,
  stack: readonly NamedFilter[],
): NamedFilter[] {
  return [
    ...(exchange ? [metadataExchange()] : []),
    ...(security ? security.tcp() : []),
    ...statsFilters(context, where),
    ...stack,
  ]
}

export interface TcpDestinationOptions {
  where: ListenerClass
  security: SecurityFilters | null
  protocol: Protocol
  port: number
  /** Exchange metadata (gateways with ISTIO_MUTUAL). */
  exchange: boolean
}

/** Fields of the proxy that a DestinationRule decides. */
function ruleFields(
  context: TranslationContext,
  rule: DestinationRule | null,
  subset: string,
  tunnelled: boolean,
): JsonObject {
  const tcp = rule?.trafficPolicy?.connectionPool?.tcp
  const named = rule?.subsets?.find(candidate => candidate.name === subset)
  let bySource = rule?.trafficPolicy?.loadBalancer?.consistentHash?.useSourceIp === true
  const balancer = named?.trafficPolicy?.loadBalancer
  if (balancer) bySource = balancer.consistentHash?.useSourceIp === true
  const tunnel = tunnelled ? (subset === '' ? rule?.trafficPolicy?.tunnel : named?.trafficPolicy?.tunnel) : undefined
  return {
    ...(tcp?.idleTimeout === undefined ? agentIdleTimeout(context) : { idle_timeout: protoDuration(tcp.idleTimeout) }),
    ...(tcp?.maxConnectionDuration === undefined
      ? {}
      : { max_downstream_connection_duration: protoDuration(tcp.maxConnectionDuration) }),
    ...(bySource ? { hash_policy: [{ source_ip: {} }] } : {}),
    ...(tunnel
      ? {
          tunneling_config: {
            hostname: domainName(tunnel.targetHost, tunnel.targetPort),
            ...(tunnel.protocol === 'POST' ? { use_post: true } : {}),
          },
        }
      : {}),
  }
}

/** Everything to one cluster. */
export function singleDestination(
  context: TranslationContext,
  cluster: string,
  subset: string,
  rule: DestinationRule | null,
  options: TcpDestinationOptions,
  service: Service | null,
  tunnelled = true,
): NamedFilter[] {
  const proxy = tcpProxy({
    stat_prefix: cluster,
    cluster,
    ...ruleFields(context, rule, subset, tunnelled),
    ...requestAccessLog(context, options.where),
  })
  const stack = protocolStack(context, options.protocol, proxy, cluster, cluster)
  const filters = completeStack(context, options.where, options.security, options.exchange, stack)
  if (
    options.where !== 'outbound' ||
    !service ||
    !isWildcard(service.hostname) ||
    service.resolution !== 'DynamicDNS'
  ) {
    return filters
  }
  const byName: NamedFilter = {
    name: 'envoy.filters.network.sni_dynamic_forward_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig',
      dns_cache_config: { name: dnsCacheName(service.hostname), dns_lookup_family: 'V4_ONLY' },
      port_value: options.port,
    },
  }
  return [...filters.slice(0, filters.length - stack.length), byName, ...stack]
}

/** Where a rule of a VirtualService sends connections: one cluster, or several by weight. */
export function routeDestinations(
  context: TranslationContext,
  routes: readonly RouteDestination[],
  virtualService: Config<unknown>,
  options: TcpDestinationOptions,
): NamedFilter[] {
  const first = routes[0]
  if (!first) return []
  const service = visibleService(context, first.destination.host)
  const rule = service ? (context.snapshot.destinationRuleFor(context.proxy, service)?.spec ?? null) : null
  if (routes.length === 1) {
    const cluster = destinationCluster(first.destination, service, options.port)
    return singleDestination(context, cluster, first.destination.subset ?? '', rule, options, null)
  }
  const clusters = routes
    .filter(route => (route.weight ?? 0) > 0)
    .map(route => ({
      name: destinationCluster(route.destination, visibleService(context, route.destination.host), options.port),
      weight: route.weight ?? 0,
    }))
  const prefix = `${virtualService.name}.${virtualService.namespace}`
  const proxy = tcpProxy({
    stat_prefix: prefix,
    weighted_clusters: { clusters },
    ...ruleFields(context, rule, '', true),
    ...requestAccessLog(context, options.where),
  })
  const stack = protocolStack(context, options.protocol, proxy, prefix, clusters[0]?.name ?? '')
  return completeStack(context, options.where, options.security, options.exchange, stack)
}
