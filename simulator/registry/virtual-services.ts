// VirtualServices as routes need them: full names everywhere, delegates merged into their roots, indexed by gateway and
// visibility (pilot/pkg/model/virtualservice.go, virtualservice_controller.go, push_context.go initVirtualServices).
import type { Destination, HTTPRoute, VirtualService } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import { mergeDelegate } from './delegates.ts'
import type { Config, VirtualServiceConfig } from './mesh-snapshot.ts'
import { compareAge, resolveGatewayName, resolveShortName } from './names.ts'

/** exportTo with `.` replaced by the own namespace; the mesh default where nothing is said. */
export const effectiveExportTo = (
  exportTo: readonly string[] | undefined,
  defaults: readonly string[],
  namespace: string,
): string[] => (exportTo && exportTo.length > 0 ? exportTo : defaults).map(e => (e === '.' ? namespace : e))

type Resolved = VirtualServiceConfig['spec']

function withFullNames(spec: VirtualService, namespace: string, domain: string): Resolved {
  const gateways = (names: string[] | undefined): { gateways?: string[] } =>
    names ? { gateways: names.map(g => resolveGatewayName(g, namespace)) } : {}
  const destination = (d: Destination): Destination => ({ ...d, host: resolveShortName(d.host, namespace, domain) })
  const matches = <M extends { gateways?: string[] | undefined }>(list: M[] | undefined): { match?: M[] } =>
    list ? { match: list.map(m => ({ ...m, ...gateways(m.gateways) })) } : {}
  const routes = <R extends { destination: Destination }>(list: R[] | undefined): { route?: R[] } =>
    list ? { route: list.map(r => ({ ...r, destination: destination(r.destination) })) } : {}
  return {
    ...spec,
    hosts: (spec.hosts ?? []).map(h => resolveShortName(h, namespace, domain)),
    gateways: spec.gateways && spec.gateways.length > 0 ? (gateways(spec.gateways).gateways ?? []) : ['mesh'],
    http: (spec.http ?? []).map(route => ({
      ...route,
      ...matches(route.match),
      ...routes(route.route),
      ...(route.mirror ? { mirror: destination(route.mirror) } : {}),
      ...(route.mirrors
        ? { mirrors: route.mirrors.map(m => ({ ...m, destination: destination(m.destination) })) }
        : {}),
    })),
    ...(spec.tcp
      ? { tcp: spec.tcp.map(route => ({ ...route, ...matches(route.match), ...routes(route.route) })) }
      : {}),
    ...(spec.tls
      ? {
          tls: spec.tls.map(route => ({
            ...route,
            match: route.match.map(m => ({ ...m, ...gateways(m.gateways) })),
            ...routes(route.route),
          })),
        }
      : {}),
  }
}

/** Made of a route of the Gateway API. */
export const hasGatewaySemantics = ({ annotations }: VirtualServiceConfig): boolean =>
  annotations['internal.istio.io/route-semantics'] === 'gateway'

/** A namespace's own routes of the Gateway API come before all else: the consumer overrides the producer. */
export function ownRoutesFirst(rules: readonly VirtualServiceConfig[], namespace: string): VirtualServiceConfig[] {
  const isOwn = (rule: VirtualServiceConfig): boolean => rule.namespace === namespace && hasGatewaySemantics(rule)
  return [...rules.filter(isOwn), ...rules.filter(rule => !isOwn(rule))]
}

export class VirtualServiceIndex {
  /** After delegates, oldest first; delegates themselves are not in it. */
  readonly all: readonly VirtualServiceConfig[]
  private readonly byGateway = new Map<string, VirtualServiceConfig[]>()
  private readonly resolved = new Map<Resource, VirtualServiceConfig>()

  /** `before`: an index under the same defaults; objects that both have are resolved but once. */
  constructor(
    configs: readonly Config<VirtualService>[],
    defaults: readonly string[],
    domain: string,
    before: VirtualServiceIndex | null,
  ) {
    const delegates = new Map<string, VirtualServiceConfig>()
    const roots: VirtualServiceConfig[] = []
    for (const config of configs) {
      const resolved: VirtualServiceConfig = before?.resolved.get(config.resource) ?? {
        ...config,
        spec: withFullNames(config.spec, config.namespace, domain),
        exportTo: effectiveExportTo(config.spec.exportTo, defaults, config.namespace),
      }
      this.resolved.set(config.resource, resolved)
      if (resolved.spec.hosts.length === 0) delegates.set(`${config.namespace}/${config.name}`, resolved)
      else roots.push(resolved)
    }
    this.all = roots.map(root => withDelegates(root, delegates)).sort(compareAge)
    for (const virtualService of this.all) {
      for (const gateway of virtualService.spec.gateways) {
        const list = this.byGateway.get(gateway)
        if (!list) this.byGateway.set(gateway, [virtualService])
        else if (list[list.length - 1] !== virtualService) list.push(virtualService)
      }
    }
  }

  /** Those that `namespace` may see: private ones of its own, exported to it, public with its own routes first. */
  forGateway(namespace: string, gateway: string): VirtualServiceConfig[] {
    const [own, exported, shared] = this.levels(namespace, gateway)
    return [...own, ...exported, ...ownRoutesFirst(shared, namespace)]
  }

  /** Private to the namespace, exported to it, public; each oldest first. */
  levels(
    namespace: string,
    gateway: string,
  ): [own: VirtualServiceConfig[], exported: VirtualServiceConfig[], shared: VirtualServiceConfig[]] {
    const own: VirtualServiceConfig[] = []
    const exported: VirtualServiceConfig[] = []
    const shared: VirtualServiceConfig[] = []
    for (const virtualService of this.byGateway.get(gateway) ?? []) {
      const { exportTo } = virtualService
      if (exportTo.includes('*')) shared.push(virtualService)
      else if (exportTo.includes('~') || !exportTo.includes(namespace)) continue
      else if (virtualService.namespace === namespace) own.push(virtualService)
      else exported.push(virtualService)
    }
    return [own, exported, shared]
  }
}

function withDelegates(
  root: VirtualServiceConfig,
  delegates: ReadonlyMap<string, VirtualServiceConfig>,
): VirtualServiceConfig {
  if (!root.spec.http.some(route => route.delegate)) return root
  const http: HTTPRoute[] = []
  for (const route of root.spec.http) {
    if (!route.delegate) {
      http.push(route)
      continue
    }
    const delegate = delegates.get(`${route.delegate.namespace || root.namespace}/${route.delegate.name ?? ''}`)
    // a delegate that is missing or hidden drops this rule only
    if (!delegate) continue
    if (!delegate.exportTo.includes('*') && !delegate.exportTo.includes(root.namespace)) continue
    http.push(...mergeDelegate(route, delegate.spec.http))
  }
  return { ...root, spec: { ...root.spec, http } }
}

/** Matches name namespaces, and not this one; istiod lets one match that names another speak for those that name none. */
function isForOthers(matches: readonly { sourceNamespace?: string | undefined }[], namespace: string): boolean {
  const named = matches.map(match => match.sourceNamespace ?? '').filter(name => name !== '')
  return named.length > 0 && !named.includes(namespace)
}

/** Hosts that a VirtualService sends to from `namespace` -> ports named there (0 = all ports). */
export function destinationsOf(spec: Resolved, namespace: string): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  const add = (destination: Destination): void => {
    const ports = found.get(destination.host) ?? new Set<number>()
    ports.add(destination.port?.number ?? 0)
    found.set(destination.host, ports)
  }
  for (const route of spec.http) {
    if (namespace !== '' && isForOthers(route.match ?? [], namespace)) continue
    for (const target of route.route ?? []) add(target.destination)
    if (route.mirror) add(route.mirror)
    for (const mirror of route.mirrors ?? []) add(mirror.destination)
  }
  for (const route of [...(spec.tcp ?? []), ...(spec.tls ?? [])]) {
    for (const target of route.route ?? []) add(target.destination)
  }
  return found
}
