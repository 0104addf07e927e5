// DestinationRules and VirtualServices as `istioctl x describe` tells them, seen from the pods behind a service.
import type { MergedDestinationRule, VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { subsetOf } from '../../registry/names.ts'
import type { Service } from '../../registry/types.ts'
import type { HTTPMatchRequest, HTTPRoute, StringMatch, TrafficPolicy } from '../../resources/index.ts'
import { shortName, written } from './named.ts'

export interface Subsets {
  matching: string[]
  others: string[]
}

/** Which subsets of the rule the labels belong to. */
export function subsetsOf(rule: MergedDestinationRule | null, labels: Readonly<Record<string, string>>): Subsets {
  const subsets: Subsets = { matching: [], others: [] }
  for (const { name, labels: asked } of rule?.spec.subsets ?? [])
    (subsetOf(asked, labels) ? subsets.matching : subsets.others).push(name)
  return subsets
}

const shortPolicies = ({ loadBalancer, connectionPool, outlierDetection }: TrafficPolicy): string[] => {
  const found = [
    loadBalancer === undefined ? '' : 'load balancer',
    connectionPool === undefined ? '' : 'connection pool',
    outlierDetection === undefined ? '' : 'outlier detection',
  ].filter(word => word !== '')
  return found.length === 0 ? [] : [`Policies: ${found.join('/')}`]
}

export function destinationRuleLines(rule: MergedDestinationRule, labels: Readonly<Record<string, string>>): string[] {
  const { matching, others } = subsetsOf(rule, labels)
  const lines = [`DestinationRule: ${shortName(rule)} for "${rule.spec.host}"${written(rule.resource)}`]
  if (matching.length + others.length > 0) {
    if (matching.length === 0)
      lines.push(`   WARNING POD DOES NOT MATCH ANY SUBSETS.  (Non matching subsets ${others.join(',')})`)
    lines.push(`   Matching subsets: ${matching.join(',')}`)
    if (others.length > 0) lines.push(`      (Non-matching subsets ${others.join(',')})`)
  }
  const policy = rule.spec.trafficPolicy
  if (policy === undefined) return [...lines, '   No Traffic Policy']
  if (policy.tls !== undefined) lines.push(`   Traffic Policy TLS Mode: ${policy.tls.mode ?? 'DISABLE'}`)
  lines.push(...shortPolicies(policy).map(line => `   ${line}`))
  if (policy.portLevelSettings === undefined) return lines
  lines.push('   Port Level Settings:')
  for (const { port, tls, ...own } of policy.portLevelSettings) {
    lines.push(`    ${port?.number ?? ''}:`)
    if (tls !== undefined) lines.push(`      TLS Mode: ${tls.mode ?? 'DISABLE'}`)
    lines.push(...shortPolicies(own).map(line => `      ${line}`))
  }
  return lines
}

const stringMatch = (match: StringMatch): string =>
  match.exact ?? (match.prefix === undefined ? `regex:${JSON.stringify(match.regex ?? '')}` : `${match.prefix}*`)

function matchText({ uri, ignoreUriCase, headers = {} }: HTTPMatchRequest): string {
  const path = uri === undefined ? '' : `${stringMatch(uri)}${ignoreUriCase === true ? ' uncased' : ''}`
  const asked = Object.entries(headers).map(([name, match]) => `${name}=${stringMatch(match)}`)
  return `Match: ${path}${asked.length === 0 ? '' : ` when headers are ${asked.join('; ')}`}`.trim()
}

const matchesText = (matches: readonly HTTPMatchRequest[] | undefined): string =>
  matches === undefined || matches.length === 0 ? 'everything' : matches.map(matchText).join(', ')

interface Facts {
  leads: boolean
  lines: string[]
}

/** Does the route lead to pods of the service, and what is to be said of it? */
function routeFacts(route: HTTPRoute, service: Service, subsets: Subsets, rule: MergedDestinationRule | null): Facts {
  const lines: string[] = []
  const notes: string[] = []
  let leads = false
  for (const { destination, weight = 0 } of route.route ?? []) {
    const subset = destination?.subset ?? ''
    const host = destination?.host ?? ''
    if (host !== service.hostname) {
      lines.push(
        subset === '' ? `Route to host "${host}" with weight ${weight}%` : `Route to ${host} with invalid config`,
      )
      continue
    }
    if (subset !== '' && !subsets.matching.includes(subset)) {
      notes.push(mismatch(subset, route, subsets, rule))
      continue
    }
    leads = true
    if (weight > 0)
      lines.push(`Route to host "${host}"${subset === '' ? '' : ` subset "${subset}"`} with weight ${weight}%`)
  }
  if (!leads) return { leads, lines: notes }
  const about = [route.fault === undefined ? '' : 'Fault injection', ...(route.match ?? []).map(matchText)]
  const told = about.filter(text => text !== '').join(', ')
  return { leads, lines: told === '' ? lines : [...lines, told] }
}

function mismatch(subset: string, route: HTTPRoute, { others }: Subsets, rule: MergedDestinationRule | null): string {
  if (others.includes(subset)) return `Route to non-matching subset ${subset} for (${matchesText(route.match)})`
  if (rule === null) return `Warning: Route to subset ${subset} but NO DESTINATION RULE defining subsets!`
  return `Warning: Route to UNKNOWN subset ${subset}; check DestinationRule ${shortName(rule)}`
}

export function virtualServiceLines(
  config: VirtualServiceConfig,
  service: Service,
  subsets: Subsets,
  rule: MergedDestinationRule | null,
): string[] {
  const { http, tls = [], tcp = [] } = config.spec
  const head = `VirtualService: ${shortName(config)}${written(config.resource)}`
  const facts = http.map(route => routeFacts(route, service, subsets, rule))
  const byConnection = [...tcp, ...tls].filter(route =>
    (route.route ?? []).some(({ destination }) => destination?.host === service.hostname),
  ).length
  const leading = facts.filter(({ leads }) => leads)
  const total = http.length + tls.length + tcp.length
  const notes = facts.filter(({ leads }) => !leads).flatMap(({ lines }) => lines.map(line => `      ${line}`))
  if (leading.length + byConnection === 0) {
    const checked = http.length > 0 ? `${http.length} HTTP routes` : `${tcp.length} TCP routes`
    return [head, `   WARNING: No destinations match pod subsets (checked ${checked})`, ...notes]
  }
  const told = leading.flatMap(({ lines }) => lines.map(line => `   ${line}`))
  const missing = total - leading.length - byConnection
  if (missing > 0) {
    const rest = `   ${missing} additional destination(s) that will not reach this pod`
    return [head, ...told, rest, ...(told.length === 0 ? notes : [])]
  }
  if (told.length > 0) return [head, ...told]
  return [head, http.length > 0 ? `   ${http.length} HTTP route(s)` : `   ${tcp.length} TCP route(s)`]
}
