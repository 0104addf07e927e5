// Route configurations of a proxy: those that its listeners ask for by name (pilot/pkg/networking/core/httproute.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { JsonObject, Listener, RouteConfiguration } from '../../xds/types.ts'
import type { FormerRoutes } from './former-routes.ts'
import { mergeGateways } from './gateway-merge.ts'
import { gatewayRouteConfiguration } from './gateway-routes.ts'
import { sidecarRouteConfiguration } from './route-sidecar.ts'
import { translationContext } from './translation-context.ts'

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as JsonObject)[key] : undefined

/** Names of the route configurations that HTTP connection managers fetch. */
export function routeNames(listeners: readonly Listener[]): string[] {
  const names = new Set<string>()
  for (const listener of listeners) {
    const chains = [...(listener.filter_chains ?? [])]
    if (listener.default_filter_chain) chains.push(listener.default_filter_chain)
    for (const chain of chains) {
      for (const filter of chain.filters) {
        const name = field(field(filter.typed_config, 'rds'), 'route_config_name')
        if (typeof name === 'string') names.add(name)
      }
    }
  }
  return [...names].sort(compareText)
}

/** One configuration for each name in the listeners, sorted by name; EnvoyFilters are applied later. */
export function buildRoutes(
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
  listeners: readonly Listener[],
  former: FormerRoutes | null = null,
): RouteConfiguration[] {
  const context = translationContext(snapshot, proxy)
  const names = routeNames(listeners)
  if (proxy.type === 'sidecar') return names.map(name => sidecarRouteConfiguration(context, name, former))
  const merged = mergeGateways(context)
  return names.map(name => gatewayRouteConfiguration(context, merged, name))
}
