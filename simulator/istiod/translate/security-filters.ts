// Filters that enforce policies, in Istio's order: CUSTOM authorization, JSON Web Tokens, authorization
// (pilot/pkg/networking/plugin/authn, authz).
import type { NamedFilter } from '../../xds/types.ts'
import type { ListenerClass, TranslationContext } from './translation-context.ts'

export interface SecurityFilters {
  /** HTTP filters; none on a sidecar's outbound listeners. */
  http(where: ListenerClass): NamedFilter[]
  /** Network filters before a TCP proxy, for inbound chains and gateways. */
  tcp(): NamedFilter[]
}

export const noSecurity: SecurityFilters = { http: () => [], tcp: () => [] }

export function securityFilters(_context: TranslationContext): SecurityFilters {
  return noSecurity
}
