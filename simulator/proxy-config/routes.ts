// `istioctl proxy-config routes` (istioctl/pkg/writer/envoy/configdump/route.go).
import type { Json, RouteConfiguration } from '../xds/types.ts'
import { listAt, managedBy, objectAt, textAt } from './read.ts'
import { formatTable, insertionSort } from './table.ts'

/** The path condition in istioctl's words; header conditions are left out as there. */
export function describeMatch(match: Json | undefined): string {
  const conditions: string[] = []
  const prefix = textAt(match, 'prefix')
  const separated = textAt(match, 'path_separated_prefix')
  const path = textAt(match, 'path')
  const regex = objectAt(match, 'safe_regex')
  if (prefix !== '') conditions.push(`${prefix}*`)
  if (separated !== '') conditions.push(`PathPrefix:${separated}`)
  if (path !== '') conditions.push(path)
  if (regex !== null) conditions.push(`regex ${textAt(regex, 'regex')}`)
  return conditions.join(' ')
}

/** Drops names that a shorter form of themselves in the same list already says. */
function withoutLongForms(domains: readonly string[]): string[] {
  const all = new Set(domains)
  const redundant = (domain: string): boolean =>
    ['.svc.cluster.local', '.svc'].some(suffix => domain.endsWith(suffix) && all.has(domain.slice(0, -suffix.length)))
  return domains.filter(domain => !redundant(domain))
}

function describeDomains(domains: readonly string[]): string {
  if (domains.length <= 1) return domains[0] ?? ''
  const shown = withoutLongForms(domains.filter(domain => !domain.includes(':') || domain.split(':').length > 3))
  return shown.length > 2 ? `${shown[0]}, ${shown[1]} + ${shown.length - 2} more...` : shown.join(', ')
}

function isPassthrough(route: Json): boolean {
  return textAt(objectAt(route, 'route') ?? undefined, 'cluster') === 'PassthroughCluster'
}

/** Numeric names in order, others where they are: istioctl's comparison says "not less" for them. */
function numericLess(a: RouteConfiguration, b: RouteConfiguration): boolean {
  const numeric = /^[+-]?\d+$/
  return numeric.test(a.name) && numeric.test(b.name) && Number(a.name) < Number(b.name)
}

export interface RouteFilter {
  name?: string | undefined
}

/** Those that the filter lets pass, in istioctl's order. */
export const filterRoutes = (routes: readonly RouteConfiguration[], filter: RouteFilter): RouteConfiguration[] =>
  insertionSort(routes, numericLess).filter(route => !filter.name || filter.name === route.name)

/** The table, or null where istioctl says "no routes found". */
export function routesTable(routes: readonly RouteConfiguration[], filter: RouteFilter = {}): string | null {
  if (routes.length === 0) return null
  const rows: string[][] = []
  for (const configuration of filterRoutes(routes, filter)) {
    for (const host of configuration.virtual_hosts ?? []) {
      const domains = describeDomains(host.domains)
      if ((host.routes ?? []).length === 0) rows.push([configuration.name, host.name, domains, '/*', '404'])
      for (const route of listAt(host, 'routes')) {
        if (isPassthrough(route)) continue
        const match = describeMatch(objectAt(route, 'match') ?? undefined)
        rows.push([configuration.name, host.name, domains, match, managedBy(objectAt(route)?.metadata)])
      }
    }
  }
  return formatTable([['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], ...rows], 5)
}
