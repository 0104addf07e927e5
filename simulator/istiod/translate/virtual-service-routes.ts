// From the HTTP rules of a VirtualService to Envoy's routes (pilot/pkg/networking/core/route/route.go).
import type { VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { subsetOf } from '../../registry/names.ts'
import type { Service } from '../../registry/types.ts'
import type {
  ConsistentHashLB,
  Destination,
  HTTPMatchRequest,
  HTTPRoute,
  HTTPRouteDestination,
} from '../../resources/index.ts'
import type { JsonObject, Route, TypedConfig } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { outboundClusterName } from './cluster-names.ts'
import {
  corsConfig,
  directResponseAction,
  faultConfig,
  hashPolicy,
  mirrorPolicy,
  mirrorShare,
  mirrorsShare,
  redirectAction,
} from './route-actions.ts'
import { appended, headerFields, headerOperations } from './route-headers.ts'
import { isCatchAll, routeMatch, routeOperation } from './route-match.ts'
import { retryPolicy } from './route-retry.ts'
import { configMetadata, ownNamespace, routeSemantics, type TranslationContext, text } from './translation-context.ts'

export interface RouteOptions {
  context: TranslationContext
  /** Port of the listener; 0 for an HTTP proxy or a socket file. */
  port: number
  /** `mesh`, or `namespace/name` of the gateway. */
  gateway: string
  tls: boolean
  /** The service that a destination means, as this kind of proxy looks it up. */
  lookup(hostname: string): Service | null
}

/** Cluster of a destination: its port, else the only port of the service, else the listener's. */
export function destinationCluster(destination: Destination, service: Service | null, listenerPort: number): string {
  const { host = '' } = destination
  if (host === '') return 'UnknownService'
  const port = destination.port ? (destination.port.number ?? 0) : null
  const only = service?.ports.length === 1 ? service.ports[0]?.port : undefined
  return outboundClusterName(port ?? only ?? listenerPort, destination.subset ?? '', service?.externalName || host)
}

/** Consistent hash of the rule for a destination: subset's port, subset, port, whole rule. */
export function destinationHash(context: TranslationContext, destination: Destination): ConsistentHashLB | null {
  const service = context.scope.servicesByHostname.get(destination.host ?? '')
  const rule = service ? context.snapshot.destinationRuleFor(context.proxy, service)?.spec : null
  if (!rule) return null
  const number = destination.port?.number
  type Policy = NonNullable<typeof rule.trafficPolicy>
  const ofPort = (policy: Policy | undefined): ConsistentHashLB | undefined =>
    number === undefined
      ? undefined
      : policy?.portLevelSettings?.find(setting => setting.port?.number === number)?.loadBalancer?.consistentHash
  const subset = rule.subsets?.find(candidate => candidate.name === (destination.subset ?? ''))?.trafficPolicy
  return (
    ofPort(subset) ??
    subset?.loadBalancer?.consistentHash ??
    ofPort(rule.trafficPolicy) ??
    rule.trafficPolicy?.loadBalancer?.consistentHash ??
    null
  )
}

/** Consistent hash for a service without a VirtualService. */
export function serviceHash(context: TranslationContext, service: Service, port: number): ConsistentHashLB | null {
  const rule = context.snapshot.destinationRuleFor(context.proxy, service)?.spec
  const setting = rule?.trafficPolicy?.portLevelSettings?.find(candidate => candidate.port?.number === port)
  return setting?.loadBalancer?.consistentHash ?? rule?.trafficPolicy?.loadBalancer?.consistentHash ?? null
}

/** Routes of all rules and matches that hold for the proxy and port; what follows a catch-all is dropped. */
export function virtualServiceRoutes(virtualService: VirtualServiceConfig, options: RouteOptions): Route[] {
  const routes: Route[] = []
  for (const rule of virtualService.spec.http) {
    if (!rule.match || rule.match.length === 0) {
      const route = translateRoute(virtualService, rule, null, options)
      if (route) routes.push(route)
      return routes
    }
    for (const match of rule.match) {
      const route = translateRoute(virtualService, rule, match, options)
      if (!route) continue
      routes.push(route)
      if (isCatchAll(route)) return routes
    }
  }
  return routes
}

function sourceMatches(match: HTTPMatchRequest | null, options: RouteOptions): boolean {
  if (!match) return true
  if (match.gateways && match.gateways.length > 0) return match.gateways.includes(options.gateway)
  const { context } = options
  return (
    subsetOf(match.sourceLabels, context.proxy.labels) &&
    (!match.sourceNamespace || match.sourceNamespace === ownNamespace(context))
  )
}

function translateRoute(
  virtualService: VirtualServiceConfig,
  rule: HTTPRoute,
  match: HTTPMatchRequest | null,
  options: RouteOptions,
): Route | null {
  if (match?.port && match.port !== options.port) return null
  if (!sourceMatches(match, options)) return null
  const name = `${rule.name ?? ''}${match?.name ? `.${match.name}` : ''}`
  const route: Route = {
    ...(name === '' ? {} : { name }),
    match: routeMatch(virtualService, match),
    metadata: configMetadata(virtualService),
    ...(match?.statPrefix ? { stat_prefix: match.statPrefix } : {}),
  }
  let operations = headerOperations(rule.headers)
  if (rule.redirect) {
    const redirect = redirectAction(rule.redirect, options.port, options.tls)
    if (redirect) route.redirect = redirect
  } else if (rule.directResponse) route.direct_response = directResponseAction(rule.directResponse)
  else {
    const only = rule.route?.length === 1 ? rule.route[0] : undefined
    route.route = routeAction(virtualService, rule, route, operations.authority, options)
    if (only?.headers) operations = appended(operations, headerOperations(only.headers))
  }
  Object.assign(route, headerFields(operations))
  route['decorator'] = { operation: routeOperation(route, virtualService.name, options.port) }
  const filters = perFilterConfig(rule)
  if (filters) route.typed_per_filter_config = filters
  return route
}

function perFilterConfig(rule: HTTPRoute): Record<string, TypedConfig> | null {
  if (!rule.fault && !rule.corsPolicy) return null
  const filters: Record<string, TypedConfig> = {}
  if (rule.fault) {
    filters['envoy.filters.http.fault'] = faultConfig(rule.fault) ?? {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
    }
  }
  if (rule.corsPolicy) filters['envoy.filters.http.cors'] = corsConfig(rule.corsPolicy)
  return filters
}

/** Timeout of a route: none unless given; the header grpc-timeout counts up to it. */
export function timeoutFields(timeout: string | undefined): JsonObject {
  const duration = timeout === undefined ? '0s' : protoDuration(timeout)
  return { timeout: duration, max_grpc_timeout: duration }
}

/** Characters that mean something in a regular expression, quoted as Go's QuoteMeta does. */
const quoted = (literal: string): string => literal.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

function rewriteFields(virtualService: VirtualServiceConfig, rule: HTTPRoute, route: Route): JsonObject {
  const { rewrite } = rule
  if (!rewrite) return {}
  if (rewrite.uriRegexRewrite) {
    const { match = '', rewrite: substitution = '' } = rewrite.uriRegexRewrite
    return {
      regex_rewrite: {
        pattern: match === '' ? {} : { regex: match },
        ...(substitution === '' ? {} : { substitution }),
      },
    }
  }
  if (!rewrite.uri) return {}
  if (routeSemantics(virtualService) === 'gateway' && rewrite.uri === '/') {
    const prefix = text(route.match['path_separated_prefix'])
    return { regex_rewrite: { pattern: { regex: `^${quoted(prefix)}(/?)(.*)` }, substitution: '/\\2' } }
  }
  return { prefix_rewrite: rewrite.uri }
}

function routeAction(
  virtualService: VirtualServiceConfig,
  rule: HTTPRoute,
  route: Route,
  setAuthority: string,
  options: RouteOptions,
): JsonObject {
  const { context } = options
  const destinations = rule.route ?? []
  const only = destinations.length === 1 ? destinations[0] : undefined
  const headers = context.proxyConfig.proxyHeaders?.['xForwardedHost'] as { enabled?: boolean } | undefined
  const authority = rule.rewrite?.authority || setAuthority || (only ? headerOperations(only.headers).authority : '')
  const action: JsonObject = {
    ...timeoutFields(rule.timeout),
    ...(routeSemantics(virtualService) === 'gateway'
      ? { cluster_not_found_response_code: 'INTERNAL_SERVER_ERROR' }
      : {}),
    ...(rule.rewrite && headers?.enabled ? { append_x_forwarded_host: true } : {}),
    ...rewriteFields(virtualService, rule, route),
    ...(authority === '' ? {} : { host_rewrite_literal: authority }),
  }
  const mirrors = mirrorPolicies(rule, options)
  if (mirrors.length > 0) action['request_mirror_policies'] = mirrors
  const hashes: JsonObject[] = []
  const addHash = (destination: Destination): boolean => {
    const hash = destinationHash(context, destination)
    const policy = hashPolicy(hash)
    if (policy) hashes.push(policy)
    return hash !== null
  }
  let hashed = false
  if (only) {
    action['cluster'] = clusterOf(only.destination, options)
    hashed = addHash(only.destination)
  } else {
    const weighted = destinations.filter(destination => (destination.weight ?? 0) !== 0)
    for (const { destination } of weighted) addHash(destination)
    action['weighted_clusters'] = { clusters: weighted.map(destination => clusterWeight(destination, options)) }
  }
  if (hashes.length > 0) action['hash_policy'] = hashes
  const retries = retryPolicy(rule.retries ?? context.mesh.defaultHttpRetryPolicy, hashed)
  if (retries) action['retry_policy'] = retries
  return action
}

const clusterOf = (destination: Destination, options: RouteOptions): string =>
  destinationCluster(destination, options.lookup(destination.host ?? ''), options.port)

function clusterWeight(destination: HTTPRouteDestination, options: RouteOptions): JsonObject {
  const operations = headerOperations(destination.headers)
  return {
    name: clusterOf(destination.destination, options),
    weight: destination.weight ?? 0,
    ...headerFields(operations),
    ...(operations.authority === '' ? {} : { host_rewrite_literal: operations.authority }),
  }
}

function mirrorPolicies(rule: HTTPRoute, options: RouteOptions): JsonObject[] {
  const policies: JsonObject[] = []
  if (rule.mirror) {
    const share = mirrorShare(rule)
    if (share) policies.push(mirrorPolicy(clusterOf(rule.mirror, options), share))
  }
  for (const mirror of rule.mirrors ?? []) {
    const share = mirrorsShare(mirror.percentage)
    if (share) policies.push(mirrorPolicy(clusterOf(mirror.destination, options), share))
  }
  return policies
}
