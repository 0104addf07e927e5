// Routes that a former translation made of VirtualServices, for those that are still the same objects. Routes tell which
// object they stem from, and on a sidecar all routes of a virtual host stem from one.
import type { SidecarScope, VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import type { ProxyConfiguration, Route } from '../../xds/types.ts'
import { configMetadata, routeSemantics } from './translation-context.ts'

/** The routes that `rule` got in the route configuration `name`; null when they must be made. */
export type FormerRoutes = (name: string, rule: VirtualServiceConfig) => Route[] | null

/** `scope`: what the proxy saw when `configuration` was made. */
export function formerRoutes(scope: SidecarScope, configuration: ProxyConfiguration): FormerRoutes {
  const same = new Set(scope.egressListeners.flatMap(listener => listener.virtualServices))
  const byName = new Map<string, Map<string, Route[]>>()
  for (const { name, virtual_hosts = [] } of configuration.routes) {
    const byOrigin = new Map<string, Route[]>()
    for (const { routes = [] } of virtual_hosts) {
      const origin = JSON.stringify(routes[0]?.metadata)
      if (origin !== undefined && !byOrigin.has(origin)) byOrigin.set(origin, routes)
    }
    byName.set(name, byOrigin)
  }
  return (name, rule) => {
    // of one object of the Gateway API several VirtualServices can be made
    if (!same.has(rule) || routeSemantics(rule) !== '') return null
    return byName.get(name)?.get(JSON.stringify(configMetadata(rule))) ?? null
  }
}
