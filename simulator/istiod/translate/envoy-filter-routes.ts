// Patches on route configurations, virtual hosts and routes (pilot/pkg/networking/core/envoyfilter/rc_patch.go).
import type { JsonObject, Route, RouteConfiguration, VirtualHost } from '../../xds/types.ts'
import { deepCopy, mergeMessage } from './envoy-filter-merge.ts'
import { inContext, merges, type Patch, type PatchContext, type Patches, patchList } from './envoy-filter-patches.ts'

/** Server ports of the route configurations of a gateway, by the port in their name. */
export type GatewayPorts = ReadonlyMap<number, ReadonlySet<number>>

/** Number, port name and gateway in the name of a gateway's route configuration. */
export function parseGatewayRouteName(name: string): { port: number; portName: string; gateway: string } {
  const parts = name.split('.')
  if (parts[0] === 'http') return { port: Number(name.slice('http.'.length)) || 0, portName: '', gateway: '' }
  if (parts[0] !== 'https' || parts.length !== 5) return { port: 0, portName: '', gateway: '' }
  return { port: Number(parts[1]) || 0, portName: parts[2] ?? '', gateway: `${parts[4]}/${parts[3]}` }
}

function sidecarPort(name: string): number {
  if (name.startsWith('inbound')) return Number(name.split('|')[1]) || 0
  return /^\d+$/.test(name) ? Number(name) : 0
}

function configurationMatches(
  patch: Patch,
  context: PatchContext,
  configuration: RouteConfiguration,
  ports: GatewayPorts,
): boolean {
  const match = patch.match.routeConfiguration
  if (!match) return true
  const { name } = configuration
  if (match.name && match.name !== name) return false
  if (context !== 'GATEWAY') return !match.portNumber || match.portNumber === sidecarPort(name)
  const own = parseGatewayRouteName(name)
  if (match.portName && match.portName !== own.portName) return false
  if (match.gateway && match.gateway !== own.gateway) return false
  if (!match.portNumber) return true
  return ports.get(own.port)?.has(match.portNumber) ?? own.port === match.portNumber
}

function hostMatches(patch: Patch, host: VirtualHost): boolean {
  const match = patch.match.routeConfiguration?.vhost
  if (!match) return true
  if (match.name && match.name !== host.name) return false
  return !match.domainName || host.domains.includes(match.domainName)
}

function routeMatches(patch: Patch, route: Route): boolean {
  const match = patch.match.routeConfiguration?.vhost?.route
  if (!match) return true
  if (match.name && match.name !== (route.name ?? '')) return false
  switch (match.action ?? 'ANY') {
    case 'ROUTE':
      return route.route !== undefined
    case 'REDIRECT':
      return route.redirect !== undefined
    case 'DIRECT_RESPONSE':
      return route.direct_response !== undefined
    default:
      return true
  }
}

/** Patches one route configuration in place. */
export function patchRouteConfiguration(
  patches: Patches,
  context: PatchContext,
  configuration: RouteConfiguration,
  ports: GatewayPorts,
): void {
  const concerns = (patch: Patch): boolean =>
    inContext(patch, context) && configurationMatches(patch, context, configuration, ports)
  for (const patch of patches.get('ROUTE_CONFIGURATION') ?? []) {
    if (merges(patch) && concerns(patch)) merge(configuration, patch)
  }
  const hosts: VirtualHost[] = []
  for (const host of configuration.virtual_hosts ?? []) {
    const patched = patchHost(patches, host, concerns)
    if (patched) hosts.push(patched)
  }
  for (const patch of patches.get('VIRTUAL_HOST') ?? []) {
    if (patch.operation === 'ADD' && concerns(patch)) hosts.push(deepCopy(patch.value) as unknown as VirtualHost)
  }
  if (hosts.length > 0) configuration.virtual_hosts = hosts
  else delete configuration.virtual_hosts
}

const merge = (target: JsonObject, patch: Patch): void =>
  mergeMessage(target, patch.value, patch.operation === 'MERGE_AND_REPLACE_LIST')

function patchHost(patches: Patches, original: VirtualHost, concerns: (patch: Patch) => boolean): VirtualHost | null {
  let host = original
  for (const patch of patches.get('VIRTUAL_HOST') ?? []) {
    if (!concerns(patch) || !hostMatches(patch, host)) continue
    if (patch.operation === 'REMOVE') return null
    if (merges(patch)) merge(host, patch)
    else if (patch.operation === 'REPLACE') host = deepCopy(patch.value) as unknown as VirtualHost
  }
  patchRoutes(patches, host, concerns)
  return host
}

const hasRouteMatch = (patch: Patch): boolean => patch.match.routeConfiguration?.vhost?.route !== undefined

function patchRoutes(patches: Patches, host: VirtualHost, concerns: (patch: Patch) => boolean): void {
  const mine = (patches.get('HTTP_ROUTE') ?? []).filter(patch => concerns(patch) && hostMatches(patch, host))
  if (mine.length === 0) return
  let routes = (host.routes ?? []).filter(route => {
    for (const patch of mine) {
      if (!routeMatches(patch, route)) continue
      if (patch.operation === 'REMOVE') return false
      if (merges(patch)) merge(route, patch)
    }
    return true
  })
  for (const patch of mine) {
    if (patch.operation === 'REMOVE' || patch.operation === 'REPLACE') continue
    const isMeant = (route: Route): boolean => routeMatches(patch, route)
    // first in the list, but only where the route that is named exists
    if (patch.operation === 'INSERT_FIRST' && hasRouteMatch(patch) && !routes.some(isMeant)) continue
    routes = patchList(routes, patch, hasRouteMatch(patch), isMeant)
  }
  if (routes.length > 0) host.routes = routes
  else delete host.routes
}
