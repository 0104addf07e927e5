// EnvoyFilter patches over the finished configuration (pilot/pkg/networking/core/envoyfilter).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { Listener, ProxyConfiguration, RouteConfiguration } from '../../xds/types.ts'
import { patchClusters } from './envoy-filter-clusters.ts'
import { patchListeners } from './envoy-filter-listeners.ts'
import { deepCopy } from './envoy-filter-merge.ts'
import { type PatchContext, type Patches, patchesFor } from './envoy-filter-patches.ts'
import { type GatewayPorts, parseGatewayRouteName, patchRouteConfiguration } from './envoy-filter-routes.ts'
import { mergeGateways } from './gateway-merge.ts'
import { translationContext } from './translation-context.ts'

/**
 * The configuration with the patches of all EnvoyFilters that concern the proxy, lists sorted by name again. What is
 * given stays as it is.
 */
export function applyEnvoyFilters(
  configuration: ProxyConfiguration,
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
): ProxyConfiguration {
  const patches = patchesFor(snapshot, proxy)
  if (patches.size === 0) return configuration
  const { listeners, routes, clusters } = deepCopy(configuration)
  const gateway = proxy.type === 'router'
  const ports = gateway ? gatewayPorts(snapshot, proxy) : new Map<number, Set<number>>()
  for (const listener of listeners) patchInlinedRoutes(patches, listener)
  for (const route of routes) patchRouteConfiguration(patches, gateway ? 'GATEWAY' : 'SIDECAR_OUTBOUND', route, ports)
  const targets = snapshot.serviceTargets(proxy)
  const inboundHosts = (port: number): string[] =>
    targets.filter(target => target.targetPort === port).map(target => target.service.hostname)
  const contexts: PatchContext[] = gateway ? ['GATEWAY'] : ['SIDECAR_OUTBOUND', 'SIDECAR_INBOUND']
  const isIn = (context: PatchContext, inbound: boolean): boolean =>
    context === 'GATEWAY' || inbound === (context === 'SIDECAR_INBOUND')
  const byName = (a: { name: string }, b: { name: string }): number => compareText(a.name, b.name)
  return {
    listeners: contexts
      .flatMap(context =>
        patchListeners(
          patches,
          context,
          listeners.filter(listener => isIn(context, listener.traffic_direction === 'INBOUND')),
        ),
      )
      .sort(byName),
    routes,
    clusters: contexts
      .flatMap(context =>
        patchClusters(
          patches,
          context,
          clusters.filter(cluster => isIn(context, isInboundCluster(cluster.name))),
          inboundHosts,
        ),
      )
      .sort(byName),
    endpoints: configuration.endpoints,
  }
}

const isInboundCluster = (name: string): boolean => name.startsWith('inbound|') || name === 'InboundPassthroughCluster'

/** Routes that inbound chains carry in themselves. */
function patchInlinedRoutes(patches: Patches, listener: Listener): void {
  if (listener.traffic_direction !== 'INBOUND') return
  for (const chain of listener.filter_chains ?? []) {
    for (const filter of chain.filters) {
      const routes = filter.typed_config?.['route_config']
      if (routes) patchRouteConfiguration(patches, 'SIDECAR_INBOUND', routes as RouteConfiguration, new Map())
    }
  }
}

function gatewayPorts(snapshot: MeshSnapshot, proxy: ProxyNode): GatewayPorts {
  const ports = new Map<number, Set<number>>()
  for (const [name, servers] of mergeGateways(translationContext(snapshot, proxy)).serversByRoute) {
    const { port } = parseGatewayRouteName(name)
    const known = ports.get(port) ?? new Set()
    for (const server of servers) known.add(server.spec.port.number)
    ports.set(port, known)
  }
  return ports
}
