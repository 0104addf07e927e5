// Routes that nobody wrote: to a service as such, to the application behind a sidecar, to anywhere
// (pilot/pkg/networking/core/route/route.go, httproute.go).
import type { Protocol } from '../../registry/types.ts'
import type { ConsistentHashLB, Destination, MeshConfig } from '../../resources/index.ts'
import type { JsonObject, Route, RouteConfiguration, VirtualHost } from '../../xds/types.ts'
import { ALLOW_ANY_DYNAMIC_DNS_CLUSTER, PASSTHROUGH_CLUSTER } from './cluster-names.ts'
import { hashPolicy } from './route-actions.ts'
import { inboundRetryPolicy, retryPolicy } from './route-retry.ts'
import { allowsAny, allowsAnyByDns, type TranslationContext } from './translation-context.ts'
import { destinationCluster, timeoutFields } from './virtual-service-routes.ts'

/** Everything to one cluster, with the mesh's default retries. */
export function defaultOutboundRoute(
  cluster: string,
  operation: string,
  hash: ConsistentHashLB | null,
  mesh: MeshConfig,
): Route {
  const retries = retryPolicy(mesh.defaultHttpRetryPolicy, false)
  const hashes = hashPolicy(hash)
  return {
    name: 'default',
    match: { prefix: '/' },
    decorator: { operation },
    route: {
      cluster,
      ...timeoutFields(undefined),
      ...(retries ? { retry_policy: retries } : {}),
      ...(hashes ? { hash_policy: [hashes] } : {}),
    },
  }
}

/** The inlined configuration of an inbound filter chain: everything to the application. */
export function inboundRouteConfiguration(
  cluster: string,
  host: string,
  port: number,
  protocol: Protocol,
  mesh: MeshConfig,
): RouteConfiguration {
  const retries = protocol === 'GRPC' || protocol === 'GRPC-Web' ? null : inboundRetryPolicy(mesh)
  const route: Route = {
    name: 'default',
    match: { prefix: '/' },
    decorator: { operation: `${host}:${port}/*` },
    route: {
      cluster,
      timeout: '0s',
      max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' },
      ...(retries ? { retry_policy: retries } : {}),
    },
  }
  return {
    name: cluster,
    virtual_hosts: [{ name: `inbound|http|${port}`, domains: ['*'], routes: [route] }],
    validate_clusters: false,
  }
}

/** Is x-envoy-attempt-count added? */
export function countsAttempts(context: TranslationContext): boolean {
  const setting = context.proxyConfig.proxyHeaders?.['attemptCount'] as { disabled?: boolean } | undefined
  return setting?.disabled !== true
}

const forwardsHost = (context: TranslationContext): boolean => {
  const setting = context.proxyConfig.proxyHeaders?.['xForwardedHost'] as { enabled?: boolean } | undefined
  return setting?.enabled === true
}

/** Where traffic to nobody known goes: on to its address, to the egress proxy, or nowhere (502). */
export function catchAllVirtualHost(context: TranslationContext): VirtualHost {
  const host = (name: string, rest: JsonObject): VirtualHost => ({
    name,
    domains: ['*'],
    routes: [{ name, match: { prefix: '/' }, ...rest }],
    ...(countsAttempts(context) ? { include_request_attempt_count: true } : {}),
  })
  const forward = (cluster: string): JsonObject => ({
    route: {
      cluster,
      ...timeoutFields(undefined),
      ...(forwardsHost(context) ? { append_x_forwarded_host: true } : {}),
    },
  })
  if (allowsAnyByDns(context)) return host('allow_any_dynamic_dns', forward(ALLOW_ANY_DYNAMIC_DNS_CLUSTER))
  if (allowsAny(context)) return host('allow_any', forward(egressCluster(context)))
  return host('block_all', { direct_response: { status: 502 } })
}

/** Cluster of traffic that no listener or virtual host knows, under ALLOW_ANY. */
export function egressCluster(context: TranslationContext): string {
  const { egressProxy } = context.scope.outboundTrafficPolicy
  if (!egressProxy) return PASSTHROUGH_CLUSTER
  const destination: Destination = {
    host: egressProxy.host,
    ...(egressProxy.subset === undefined ? {} : { subset: egressProxy.subset }),
    ...(egressProxy.port === undefined ? {} : { port: egressProxy.port }),
  }
  return destinationCluster(destination, null, 0)
}
