// Rules of a VirtualService that no request can reach (istio: pkg/config/validation/validation.go,
// analyzeUnreachable*Rules).
import { canonicalText } from '../resources/canonical-text.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  HTTPMatchRequest,
  HTTPRoute,
  StringMatch,
  VirtualService,
} from '../resources/networking/virtual-service.ts'
import type { Refusals } from './refusals.ts'

interface Rule {
  name?: string | undefined
  match?: readonly object[] | undefined
}

const ruleName = (rule: { name?: string | undefined } | undefined, index: number): string =>
  rule?.name ? JSON.stringify(rule.name) : `#${index}`

const nameOf = (match: object): string | undefined =>
  'name' in match && typeof match.name === 'string' ? match.name : undefined

const MAPS: ReadonlySet<string> = new Set(['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'])

/** What protobuf's JSON leaves out: zero values, empty lists and empty maps; an empty message stays. */
function isDefault(field: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return MAPS.has(field) && Object.keys(value).length === 0
  return !value
}

const matchText = (match: object): string =>
  canonicalText(
    Object.fromEntries(Object.entries(match).filter(([key, value]) => key !== 'name' && !isDefault(key, value))),
  )

export function unreachableRules(spec: Loose<VirtualService>, out: Refusals): void {
  rules(spec.http ?? [], 'http', out)
  coveredPrefixes(spec.http ?? [], out)
  rules(spec.tcp ?? [], 'tcp', out)
  rules(spec.tls ?? [], 'tls', out)
}

function unreachable(out: Refusals, kind: string, index: number, rule: string, reason: string): void {
  out.warnAs('IST0130', ['spec', kind, index], `VirtualService rule ${rule} not used (${reason}).`)
}

function ineffective(out: Refusals, kind: string, index: number, rule: string, match: string, other: string): void {
  const what = `VirtualService rule ${rule} match ${match} is not used`
  out.warnAs('IST0131', ['spec', kind, index], `${what} (duplicate/overlapping match in rule ${other}).`)
}

function rules(list: readonly Rule[], kind: string, out: Refusals): void {
  const seen = new Map<string, number>()
  let everything = false
  for (const [i, rule] of list.entries()) {
    const matches = rule.match ?? []
    const name = kind === 'http' ? ruleName(rule, i) : `#${i}`
    if (matches.length === 0) {
      if (everything) unreachable(out, kind, i, name, 'only the last rule can have no matches')
      everything = true
      continue
    }
    let duplicates = 0
    for (const [j, match] of matches.entries()) {
      if (everything) {
        unreachable(out, kind, i, name, 'route without matches defined before')
        continue
      }
      const text = matchText(match)
      const first = seen.get(text)
      if (first === undefined) seen.set(text, i)
      else {
        const other = kind === 'http' ? ruleName(list[first], first) : `#${first}`
        ineffective(out, kind, i, name, ruleName({ name: nameOf(match) }, j), other)
        duplicates++
      }
    }
    if (duplicates === matches.length) unreachable(out, kind, i, name, 'all matches used by prior rules')
  }
}

interface PrefixMatch {
  index: number
  rule: string
  match: string
  prefix: string
  port: number
  method: string
  authority: string
  conditions: Record<string, string>[]
}

const textOf = (match: Loose<StringMatch> | undefined): string => {
  if (match?.exact) return `exact:${match.exact}`
  return match?.prefix ? `prefix:${match.prefix}` : ''
}

const textsOf = (matches: Readonly<Record<string, Loose<StringMatch> | undefined>> | undefined) =>
  Object.fromEntries(Object.entries(matches ?? {}).map(([key, match]) => [key, textOf(match)]))

function prefixMatch(rule: Loose<HTTPRoute>, i: number, match: Loose<HTTPMatchRequest>, j: number): PrefixMatch | null {
  const prefix = match.uri?.prefix ?? ''
  if (prefix === '') return null
  return {
    index: i,
    rule: ruleName(rule, i),
    match: ruleName(match, j),
    prefix,
    port: match.port ?? 0,
    method: textOf(match.method) || 'exact:GET',
    authority: textOf(match.authority),
    conditions: [textsOf(match.headers), textsOf(match.queryParams), textsOf(match.withoutHeaders)],
  }
}

const within = (wide: string, narrow: string): boolean => wide.startsWith(narrow)

/** Whether every request that `narrow` matches has matched `wide` before. */
function covers(wide: PrefixMatch, narrow: PrefixMatch): boolean {
  if (!narrow.prefix.startsWith(wide.prefix) || narrow.port !== wide.port) return false
  if (!within(wide.method, narrow.method) || !within(wide.authority, narrow.authority)) return false
  return wide.conditions.every((conditions, i) => {
    const others = narrow.conditions[i] ?? {}
    if (Object.keys(others).length !== Object.keys(conditions).length) return false
    return Object.entries(conditions).every(([key, text]) => {
      const other = others[key]
      return other !== undefined && within(text, other)
    })
  })
}

function coveredPrefixes(list: readonly Loose<HTTPRoute>[], out: Refusals): void {
  const found: PrefixMatch[] = []
  const seen = new Set<string>()
  let everything = false
  for (const [i, rule] of list.entries()) {
    const matches = rule.match ?? []
    if (matches.length === 0) everything = true
    for (const [j, match] of matches.entries()) {
      const text = matchText(match)
      const prefix = everything || seen.has(text) ? null : prefixMatch(rule, i, match, j)
      seen.add(text)
      if (prefix !== null) found.push(prefix)
    }
  }
  for (const [i, wide] of found.entries()) {
    for (const narrow of found.slice(i + 1)) {
      if (narrow.prefix === wide.prefix || !covers(wide, narrow)) continue
      const other = `${wide.match} of prefix ${wide.prefix} on ${wide.rule}`
      ineffective(out, 'http', narrow.index, narrow.rule, `${narrow.match} of prefix ${narrow.prefix}`, other)
    }
  }
}
