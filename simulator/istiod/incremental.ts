// Translation step by step: what changed decides which kinds of resources are made again for a proxy, and whether any are.
// Whatever is in doubt is made again: the result always equals that of a full translation.
import type { MeshSnapshot, SidecarScope } from '../registry/mesh-snapshot.ts'
import type { ProxyNode, Service } from '../registry/types.ts'
import type { VirtualService } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import type { Listener, ProxyConfiguration, RouteConfiguration } from '../xds/types.ts'
import { translateProxy } from './index.ts'
import { changesBetween } from './snapshot-changes.ts'
import { applyEnvoyFilters } from './translate/envoy-filter.ts'
import { formerRoutes } from './translate/former-routes.ts'
import { buildListeners } from './translate/listeners.ts'
import { buildRoutes } from './translate/routes.ts'

/** A proxy's configuration and the snapshot that it was made of. */
export interface Translation {
  snapshot: MeshSnapshot
  configuration: ProxyConfiguration
}

/** Kinds that concern a proxy only from its own namespace or the root's. */
const NEAR = new Set(['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry', 'EnvoyFilter'])
/** Kinds that stand in listeners alone. */
const IN_LISTENERS = new Set(['AuthorizationPolicy', 'RequestAuthentication', 'Telemetry'])

/** What is made again. */
interface Extent {
  listeners: boolean
  routes: boolean
}

/** What `translateProxy(snapshot, proxy)` gives, with as much of `before` as the changes leave as it was. */
export function retranslateProxy(before: Translation, snapshot: MeshSnapshot, proxy: ProxyNode): ProxyConfiguration {
  const { configuration } = before
  const extent = extentOf(before.snapshot, snapshot, proxy)
  if (extent === 'all') return translateProxy(snapshot, proxy)
  // listeners and routes as they were before EnvoyFilters are not kept
  const filtered = snapshot.envoyFilters(proxy).length > 0
  const listeners = extent.listeners || (extent.routes && filtered) ? buildListeners(snapshot, proxy) : null
  const routes = extent.routes ? routesAgain(before, snapshot, proxy, listeners ?? configuration.listeners) : null
  if (listeners === null && routes === null) return configuration
  const made = { listeners: listeners ?? [], routes: routes ?? [], clusters: [], endpoints: [] }
  const patched = applyEnvoyFilters(made, snapshot, proxy)
  return {
    ...configuration,
    ...(listeners === null ? {} : { listeners: patched.listeners }),
    ...(routes === null ? {} : { routes: patched.routes }),
  }
}

/** Routes of a VirtualService that did not change are taken over, where services and destination rules are the same. */
function routesAgain(
  { snapshot: old, configuration }: Translation,
  snapshot: MeshSnapshot,
  proxy: ProxyNode,
  listeners: readonly Listener[],
): RouteConfiguration[] {
  const takeOver = proxy.type === 'sidecar' && snapshot.envoyFilters(proxy).length === 0
  return buildRoutes(snapshot, proxy, listeners, takeOver ? formerRoutes(old.sidecarScope(proxy), configuration) : null)
}

function extentOf(before: MeshSnapshot, after: MeshSnapshot, proxy: ProxyNode): Extent | 'all' {
  const changes = changesBetween(before, after)
  if (changes === null) return 'all'
  const near = new Set([proxy.namespace, proxy.metadata['NAMESPACE'], after.meshConfig.rootNamespace])
  const own = changes.filter(({ kind, metadata }) => !NEAR.has(kind) || near.has(metadata.namespace))
  const rules = own.filter(({ kind }) => kind === 'VirtualService')
  const policies = own.filter(({ kind }) => IN_LISTENERS.has(kind))
  if (rules.length + policies.length < own.length) return 'all'
  const extent = { listeners: policies.length > 0, routes: false }
  if (rules.length === 0) return extent
  const [old, fresh] = [before.sidecarScope(proxy), after.sidecarScope(proxy)]
  // the destinations of rules are in scope too, and clusters follow the scope
  if (!sameServices(old.services, fresh.services)) return 'all'
  if (!takesPart(rules, [old, fresh], proxy)) return extent
  return { listeners: extent.listeners || rules.some(hasStreamRules), routes: true }
}

/** Rules for TCP and TLS are in listeners; rules for HTTP are not. */
function hasStreamRules({ spec }: Resource): boolean {
  const { tcp = [], tls = [] } = spec as VirtualService
  return tcp.length + tls.length > 0
}

/** Does any of the changed rules act on this proxy, before or after? Delegates act through others. */
function takesPart(rules: readonly Resource[], scopes: readonly SidecarScope[], proxy: ProxyNode): boolean {
  if (proxy.type === 'router') return true
  if (rules.some(({ spec }) => ((spec as VirtualService).hosts ?? []).length === 0)) return true
  const changed = new Set(rules)
  return scopes.some(({ egressListeners }) =>
    egressListeners.some(listener => listener.virtualServices.some(config => changed.has(config.resource))),
  )
}

function sameServices(old: readonly Service[], fresh: readonly Service[]): boolean {
  return (
    old.length === fresh.length &&
    old.every((service, i) => {
      const other = fresh[i]!
      return (
        service.resource === other.resource &&
        service.hostname === other.hostname &&
        service.ports.length === other.ports.length &&
        service.ports.every((port, p) => port.port === other.ports[p]?.port)
      )
    })
  )
}
