// Route configurations of a sidecar's outbound listeners (pilot/pkg/networking/core/httproute.go, route/route.go
// BuildSidecarVirtualHostWrapper).
import type { EgressListener, VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { compareText, hostMatches, isWildcard, mostSpecificHost } from '../../registry/names.ts'
import type { Protocol, Service } from '../../registry/types.ts'
import { isHttp, parseProtocol } from '../../resources/protocol.ts'
import type { Route, RouteConfiguration, VirtualHost } from '../../xds/types.ts'
import { outboundClusterName } from './cluster-names.ts'
import type { FormerRoutes } from './former-routes.ts'
import { catchAllVirtualHost, countsAttempts, defaultOutboundRoute } from './route-defaults.ts'
import { namesFor, serviceDomains } from './route-domains.ts'
import {
  addressesOf,
  aliasesIn,
  bracketed,
  domainName,
  routeSemantics,
  type TranslationContext,
} from './translation-context.ts'
import { serviceHash, virtualServiceRoutes } from './virtual-service-routes.ts'

const isHttpOrSniffed = (protocol: Protocol): boolean => isHttp(protocol) || protocol === 'Unsupported'

/** Some hosts, and the routes they have in common. */
interface HostGroup {
  port: number
  services: Service[]
  /** Hosts of a VirtualService that no service has. */
  hosts: string[]
  routes: Route[]
}

/** The configuration named `name`: a port, `host:port` of a sniffed service, `http_proxy` or a socket's path. */
export function sidecarRouteConfiguration(
  context: TranslationContext,
  name: string,
  former: FormerRoutes | null,
): RouteConfiguration {
  const socket = name.startsWith('unix:')
  const colon = name.indexOf(':')
  const digits = socket ? '' : name.slice(colon + 1)
  const number = /^\d+$/.test(digits) ? Number(digits) : 0
  const sniffed = !socket && colon >= 0
  const listener = egressListenerFor(context, number, name)
  const empty: RouteConfiguration = { name, validate_clusters: false }
  if (!listener && number === 0 && name !== 'http_proxy' && !socket) return empty
  let hosts = listener ? virtualHosts(context, listener, number, rule => former?.(name, rule) ?? null) : []
  if (sniffed) hosts = sniffedHosts(hosts, name)
  hosts.sort((a, b) => compareText(a.name, b.name))
  if (!sniffed) hosts.push(catchAllVirtualHost(context))
  return {
    name,
    ...(hosts.length > 0 ? { virtual_hosts: hosts } : {}),
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1048576,
    ignore_port_in_host_matching: true,
  }
}

function egressListenerFor(context: TranslationContext, port: number, name: string): EgressListener | null {
  for (const listener of context.scope.egressListeners) {
    if (!listener.spec?.port) return listener
    if ((listener.spec.port.number ?? 0) !== port) continue
    if (port !== 0 || listener.spec.bind === name) return listener
  }
  return null
}

/** A service's own listener needs only its virtual host, for any Host. */
function sniffedHosts(hosts: readonly VirtualHost[], name: string): VirtualHost[] {
  const bare = name.slice(0, name.lastIndexOf(':'))
  const found = hosts.filter(host => host.domains.some(domain => domain === name || domain === bare))
  return found.length === 1 ? found.map(host => ({ ...host, domains: ['*'] })) : found
}

function virtualHosts(
  context: TranslationContext,
  listener: EgressListener,
  listenerPort: number,
  former: (rule: VirtualServiceConfig) => Route[] | null,
): VirtualHost[] {
  const isProxy = listener.spec?.port && parseProtocol(listener.spec.port.protocol ?? '') === 'HTTP_PROXY'
  const port = isProxy ? 0 : listenerPort
  const services = servicesAt(listener.services, port)
  const rules =
    port === 80 ? listener.virtualServices : listener.virtualServices.filter(rule => concerns(rule, services))
  const groups = [...rules.flatMap(rule => ruleGroups(context, listener, rule, services, port, former(rule)))]
  for (const group of groups) for (const service of group.services) services.delete(service.hostname)
  for (const service of [...services.values()].sort((a, b) => compareText(a.hostname, b.hostname))) {
    if (service.resolution === 'Alias') continue
    for (const servicePort of service.ports) {
      if (isHttpOrSniffed(servicePort.protocol)) groups.push(serviceGroup(context, service, servicePort.port))
    }
  }
  return hostsOfGroups(context, listener, groups, port)
}

/** Services with the port, narrowed to it; all of them for port 0. */
function servicesAt(services: readonly Service[], port: number): Map<string, Service> {
  const found = new Map<string, Service>()
  for (const service of services) {
    const hostname = port === 0 ? service.hostname : service.hostname.toLowerCase()
    const ports = port === 0 ? service.ports : service.ports.filter(candidate => candidate.port === port).slice(0, 1)
    if (ports.length > 0 || port === 0) found.set(hostname, { ...service, hostname, ports })
  }
  return found
}

function concerns(rule: VirtualServiceConfig, services: ReadonlyMap<string, Service>): boolean {
  const names = [...services.keys()]
  return rule.spec.hosts.some(written => {
    const host = written.toLowerCase()
    if (services.has(host)) return true
    return names.some(name => (isWildcard(host) || isWildcard(name)) && hostMatches(host, name))
  })
}

function serviceGroup(context: TranslationContext, service: Service, port: number): HostGroup {
  const route = defaultOutboundRoute(
    outboundClusterName(port, '', service.hostname),
    `${service.hostname}:${port}/*`,
    serviceHash(context, service, port),
    context.mesh,
  )
  return { port, services: [service], hosts: [], routes: [route] }
}

function ruleGroups(
  context: TranslationContext,
  listener: EgressListener,
  rule: VirtualServiceConfig,
  services: ReadonlyMap<string, Service>,
  port: number,
  former: Route[] | null,
): HostGroup[] {
  const routes =
    former ??
    virtualServiceRoutes(rule, {
      context,
      port,
      gateway: 'mesh',
      tls: false,
      lookup: hostname => services.get(hostname) ?? null,
    })
  if (routes.length === 0) return []
  const { hosts, matching } = hostsAndServices(listener, rule, services)
  if (routeSemantics(rule) === 'gateway') {
    const visible = matching.filter(
      service => service.namespace === rule.namespace || context.proxy.namespace === rule.namespace,
    )
    if (visible.length === 0) return []
  }
  const byPort = new Map<number, Service[]>()
  for (const service of matching) {
    for (const servicePort of service.ports) {
      if (!isHttpOrSniffed(servicePort.protocol)) continue
      byPort.set(servicePort.port, [...(byPort.get(servicePort.port) ?? []), service])
    }
  }
  // hosts without a service live on port 80 only
  if (byPort.size === 0 && port === 80) byPort.set(80, [])
  return [...byPort].map(([at, found]) => ({ port: at, services: found, hosts, routes }))
}

function hostsAndServices(
  listener: EgressListener,
  rule: VirtualServiceConfig,
  services: ReadonlyMap<string, Service>,
): { hosts: string[]; matching: Service[] } {
  const hosts: string[] = []
  const matching: Service[] = []
  const wildcards: string[] = []
  for (const host of rule.spec.hosts) {
    const lower = host.toLowerCase()
    if (isWildcard(lower)) wildcards.push(lower)
    else {
      const service = services.get(lower)
      if (service) matching.push(service)
      else hosts.push(host)
    }
  }
  for (const host of wildcards) {
    if (routeSemantics(rule) === 'gateway') {
      hosts.push(host)
      continue
    }
    const covered = [...services].filter(([name]) => hostMatches(name, host))
    const chosen = covered.filter(([name]) => mostSpecificRule(listener, name) === rule).map(([, service]) => service)
    // istiod goes through them in the order of a Go map, which is any; a service before its aliases, whose names it bears
    matching.push(...chosen.filter(s => s.resolution !== 'Alias'), ...chosen.filter(s => s.resolution === 'Alias'))
    if (covered.length === 0) hosts.push(host)
  }
  return { hosts, matching }
}

/** The rule whose host is the closest to the service; of equal hosts the first. */
function mostSpecificRule(listener: EgressListener, hostname: string): VirtualServiceConfig | null {
  const byHost = new Map<string, VirtualServiceConfig>()
  for (const rule of listener.virtualServices) {
    for (const host of rule.spec.hosts) if (!byHost.has(host)) byHost.set(host, rule)
  }
  return mostSpecificHost(hostname, byHost)
}

function hostsOfGroups(
  context: TranslationContext,
  listener: EgressListener,
  groups: readonly HostGroup[],
  listenerPort: number,
): VirtualHost[] {
  const known = new Set<string>()
  for (const group of groups) {
    for (const service of group.services) {
      known.add(service.hostname)
      known.add(domainName(service.hostname, group.port))
    }
  }
  const names = new Set<string>()
  const taken = new Set<string>()
  const byPort = new Map<number, VirtualHost[]>()
  const build = (hostname: string, group: HostGroup, service: Service | null): void => {
    const name = domainName(hostname, group.port)
    if (names.has(name)) return
    names.add(name)
    const { all, alternatives } = service
      ? serviceDomains(
          service,
          aliasesIn(context, listener, service),
          addressesOf(context, service),
          namesFor(context, listenerPort === 0 ? group.port : 0),
        )
      : { all: [bracketed(hostname)], alternatives: [] }
    const domains: string[] = []
    for (const domain of all) {
      if (taken.has(domain.toLowerCase()) || (alternatives.includes(domain) && known.has(domain))) continue
      taken.add(domain.toLowerCase())
      domains.push(domain)
    }
    if (domains.length === 0) return
    const host: VirtualHost = {
      name,
      domains,
      routes: group.routes,
      ...(countsAttempts(context) ? { include_request_attempt_count: true } : {}),
    }
    byPort.set(group.port, [...(byPort.get(group.port) ?? []), host])
  }
  for (const group of groups) {
    if (group.routes.length === 0) continue
    for (const host of group.hosts) build(host.toLowerCase(), group, null)
    for (const service of group.services) build(service.hostname, group, service)
  }
  if (listenerPort !== 0) return byPort.get(listenerPort) ?? []
  return [...byPort].flatMap(([port, hosts]) => (port === 80 ? hosts : withPortsOnly(hosts)))
}

/** On a proxy's listener only port 80 may be left out of Host. */
function withPortsOnly(hosts: readonly VirtualHost[]): VirtualHost[] {
  return hosts
    .map(host => ({ ...host, domains: host.domains.filter(domain => domain.includes(':')) }))
    .filter(host => host.domains.length > 0)
}
