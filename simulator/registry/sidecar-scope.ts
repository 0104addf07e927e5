// What a proxy sees of the mesh: services, VirtualServices, and the rules of its Sidecar (pilot/pkg/model/sidecar.go).
import type { IstioEgressListener, Sidecar } from '../resources/index.ts'
import type { Config, EgressListener, SidecarScope, VirtualServiceConfig } from './mesh-snapshot.ts'
import { compareText, hostMatches, hostSubsetOf, isWildcard } from './names.ts'
import type { Service, ServicePort } from './types.ts'
import { destinationsOf, hasGatewaySemantics, ownRoutesFirst } from './virtual-services.ts'

/** What the scope reads of the snapshot. */
export interface ScopeSource {
  servicesExportedTo(namespace: string): readonly Service[]
  serviceVisible(service: Service, namespace: string): boolean
  aliases(service: Service): readonly Service[]
  /** Definitions of a host by namespace. */
  definitions(hostname: string): ReadonlyMap<string, Service>
  virtualServicesFor(namespace: string, gateway: string): readonly VirtualServiceConfig[]
  /** Those of the mesh in three levels: private to the namespace, exported to it, public. */
  meshVirtualServices(namespace: string): readonly (readonly VirtualServiceConfig[])[]
  defaultOutboundMode: 'ALLOW_ANY' | 'REGISTRY_ONLY'
}

class HostList {
  readonly all: string[] = []
  readonly excluded: string[] = []

  matches(host: string): boolean {
    return this.all.some(imported => imported === host || (!bothExact(imported, host) && hostSubsetOf(host, imported)))
  }

  /** A VirtualService's host is looked at in both directions, a route's of the Gateway API as a service's is. */
  matchesRule(host: string, gatewaySemantics: boolean): boolean {
    if (gatewaySemantics) return this.matches(host)
    return this.all.some(imported => imported === host || (!bothExact(imported, host) && hostMatches(host, imported)))
  }

  excludes(host: string): boolean {
    return this.excluded.some(excluded => hostSubsetOf(host, excluded))
  }
}

const bothExact = (a: string, b: string): boolean => !isWildcard(a) && !isWildcard(b)

function hostLists(hosts: readonly string[], namespace: string): Map<string, HostList> {
  const lists = new Map<string, HostList>()
  for (const host of hosts) {
    const parts = host.split('/')
    if (parts.length !== 2) continue
    let [owner = '', name = ''] = parts
    const excluded = owner.startsWith('~')
    if (excluded) owner = owner.slice(1) || '*'
    if (owner === '.') owner = namespace
    let list = lists.get(owner)
    if (!list) {
      list = new HostList()
      lists.set(owner, list)
    }
    ;(excluded ? list.excluded : list.all).push(name)
  }
  return lists
}

/** The service with only the listener's port; null when it has no such port. */
function narrowed(service: Service, port: number): Service | null {
  const found = service.ports.find(p => p.port === port)
  if (!found) return null
  return service.ports.length === 1 ? service : { ...service, ports: [found] }
}

function importedServices(
  source: ScopeSource,
  namespace: string,
  lists: ReadonlyMap<string, HostList>,
  port: number | null,
): { services: Service[]; aliases: ReadonlyMap<string, readonly string[]> } {
  const anywhere = lists.get('*')
  const imported: Service[] = []
  const aliases = new Map<string, readonly string[]>()
  for (const service of source.servicesExportedTo(namespace)) {
    const own = lists.get(service.namespace)
    if (own?.excludes(service.hostname) || anywhere?.excludes(service.hostname)) continue
    const list = own?.matches(service.hostname) ? own : anywhere
    if (!list?.matches(service.hostname)) continue
    const fitting = port === null ? service : narrowed(service, port)
    if (!fitting) continue
    imported.push(fitting)
    const names = source.aliases(service).map(alias => alias.hostname)
    const shown = names.filter(name => list.matches(name))
    if (shown.length < names.length) aliases.set(service.hostname, shown)
  }
  // one namespace for each hostname: the proxy's own, else Kubernetes before ServiceEntry, else the first seen
  const chosen = new Map<string, Service>()
  for (const service of imported) {
    const other = chosen.get(service.hostname)
    const better =
      !other ||
      service.namespace === namespace ||
      (other.source !== 'Kubernetes' && service.source === 'Kubernetes' && other.namespace !== namespace)
    if (better) chosen.set(service.hostname, service)
  }
  const services = imported.filter(service => chosen.get(service.hostname)?.namespace === service.namespace)
  return { services, aliases }
}

function importedVirtualServices(
  source: ScopeSource,
  namespace: string,
  lists: ReadonlyMap<string, HostList>,
): VirtualServiceConfig[] {
  const anywhere = lists.get('*')
  const rules = source.meshVirtualServices(namespace).flatMap(level => ownRoutesFirst(level, namespace))
  return rules.filter(virtualService => {
    const own = lists.get(virtualService.namespace)
    const asGateway = hasGatewaySemantics(virtualService)
    return virtualService.spec.hosts.some(
      host =>
        (own?.matchesRule(host, asGateway) || anywhere?.matchesRule(host, asGateway)) &&
        !own?.excludes(host) &&
        !anywhere?.excludes(host),
    )
  })
}

function egressListener(source: ScopeSource, namespace: string, spec: IstioEgressListener): EgressListener {
  const lists = hostLists(spec.hosts, namespace)
  const number = spec.port?.number ?? 0
  const port = number !== 0 && (spec.port?.protocol ?? '').toUpperCase() !== 'HTTP_PROXY' ? number : null
  return {
    spec,
    ...importedServices(source, namespace, lists, port),
    virtualServices: importedVirtualServices(source, namespace, lists),
  }
}

/** Collects services by hostname; who came first stays, but Kubernetes displaces ServiceEntries. */
class ServiceSet {
  readonly list: Service[] = []
  private readonly index = new Map<string, number>()

  add(service: Service): void {
    const at = this.index.get(service.hostname)
    if (at === undefined) {
      this.index.set(service.hostname, this.list.length)
      this.list.push(service)
      return
    }
    const existing = this.list[at]
    if (!existing || existing === service) return
    if (existing.source === 'Kubernetes' && service.source !== 'Kubernetes') return
    if (existing.source !== 'Kubernetes' && service.source === 'Kubernetes') {
      this.list[at] = service
      return
    }
    if (!mergeable(existing, service)) return
    const added = service.ports.filter((p: ServicePort) => !existing.ports.some(known => known.port === p.port))
    if (added.length > 0) this.list[at] = { ...existing, ports: [...existing.ports, ...added] }
  }
}

const sameMap = (a: Readonly<Record<string, string>> | null, b: Readonly<Record<string, string>> | null): boolean => {
  const text = (map: Readonly<Record<string, string>> | null): string =>
    JSON.stringify(Object.entries(map ?? {}).sort(([x], [y]) => compareText(x, y)))
  return text(a) === text(b)
}

const mergeable = (a: Service, b: Service): boolean =>
  a.namespace === b.namespace &&
  a.resolution === b.resolution &&
  a.source === b.source &&
  sameMap(a.labels, b.labels) &&
  sameMap(a.selector, b.selector) &&
  [...a.exportTo].sort(compareText).join() === [...b.exportTo].sort(compareText).join()

/** Ports of the service that VirtualServices send to; all of them where one names none. */
function atPorts(service: Service, ports: ReadonlySet<number>): Service | null {
  if (ports.size === 0 || ports.has(0)) return service
  const found = service.ports.filter(p => ports.has(p.port))
  if (found.length === service.ports.length) return service
  return found.length > 0 ? { ...service, ports: found } : null
}

/** The best visible definition: Kubernetes, else the oldest. */
function bestVisible(
  source: ScopeSource,
  definitions: ReadonlyMap<string, Service>,
  namespace: string,
): Service | null {
  let best: Service | null = null
  for (const service of definitions.values()) {
    if (!source.serviceVisible(service, namespace)) continue
    if (service.source === 'Kubernetes') return service
    if (!best || service.creationTime < best.creationTime) best = service
  }
  return best
}

const outbound = (source: ScopeSource, sidecar: Config<Sidecar> | null): SidecarScope['outboundTrafficPolicy'] => {
  const policy = sidecar?.spec.outboundTrafficPolicy
  if (!policy) return { mode: source.defaultOutboundMode }
  const { egressProxy } = policy
  const base = { mode: policy.mode ?? 'REGISTRY_ONLY' }
  if (!egressProxy) return base
  return {
    ...base,
    egressProxy: {
      host: egressProxy.host,
      ...(egressProxy.subset === undefined ? {} : { subset: egressProxy.subset }),
      ...(egressProxy.port?.number === undefined ? {} : { port: { number: egressProxy.port.number } }),
    },
  }
}

const scopeOf = (
  source: ScopeSource,
  sidecar: Config<Sidecar> | null,
  egressListeners: EgressListener[],
  services: Service[],
): SidecarScope => ({
  sidecar,
  egressListeners,
  services,
  servicesByHostname: new Map(services.map(service => [service.hostname, service])),
  outboundTrafficPolicy: outbound(source, sidecar),
  inboundConnectionPool: sidecar?.spec.inboundConnectionPool ?? null,
})

/** Scope of the sidecars in `namespace` under a Sidecar, or under the implicit one that imports everything. */
export function sidecarScope(source: ScopeSource, namespace: string, sidecar: Config<Sidecar> | null): SidecarScope {
  const written = sidecar?.spec.egress ?? []
  const egressListeners: EgressListener[] =
    written.length > 0
      ? written.map(spec => egressListener(source, namespace, spec))
      : [{ ...egressListener(source, namespace, { hosts: ['*/*'] }), spec: null }]
  const services = new ServiceSet()
  for (const listener of egressListeners) {
    for (const service of listener.services) services.add(service)
    const number = listener.spec?.port?.number ?? 0
    const fixed = number !== 0 && (listener.spec?.port?.protocol ?? '').toUpperCase() !== 'HTTP_PROXY'
    for (const virtualService of listener.virtualServices) {
      for (const [host, ports] of destinationsOf(virtualService.spec, namespace)) {
        const definitions = source.definitions(host)
        const service = definitions.get(namespace) ?? bestVisible(source, definitions, namespace)
        const fitting = service && (fixed ? narrowed(service, number) : atPorts(service, ports))
        if (fitting) services.add(fitting)
      }
    }
  }
  return scopeOf(source, sidecar, egressListeners, services.list)
}

/** Gateways see whatever is exported to their namespace; Sidecars do not concern them. */
export function gatewayScope(source: ScopeSource, namespace: string): SidecarScope {
  const services = new ServiceSet()
  for (const service of source.servicesExportedTo(namespace)) services.add(service)
  const listener: EgressListener = {
    spec: null,
    services: services.list,
    aliases: new Map(),
    virtualServices: [...source.virtualServicesFor(namespace, 'mesh')],
  }
  return scopeOf(source, null, [listener], services.list)
}
