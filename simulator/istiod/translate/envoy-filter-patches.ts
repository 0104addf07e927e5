// The patches of all EnvoyFilters that concern a proxy, by what they apply to (pilot/pkg/model/envoyfilter.go).
import { RE2JS, RE2JSSyntaxException } from 're2js'
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { EnvoyConfigObjectMatch, EnvoyConfigObjectPatch } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'
import { canonicalPatch, deepCopy } from './envoy-filter-merge.ts'

export type ApplyTo = NonNullable<EnvoyConfigObjectPatch['applyTo']>
export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY'
type Operation = NonNullable<NonNullable<EnvoyConfigObjectPatch['patch']>['operation']>

export interface Patch {
  operation: Operation
  match: EnvoyConfigObjectMatch
  value: JsonObject
}

export type Patches = ReadonlyMap<ApplyTo, readonly Patch[]>

/** Version that proxies report where nothing else is known. */
const PROXY_VERSION = '1.32.0'

function versionMatches(pattern: string, version: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(version).find()
  } catch (error) {
    // a pattern that does not compile matches everything: istiod drops it
    if (error instanceof RE2JSSyntaxException) return true
    throw error
  }
}

function proxyMatches(match: EnvoyConfigObjectMatch, proxy: ProxyNode): boolean {
  const { proxyVersion, metadata = {} } = match.proxy ?? {}
  if (proxyVersion) {
    const own = proxy.metadata['ISTIO_VERSION']
    if (!versionMatches(proxyVersion, typeof own === 'string' && own !== '' ? own : PROXY_VERSION)) return false
  }
  return Object.entries(metadata).every(([key, value]) => proxy.metadata[key] === value)
}

const INSERTS: readonly Operation[] = ['INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST']
const ORDERED: readonly ApplyTo[] = ['HTTP_FILTER', 'NETWORK_FILTER', 'HTTP_ROUTE', 'LISTENER_FILTER']

/** In order of the filters; insertions into what has no order are additions. */
export function patchesFor(snapshot: MeshSnapshot, proxy: ProxyNode): Patches {
  const found = new Map<ApplyTo, Patch[]>()
  for (const filter of snapshot.envoyFilters(proxy)) {
    for (const { applyTo, match, patch } of filter.spec.configPatches ?? []) {
      if (!applyTo || !patch) continue
      const effective: EnvoyConfigObjectMatch = match ?? { context: 'ANY' }
      if (!proxyMatches(effective, proxy)) continue
      const given = patch.operation ?? 'INVALID'
      const operation = INSERTS.includes(given) && !ORDERED.includes(applyTo) ? 'ADD' : given
      const list = found.get(applyTo) ?? []
      list.push({ operation, match: effective, value: canonicalPatch(patch.value ?? {}) })
      found.set(applyTo, list)
    }
  }
  return found
}

export const inContext = (patch: Patch, context: PatchContext): boolean => {
  const wanted = patch.match.context ?? 'ANY'
  return wanted === 'ANY' || wanted === context
}

/** Additions for any context are made once: not at a sidecar's inbound side. */
export const addsIn = (patch: Patch, context: PatchContext): boolean =>
  patch.operation === 'ADD' &&
  inContext(patch, context) &&
  ((patch.match.context ?? 'ANY') !== 'ANY' || context !== 'SIDECAR_INBOUND')

export const merges = (patch: Patch): boolean =>
  patch.operation === 'MERGE' || patch.operation === 'MERGE_AND_REPLACE_LIST'

/** Adds, inserts, replaces and removes in a list; `named`: the patch says which element is meant. */
export function patchList<T>(list: readonly T[], patch: Patch, named: boolean, isMeant: (item: T) => boolean): T[] {
  const value = deepCopy(patch.value) as unknown as T
  const at = list.findIndex(isMeant)
  switch (patch.operation) {
    case 'ADD':
      return [...list, value]
    case 'INSERT_FIRST':
      return [value, ...list]
    case 'INSERT_AFTER':
      if (!named) return [...list, value]
      return at < 0 ? [...list] : [...list.slice(0, at + 1), value, ...list.slice(at + 1)]
    case 'INSERT_BEFORE':
      if (!named) return [value, ...list]
      return at < 0 ? [...list] : [...list.slice(0, at), value, ...list.slice(at)]
    case 'REPLACE':
      return named && at >= 0 ? [...list.slice(0, at), value, ...list.slice(at + 1)] : [...list]
    case 'REMOVE':
      return named ? list.filter(item => !isMeant(item)) : [...list]
    default:
      return [...list]
  }
}
