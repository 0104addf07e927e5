// A traffic policy in the words of an Envoy cluster: pool, outliers, balancer, TLS
// (pilot/pkg/networking/core/cluster_traffic_policy.go).

import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode, Service, ServicePort } from '../../registry/types.ts'
import type {
  ConnectionPoolSettings,
  LoadBalancerSettings,
  MeshConfig,
  OutlierDetection,
  TrafficPolicy,
} from '../../resources/index.ts'
import { isHttp } from '../../resources/protocol.ts'
import type { Cluster, JsonObject } from '../../xds/types.ts'
import { protoDuration, wholeSeconds } from './cluster-duration.ts'
import { effectiveLbSetting, forcesUnhealthy, localityLbConfig, sendsUnhealthy } from './load-balancer.ts'

const UNLIMITED = 4294967295

/** Options of HTTP towards the upstream, as they come together. */
export interface HttpOptions {
  common?: JsonObject
  upstream?: JsonObject
  /** The oneof of upstream_protocol_options. */
  protocol?: { kind: 'http1' | 'http2' | 'downstream'; http1?: JsonObject; http2?: JsonObject }
  outlier?: JsonObject
}

/** A cluster under construction. */
export interface Draft {
  cluster: Cluster
  http: HttpOptions | null
  dynamic: boolean
}

export const isHttp2Draft = (draft: Draft): boolean => draft.http?.protocol?.kind === 'http2'

export function optionsOf(draft: Draft): HttpOptions {
  draft.http ??= {}
  return draft.http
}

export function setHttp2(draft: Draft): void {
  const options = optionsOf(draft)
  options.protocol ??= { kind: 'http2', http2: {} }
}

export function setDownstreamProtocol(draft: Draft): void {
  const options = optionsOf(draft)
  const http1 = options.protocol?.kind === 'http1' ? (options.protocol.http1 ?? {}) : {}
  options.protocol = { kind: 'downstream', http1, http2: {} }
}

const PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'

/** Writes the gathered HTTP options into the cluster. */
export function finish(draft: Draft): Cluster {
  const { http, cluster } = draft
  if (!http) return cluster
  const protocol = http.protocol ?? { kind: 'http1', http1: {} }
  const options: JsonObject = { '@type': `type.googleapis.com/${PROTOCOL_OPTIONS}` }
  if (http.common) options['common_http_protocol_options'] = http.common
  if (http.upstream) options['upstream_http_protocol_options'] = http.upstream
  if (http.outlier) options['outlier_detection'] = http.outlier
  if (protocol.kind === 'http2') options['explicit_http_config'] = { http2_protocol_options: protocol.http2 ?? {} }
  else if (protocol.kind === 'http1') {
    options['explicit_http_config'] = { http_protocol_options: protocol.http1 ?? {} }
  } else {
    options['use_downstream_protocol_config'] = {
      http_protocol_options: protocol.http1 ?? {},
      http2_protocol_options: protocol.http2 ?? {},
    }
  }
  cluster['typed_extension_protocol_options'] = { [PROTOCOL_OPTIONS]: options }
  return cluster
}

/** UPGRADE of the rule always; the mesh's only on ports that say HTTP. */
export function upgradesToHttp2(
  pool: ConnectionPoolSettings | undefined,
  port: ServicePort | null,
  mesh: MeshConfig,
): boolean {
  if (pool?.http) {
    if (pool.http.useClientProtocol) return false
    if (pool.http.h2UpgradePolicy === 'UPGRADE') return true
    if (pool.http.h2UpgradePolicy === 'DO_NOT_UPGRADE') return false
  }
  if (port && !isHttp(port.protocol)) return false
  return mesh.h2UpgradePolicy === 'UPGRADE'
}

interface Keepalive {
  probes?: number | undefined
  time?: string | undefined
  interval?: string | undefined
}

function keepalive(cluster: Cluster, settings: Keepalive | undefined): void {
  if (!settings) return
  const before = cluster['upstream_connection_options'] as { tcp_keepalive: JsonObject } | undefined
  cluster['upstream_connection_options'] = {
    tcp_keepalive: {
      ...before?.tcp_keepalive,
      ...(settings.probes ? { keepalive_probes: settings.probes } : {}),
      ...(settings.time === undefined ? {} : { keepalive_time: wholeSeconds(settings.time) }),
      ...(settings.interval === undefined ? {} : { keepalive_interval: wholeSeconds(settings.interval) }),
    },
  }
}

const retryBudget = (budget: TrafficPolicy['retryBudget']): JsonObject =>
  budget
    ? {
        retry_budget: {
          budget_percent: budget.percent === 0 ? {} : { value: budget.percent ?? 20 },
          ...(budget.budgetInterval === undefined ? {} : { budget_interval: protoDuration(budget.budgetInterval) }),
          min_retry_concurrency: budget.minRetryConcurrency || 3,
        },
      }
    : {}

/** Limits, timeouts and keepalive of connections; a zero in the rule means: not set. */
export function applyConnectionPool(
  draft: Draft,
  mesh: MeshConfig,
  pool: ConnectionPoolSettings,
  budget?: TrafficPolicy['retryBudget'],
): void {
  const { cluster } = draft
  const { http, tcp } = pool
  cluster['connect_timeout'] = protoDuration(tcp?.connectTimeout ?? mesh.connectTimeout)
  keepalive(cluster, mesh.tcpKeepalive)
  keepalive(cluster, tcp?.tcpKeepalive)
  const limit = (value: number | undefined): number => (value !== undefined && value > 0 ? value : UNLIMITED)
  cluster['circuit_breakers'] = {
    thresholds: [
      {
        max_connections: limit(tcp?.maxConnections),
        max_pending_requests: limit(http?.http1MaxPendingRequests),
        max_requests: limit(http?.http2MaxRequests),
        max_retries: limit(http?.maxRetries),
        ...retryBudget(budget),
      },
    ],
  }
  const idle = http?.idleTimeout ?? tcp?.idleTimeout
  const common: JsonObject = {
    ...(idle === undefined ? {} : { idle_timeout: protoDuration(idle) }),
    ...(http?.maxRequestsPerConnection ? { max_requests_per_connection: http.maxRequestsPerConnection } : {}),
    ...(tcp?.maxConnectionDuration ? { max_connection_duration: protoDuration(tcp.maxConnectionDuration) } : {}),
  }
  const streams = http?.maxConcurrentStreams ?? 0
  if (Object.keys(common).length > 0 || streams > 0 || http?.http2KeepAlive) {
    const options = optionsOf(draft)
    options.common = { ...options.common, ...common }
    if (options.protocol?.kind === 'http2') {
      const { interval, timeout } = http?.http2KeepAlive ?? {}
      const alive: JsonObject = {
        ...(interval === undefined ? {} : { interval: protoDuration(interval) }),
        ...(timeout === undefined ? {} : { timeout: protoDuration(timeout) }),
      }
      options.protocol.http2 = {
        ...options.protocol.http2,
        ...(streams > 0 ? { max_concurrent_streams: streams } : {}),
        ...(http?.http2KeepAlive ? { connection_keepalive: alive } : {}),
      }
    }
  }
  if (http?.useClientProtocol) setDownstreamProtocol(draft)
}

/** Outliers: success rate is always off; counts are enforced when they are given and not zero. */
export function applyOutlierDetection(
  draft: Draft,
  snapshot: MeshSnapshot,
  service: Service | null,
  outlier: OutlierDetection,
): void {
  const enforced = (field: string, enforcing: string, value: number | undefined): JsonObject =>
    value === undefined ? {} : { [field]: value, [enforcing]: value > 0 ? 100 : 0 }
  const local = outlier.consecutiveLocalOriginFailures ?? 0
  draft.cluster['outlier_detection'] = {
    ...enforced('consecutive_5xx', 'enforcing_consecutive_5xx', outlier.consecutive5xxErrors),
    ...enforced(
      'consecutive_gateway_failure',
      'enforcing_consecutive_gateway_failure',
      outlier.consecutiveGatewayErrors,
    ),
    ...(outlier.interval === undefined ? {} : { interval: protoDuration(outlier.interval) }),
    ...(outlier.baseEjectionTime === undefined ? {} : { base_ejection_time: protoDuration(outlier.baseEjectionTime) }),
    ...((outlier.maxEjectionPercent ?? 0) > 0 ? { max_ejection_percent: outlier.maxEjectionPercent } : {}),
    enforcing_success_rate: 0,
    ...(outlier.splitExternalLocalOriginErrors
      ? {
          split_external_local_origin_errors: true,
          ...(local > 0
            ? { consecutive_local_origin_failure: local, enforcing_consecutive_local_origin_failure: 100 }
            : {}),
          enforcing_local_origin_success_rate: 0,
        }
      : {}),
  }
  const minimum = outlier.minHealthPercent ?? 0
  if (minimum >= 0) {
    const threshold = forcesUnhealthy(snapshot, service) ? 0 : minimum
    commonLb(draft.cluster)['healthy_panic_threshold'] = threshold === 0 ? {} : { value: threshold }
  }
  const codes = outlier.outlierDetectionHttpErrorCodes ?? []
  if (codes.length === 0) return
  const rules = codes.map(code => ({
    http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: String(code) } }] },
  }))
  const [only] = rules
  optionsOf(draft).outlier = { error_matcher: rules.length === 1 && only ? only : { or_match: { rules } } }
}

export function commonLb(cluster: Cluster): JsonObject {
  const known = cluster['common_lb_config'] as JsonObject | undefined
  if (known) return known
  const fresh: JsonObject = {}
  cluster['common_lb_config'] = fresh
  return fresh
}

const warmup = (lb: LoadBalancerSettings | undefined): JsonObject | null => {
  if (lb?.warmup) {
    const { duration, aggression = 1, minimumPercent = 10 } = lb.warmup
    return {
      slow_start_config: {
        slow_start_window: protoDuration(duration),
        aggression: { ...(aggression === 0 ? {} : { default_value: aggression }), runtime_key: '(' },
        min_weight_percent: minimumPercent === 0 ? {} : { value: minimumPercent },
      },
    }
  }
  if (!lb?.warmupDurationSecs) return null
  return { slow_start_config: { slow_start_window: protoDuration(lb.warmupDurationSecs) } }
}

/** Panic, locality and the algorithm. */
export function applyLoadBalancer(
  draft: Draft,
  snapshot: MeshSnapshot,
  service: Service,
  port: ServicePort,
  lb: LoadBalancerSettings | undefined,
): void {
  const { cluster } = draft
  if (cluster['lb_policy'] === 'CLUSTER_PROVIDED') return
  const common = commonLb(cluster)
  if (common['healthy_panic_threshold'] === undefined && sendsUnhealthy(snapshot, service)) {
    common['healthy_panic_threshold'] = {}
  }
  const setting = effectiveLbSetting(snapshot.meshConfig, lb, service)
  const weighted = snapshot.flagOn('ENABLE_LOCALITY_WEIGHTED_LB_CONFIG', false)
  Object.assign(common, localityLbConfig(setting, cluster['outlier_detection'] !== undefined, weighted))
  if (cluster.type === 'ORIGINAL_DST') {
    cluster['lb_policy'] = 'CLUSTER_PROVIDED'
    return
  }
  if (port.protocol === 'Redis' && snapshot.flagOn('PILOT_ENABLE_REDIS_FILTER', false)) {
    cluster['lb_policy'] = 'MAGLEV'
    return
  }
  const slow = warmup(lb)
  if (lb?.simple === 'RANDOM') cluster['lb_policy'] = 'RANDOM'
  else if (lb?.simple === 'PASSTHROUGH') {
    cluster['lb_policy'] = 'CLUSTER_PROVIDED'
    cluster.type = 'ORIGINAL_DST'
    delete cluster['load_assignment']
  } else if (lb?.simple === 'ROUND_ROBIN') {
    // ROUND_ROBIN is the enum's zero: JSON leaves it out
    delete cluster['lb_policy']
    if (slow) cluster['round_robin_lb_config'] = slow
  } else {
    cluster['lb_policy'] = 'LEAST_REQUEST'
    if (slow) cluster['least_request_lb_config'] = slow
  }
  applyConsistentHash(cluster, lb?.consistentHash)
}

function applyConsistentHash(cluster: Cluster, hash: LoadBalancerSettings['consistentHash']): void {
  if (!hash) return
  // one oneof holds the configuration of all algorithms
  const replace = (field: string, value: JsonObject): void => {
    delete cluster['round_robin_lb_config']
    delete cluster['least_request_lb_config']
    cluster[field] = value
  }
  if (hash.maglev) {
    cluster['lb_policy'] = 'MAGLEV'
    if (hash.maglev.tableSize) replace('maglev_lb_config', { table_size: String(hash.maglev.tableSize) })
    return
  }
  cluster['lb_policy'] = 'RING_HASH'
  const size = hash.ringHash ? hash.ringHash.minimumRingSize : hash.minimumRingSize || 1024
  if (size) replace('ring_hash_lb_config', { minimum_ring_size: String(size) })
}

/** Address family that names are looked up for. */
export function dnsLookupFamily(proxy: ProxyNode): string {
  const v6 = proxy.ipAddresses.filter(ip => ip.includes(':')).length
  return v6 > 0 && v6 === proxy.ipAddresses.length ? 'V6_ONLY' : 'V4_ONLY'
}
