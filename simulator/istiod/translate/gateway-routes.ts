// Route configurations of a gateway (pilot/pkg/networking/core/gateway.go buildGatewayHTTPRouteConfig).
import type { VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { compareText, hostSubsetOf, isWildcard } from '../../registry/names.ts'
import type { Service } from '../../registry/types.ts'
import type { Route, RouteConfiguration, VirtualHost } from '../../xds/types.ts'
import type { GatewayServer, MergedGateway } from './gateway-merge.ts'
import { countsAttempts } from './route-defaults.ts'
import { catchAllLast } from './route-match.ts'
import { domainName, type TranslationContext, visibleService } from './translation-context.ts'
import { virtualServiceRoutes } from './virtual-service-routes.ts'

/** Longest first, exact names before wildcards. */
export function moreSpecificFirst(a: string, b: string): number {
  const [first, second] = [isWildcard(a), isWildcard(b)]
  if (first !== second) return first ? 1 : -1
  return b.length - a.length || compareText(a, b)
}

/** Names common to both lists, the narrower one of each pair; a gives its order. */
export function commonHosts(a: readonly string[], b: readonly string[]): string[] {
  const hosts: string[] = []
  for (const one of a) {
    for (const other of b) {
      if (hostSubsetOf(one, other)) {
        if (!hosts.includes(one)) hosts.push(one)
      } else if (hostSubsetOf(other, one) && !hosts.includes(other)) hosts.push(other)
    }
  }
  return hosts
}

/** Hosts of the server for VirtualServices of `namespace`. */
const hostsFor = (server: GatewayServer, namespace: string): string[] =>
  server.hosts
    .filter(host => !host.includes('/') || host.split('/')[0] === namespace)
    .map(host => (host.includes('/') ? (host.split('/')[1] ?? '') : host))

/** The service that a gateway's destination means: of the VirtualService's namespace, else the one in sight. */
const lookupFor =
  (context: TranslationContext, rule: VirtualServiceConfig) =>
  (hostname: string): Service | null => {
    const own = context.snapshot.service(hostname, rule.namespace)
    if (own && context.snapshot.serviceVisible(own, context.proxy.namespace)) return own
    return visibleService(context, hostname)
  }

interface Draft {
  host: VirtualHost
  routes: Route[]
}

/** The configuration `name`; a name that no server has gives an empty one. */
export function gatewayRouteConfiguration(
  context: TranslationContext,
  merged: MergedGateway,
  name: string,
): RouteConfiguration {
  const servers = merged.serversByRoute.get(name)
  if (!servers) return { name, validate_clusters: false }
  const drafts = new Map<string, Draft>()
  const known = new Map<string, Route[]>()
  for (const server of servers) addServer(context, server, drafts, known)
  let hosts: VirtualHost[]
  if (drafts.size === 0) {
    hosts = [{ name: domainName('blackhole', servers[0]?.spec.port.number ?? 0), domains: ['*'] }]
  } else {
    const collapse = context.snapshot.flagOn('PILOT_ENABLE_ROUTE_COLLAPSE_OPTIMIZATION', true)
    hosts = collapsed(drafts, collapse).map(({ host, routes }) =>
      routes.length > 0 ? { ...host, routes: catchAllLast(routes) } : host,
    )
  }
  hosts.sort((a, b) => compareText(a.name, b.name))
  return {
    name,
    virtual_hosts: hosts,
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1048576,
    ignore_port_in_host_matching: true,
  }
}

function addServer(
  context: TranslationContext,
  server: GatewayServer,
  drafts: Map<string, Draft>,
  known: Map<string, Route[]>,
): void {
  const port = server.spec.port.number
  const redirects = server.spec.tls?.httpsRedirect === true
  const newHost = (hostname: string): VirtualHost => ({
    name: domainName(hostname, port),
    domains: [hostname],
    ...(countsAttempts(context) ? { include_request_attempt_count: true } : {}),
    ...(redirects ? { require_tls: 'ALL' } : {}),
  })
  for (const rule of context.snapshot.virtualServicesFor(context.proxy.namespace, server.gatewayName)) {
    const hosts = commonHosts(hostsFor(server, rule.namespace), rule.spec.hosts)
    if (hosts.length === 0) continue
    const key = `${server.gatewayName}|${rule.namespace}/${rule.name}`
    let routes = known.get(key)
    if (!routes) {
      routes = virtualServiceRoutes(rule, {
        context,
        port,
        gateway: server.gatewayName,
        tls: server.spec.tls !== undefined,
        lookup: lookupFor(context, rule),
      })
      if (routes.length === 0) continue
      known.set(key, routes)
    }
    for (const host of hosts) {
      const hostname = host.toLowerCase()
      const draft = drafts.get(hostname)
      if (!draft) drafts.set(hostname, { host: newHost(hostname), routes: [...routes] })
      else {
        draft.routes.push(...routes)
        if (redirects) draft.host.require_tls = 'ALL'
      }
    }
  }
  if (!redirects) return
  for (const host of server.hosts) {
    const hostname = host.toLowerCase()
    const draft = drafts.get(hostname)
    if (draft) draft.host.require_tls = 'ALL'
    else drafts.set(hostname, { host: newHost(hostname), routes: [] })
  }
}

const sameRoutes = (a: readonly Route[], b: readonly Route[]): boolean =>
  a.length === b.length && a.every((route, i) => route === b[i])

/** Hosts with the very same routes share one virtual host, named after the most specific, when `collapse` says so. */
function collapsed(drafts: ReadonlyMap<string, Draft>, collapse: boolean): Draft[] {
  const kept: Draft[] = []
  const names = [...drafts.keys()].sort(moreSpecificFirst)
  for (const name of names) {
    const draft = drafts.get(name)
    if (!draft) continue
    const same = kept.find(
      other => collapse && other.host.require_tls === draft.host.require_tls && sameRoutes(other.routes, draft.routes),
    )
    if (same) same.host.domains.push(...draft.host.domains)
    else kept.push(draft)
  }
  return kept
}
