// What every part of the translation of one proxy shares: snapshot, scope, and the settings of the proxy.

import { usesAllocated } from '../../registry/auto-allocation.ts'
import type { Config, EgressListener, MeshSnapshot, SidecarScope } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode, Service } from '../../registry/types.ts'
import type { MeshConfig, MeshProxyConfig } from '../../resources/mesh-config.ts'
import type { JsonObject } from '../../xds/types.ts'

/** Where a listener stands (istio: pilot/pkg/networking ListenerClass). */
export type ListenerClass = 'inbound' | 'outbound' | 'gateway'

export interface TranslationContext {
  snapshot: MeshSnapshot
  proxy: ProxyNode
  mesh: MeshConfig
  scope: SidecarScope
  /** Settings of this proxy: its own metadata, else the mesh's default. */
  proxyConfig: MeshProxyConfig
  /** `0.0.0.0`, or `::` for a proxy with IPv6 only. */
  wildcard: string
  localhost: string
  /** Traffic reaches the proxy by its own ports only (interceptionMode NONE). */
  withoutCapture: boolean
  /** The proxy answers DNS itself: it knows the addresses that istiod gave to ServiceEntries. */
  usesAllocated: boolean
}

export function translationContext(snapshot: MeshSnapshot, proxy: ProxyNode): TranslationContext {
  const onlyIpv6 = proxy.ipAddresses.length > 0 && proxy.ipAddresses.every(ip => ip.includes(':'))
  const own = proxy.metadata['PROXY_CONFIG']
  return {
    snapshot,
    proxy,
    mesh: snapshot.meshConfig,
    scope: snapshot.sidecarScope(proxy),
    proxyConfig: typeof own === 'object' && own !== null ? (own as MeshProxyConfig) : snapshot.meshConfig.defaultConfig,
    wildcard: onlyIpv6 ? '::' : '0.0.0.0',
    localhost: onlyIpv6 ? '::1' : '127.0.0.1',
    usesAllocated: usesAllocated(proxy, snapshot.flagOn('PILOT_ENABLE_IP_AUTOALLOCATE', true)),
    withoutCapture: text(proxy.metadata['INTERCEPTION_MODE']) === 'NONE',
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Namespace that the proxy says it runs in; its configuration may be another's. */
export const ownNamespace = (context: TranslationContext): string =>
  text(context.proxy.metadata['NAMESPACE']) || context.proxy.namespace

/** `allow_any` traffic leaves to where it was going. */
export const allowsAny = (context: TranslationContext): boolean =>
  context.scope.outboundTrafficPolicy.mode === 'ALLOW_ANY'

export const allowsAnyByDns = (context: TranslationContext): boolean =>
  context.proxy.type === 'sidecar' && String(context.scope.outboundTrafficPolicy.mode) === 'ALLOW_ANY_DYNAMIC_DNS'

/** The definition of a host that this proxy sees. */
export const visibleService = (context: TranslationContext, hostname: string): Service | null =>
  context.scope.servicesByHostname.get(hostname) ?? null

/** Other names of a service, as far as the listener imports them. */
export const aliasesIn = (context: TranslationContext, listener: EgressListener, service: Service): readonly string[] =>
  listener.aliases.get(service.hostname) ?? context.snapshot.aliases(service).map(alias => alias.hostname)

/** Addresses of the service as the proxy knows them: its own, else those that istiod gave, of the proxy's families. */
export function addressesOf({ proxy, usesAllocated: uses }: TranslationContext, service: Service): readonly string[] {
  if (service.addresses.length > 0 || !uses) return service.addresses
  const own = proxy.ipAddresses
  const [v4, v6] = [own.length === 0 || own.some(ip => !ip.includes(':')), own.some(ip => ip.includes(':'))]
  return service.autoAllocated.filter(ip => (ip.includes(':') ? v6 : v4))
}

/** First address that a listener of the service binds to. */
export const addressOf = (context: TranslationContext, service: Service): string =>
  addressesOf(context, service)[0] ?? '0.0.0.0'

const kebab = (kind: string): string => kind.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()

/** Metadata that says which of the user's objects something came from. */
export function configMetadata(config: Config<unknown>): JsonObject {
  const group = config.kind === 'HTTPRoute' ? 'gateway.networking.k8s.io' : 'networking.istio.io'
  const path = `/apis/${group}/v1/namespaces/${config.namespace}/${kebab(config.kind)}/${config.name}`
  return { filter_metadata: { istio: { config: path } } }
}

/** Routes made from other APIs follow those APIs' rules of matching. */
export const routeSemantics = (config: Config<unknown>): string =>
  config.annotations['internal.istio.io/route-semantics'] ?? ''

/** `host:port`, IPv6 addresses in brackets. */
export const domainName = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)
