// A root's rule over its delegate's rules: each delegate match must lie within a match of the root
// (pilot/pkg/model/virtualservice.go MergeHTTPRoutes).
import type { HTTPMatchRequest, HTTPRoute, StringMatch } from '../resources/index.ts'

/** The delegate's rules under the root's; those in conflict with it are dropped. */
export function mergeDelegate(root: HTTPRoute, delegates: readonly HTTPRoute[]): HTTPRoute[] {
  const out: HTTPRoute[] = []
  for (const delegate of delegates) {
    const match = mergeMatches(root.match ?? [], delegate.match ?? [])
    if (match === null) continue
    const { delegate: _delegate, route: _route, redirect: _redirect, match: _match, name: _name, ...inherited } = root
    const merged: HTTPRoute = { ...inherited, ...defined(delegate) }
    delete merged.match
    if (match.length > 0) merged.match = match
    const name = joinNames(root.name, delegate.name)
    if (name === '') delete merged.name
    else merged.name = name
    out.push(merged)
  }
  return out
}

const joinNames = (root: string | undefined, leaf: string | undefined): string =>
  root && leaf ? `${root}-${leaf}` : leaf || root || ''

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>
}

function mergeMatches(root: HTTPMatchRequest[], leaf: HTTPMatchRequest[]): HTTPMatchRequest[] | null {
  if (root.length === 0) return leaf
  if (leaf.length === 0) return root
  const out: HTTPMatchRequest[] = []
  for (const inner of leaf) {
    const within = root.filter(outer => !conflicts(outer, inner))
    if (within.length === 0) return null
    for (const outer of within) out.push(mergeMatch(outer, inner))
  }
  return out
}

function mergeMatch(root: HTTPMatchRequest, leaf: HTTPMatchRequest): HTTPMatchRequest {
  const merged: HTTPMatchRequest = { ...defined(root), ...defined(leaf) }
  const name = joinNames(root.name, leaf.name)
  if (name !== '') merged.name = name
  if (root.headers || leaf.headers) merged.headers = { ...root.headers, ...leaf.headers }
  if (root.withoutHeaders || leaf.withoutHeaders) {
    merged.withoutHeaders = { ...root.withoutHeaders, ...leaf.withoutHeaders }
  }
  if (root.queryParams || leaf.queryParams) merged.queryParams = { ...root.queryParams, ...leaf.queryParams }
  if (root.sourceLabels || leaf.sourceLabels) merged.sourceLabels = { ...root.sourceLabels, ...leaf.sourceLabels }
  if (root.gateways && (leaf.gateways ?? []).length === 0) merged.gateways = root.gateways
  return merged
}

function conflicts(root: HTTPMatchRequest, leaf: HTTPMatchRequest): boolean {
  if (textConflicts(root.uri, leaf.uri) || textConflicts(root.scheme, leaf.scheme)) return true
  if (textConflicts(root.method, leaf.method) || textConflicts(root.authority, leaf.authority)) return true
  for (const field of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [key, value] of Object.entries(leaf[field] ?? {})) {
      if (textConflicts(root[field]?.[key], value)) return true
    }
  }
  if ((root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false)) return true
  if (root.port && leaf.port && root.port !== leaf.port) return true
  if (root.sourceNamespace && leaf.sourceNamespace !== root.sourceNamespace) return true
  for (const [key, value] of Object.entries(leaf.sourceLabels ?? {})) {
    const outer = root.sourceLabels?.[key]
    if (outer !== undefined && outer !== value) return true
  }
  const [outer, inner] = [root.gateways ?? [], leaf.gateways ?? []]
  if (outer.length === 0 || inner.length === 0) return false
  return outer.length < inner.length || inner.some(gateway => !outer.includes(gateway))
}

function textConflicts(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (!root || !leaf) return false
  const filled = (match: StringMatch): boolean => Boolean(match.exact || match.prefix || match.regex)
  if ((root.regex && filled(leaf)) || (leaf.regex && filled(root))) return true
  if (root.exact) return leaf.exact !== root.exact
  if (root.prefix && leaf.prefix) return !leaf.prefix.startsWith(root.prefix)
  if (root.prefix && leaf.exact) return !leaf.exact.startsWith(root.prefix)
  return true
}
