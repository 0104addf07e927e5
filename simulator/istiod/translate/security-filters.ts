// Filters that enforce policies, in Istio's order: CUSTOM authorization, JSON Web Tokens, authorization
// (pilot/pkg/networking/plugin/authn, authz).
import { keySourceOf } from '../../registry/index.ts'
import type { NamedFilter } from '../../xds/types.ts'
import { type AuthorizationOptions, customFilters, localFilters } from './authz-filters.ts'
import { type JwksFetchMode, jwtFilter } from './jwt-filter.ts'
import type { ListenerClass, TranslationContext } from './translation-context.ts'

export interface SecurityFilters {
  /** HTTP filters; none on a sidecar's outbound listeners. */
  http(where: ListenerClass): NamedFilter[]
  /** Network filters before a TCP proxy, for inbound chains and gateways. */
  tcp(): NamedFilter[]
}

export const noSecurity: SecurityFilters = { http: () => [], tcp: () => [] }

/** `PILOT_JWT_ENABLE_REMOTE_JWKS`: false/istiod, true/envoy, hybrid. */
function fetchMode(text: string): JwksFetchMode {
  const mode = text.toLowerCase()
  if (mode === 'hybrid') return 'Hybrid'
  return mode === 'true' || mode === 'envoy' ? 'Envoy' : 'Istiod'
}

/** Policies that concern the proxy, as filters. Built once, shared by all its chains. */
export function securityFilters(context: TranslationContext): SecurityFilters {
  const { snapshot, proxy, mesh } = context
  const policies = snapshot.authorizationPolicies(proxy)
  const findServices = (hostname: string) => snapshot.serviceDefinitions(hostname)
  const options: Omit<AuthorizationOptions, 'layer'> = {
    trustDomains: [mesh.trustDomain, ...(mesh.trustDomainAliases ?? [])],
    providers: mesh.extensionProviders,
    findServices,
    severalProviders: snapshot.flagOn('PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS', false),
  }
  const jwt = jwtFilter(snapshot.requestAuthentications(proxy), {
    clearRouteCache: proxy.type !== 'sidecar',
    fetchMode: fetchMode(snapshot.flag('PILOT_JWT_ENABLE_REMOTE_JWKS', 'false')),
    findServices,
    fetched: rule => snapshot.input.fetchedKeys?.get(keySourceOf(rule)) ?? null,
  })
  const http = [
    ...customFilters(policies, { ...options, layer: 'http' }),
    ...(jwt ? [jwt] : []),
    ...localFilters(policies, { ...options, layer: 'http' }),
  ]
  const tcp = [
    ...customFilters(policies, { ...options, layer: 'tcp' }),
    ...localFilters(policies, { ...options, layer: 'tcp' }),
  ]
  return { http: where => (where === 'outbound' ? [] : http), tcp: () => tcp }
}
