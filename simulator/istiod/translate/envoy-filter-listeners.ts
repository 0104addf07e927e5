// Patches on listeners, filter chains and filters (pilot/pkg/networking/core/envoyfilter/listener_patch.go).
import type { FilterChain, JsonObject, Listener, NamedFilter } from '../../xds/types.ts'
import { deepCopy, mergeMessage, mergeNamed, mergeTyped } from './envoy-filter-merge.ts'
import {
  addsIn,
  inContext,
  merges,
  type Patch,
  type PatchContext,
  type Patches,
  patchList,
} from './envoy-filter-patches.ts'

const HCM = 'envoy.filters.network.http_connection_manager'
const isVirtual = (listener: Listener): boolean => ['virtualInbound', 'virtualOutbound'].includes(listener.name)

/** Patches of one context over its listeners; they are changed in place. */
export function patchListeners(patches: Patches, context: PatchContext, listeners: readonly Listener[]): Listener[] {
  const kept = listeners.filter(listener => patchListener(patches, context, listener))
  for (const patch of patches.get('LISTENER') ?? []) {
    if (addsIn(patch, context)) kept.push(deepCopy(patch.value) as unknown as Listener)
  }
  return kept
}

function listenerMatches(listener: Listener, patch: Patch, whole: boolean): boolean {
  const match = patch.match.listener
  if (!match) return true
  if (match.name && match.name !== listener.name) return false
  // the port of a part of a virtual listener is that of its chain
  if (!whole && isVirtual(listener)) return true
  return !match.portNumber || listener.address?.socket_address?.port_value === match.portNumber
}

function chainMatches(listener: Listener, chain: FilterChain, patch: Patch): boolean {
  const match = patch.match.listener
  if (!match) return true
  const own = chain.filter_chain_match ?? {}
  if (isVirtual(listener) && match.portNumber && own.destination_port !== match.portNumber) return false
  const wanted = match.filterChain
  if (!wanted) return true
  if (wanted.name && wanted.name !== chain.name) return false
  if (wanted.sni && !(own.server_names ?? []).includes(wanted.sni)) return false
  if (wanted.transportProtocol && own.transport_protocol !== wanted.transportProtocol) return false
  const protocols = wanted.applicationProtocols ? wanted.applicationProtocols.split(',') : []
  if (protocols.some(protocol => !(own.application_protocols ?? []).includes(protocol))) return false
  return !wanted.destinationPort || own.destination_port === wanted.destinationPort
}

/** False when the listener is removed. */
function patchListener(patches: Patches, context: PatchContext, listener: Listener): boolean {
  for (const patch of patches.get('LISTENER') ?? []) {
    if (!inContext(patch, context) || !listenerMatches(listener, patch, true)) continue
    if (patch.operation === 'REMOVE') return false
    if (merges(patch)) mergeMessage(listener, patch.value, patch.operation === 'MERGE_AND_REPLACE_LIST')
  }
  patchListenerFilters(patches, context, listener)
  patchChains(patches, context, listener)
  return true
}

function patchListenerFilters(patches: Patches, context: PatchContext, listener: Listener): void {
  for (const patch of patches.get('LISTENER_FILTER') ?? []) {
    if (!inContext(patch, context) || !listenerMatches(listener, patch, false)) continue
    const name = patch.match.listener?.listenerFilter ?? ''
    const isMeant = (filter: NamedFilter): boolean => name === '' || filter.name === name
    let filters = listener.listener_filters ?? []
    if (patch.operation === 'MERGE') {
      if (name !== '') for (const filter of filters) mergeNamed(filter, { ...patch.value, name: filter.name })
    } else filters = patchList(filters, patch, name !== '', isMeant)
    if (filters.length > 0) listener.listener_filters = filters
    else delete listener.listener_filters
  }
}

function patchChains(patches: Patches, context: PatchContext, listener: Listener): void {
  const kept = (listener.filter_chains ?? []).filter(chain => patchChain(patches, context, listener, chain))
  const { default_filter_chain: fallback } = listener
  if (fallback && !patchChain(patches, context, listener, fallback)) delete listener.default_filter_chain
  for (const patch of patches.get('FILTER_CHAIN') ?? []) {
    if (patch.operation !== 'ADD' || !inContext(patch, context) || !listenerMatches(listener, patch, false)) continue
    kept.push(deepCopy(patch.value) as unknown as FilterChain)
  }
  if (kept.length > 0) listener.filter_chains = kept
  else delete listener.filter_chains
}

/** False when the chain is removed. */
function patchChain(patches: Patches, context: PatchContext, listener: Listener, chain: FilterChain): boolean {
  for (const patch of patches.get('FILTER_CHAIN') ?? []) {
    if (!inContext(patch, context) || !listenerMatches(listener, patch, false)) continue
    if (!chainMatches(listener, chain, patch)) continue
    if (patch.operation === 'REMOVE') return false
    if (merges(patch) && !mergeTransportSocket(chain, patch.value)) {
      mergeMessage(chain, patch.value, patch.operation === 'MERGE_AND_REPLACE_LIST')
    }
  }
  patchNetworkFilters(patches, context, listener, chain)
  return true
}

/** TLS of the same kind is merged by itself, and nothing else of such a patch. */
function mergeTransportSocket(chain: FilterChain, value: JsonObject): boolean {
  const given = value['transport_socket'] as NamedFilter | undefined
  const own = chain.transport_socket
  if (!given || !own || own.name !== given.name) return false
  if (own.typed_config && given.typed_config) mergeTyped(own.typed_config, given.typed_config)
  return true
}

const networkFilterName = (patch: Patch): string | null => {
  const filter = patch.match.listener?.filterChain?.filter
  return filter ? (filter.name ?? '') : null
}

const httpFilterName = (patch: Patch): string | null => {
  const filter = patch.match.listener?.filterChain?.filter?.subFilter
  return filter ? (filter.name ?? '') : null
}

const isMeantBy = (name: string | null) => (filter: NamedFilter) => name === null || filter.name === name

function patchNetworkFilters(patches: Patches, context: PatchContext, listener: Listener, chain: FilterChain): void {
  const concerns = (patch: Patch): boolean =>
    inContext(patch, context) && listenerMatches(listener, patch, false) && chainMatches(listener, chain, patch)
  for (const patch of patches.get('NETWORK_FILTER') ?? []) {
    if (!concerns(patch)) continue
    const name = networkFilterName(patch)
    chain.filters = patchList(chain.filters, patch, name !== null, isMeantBy(name))
  }
  for (const filter of chain.filters) {
    for (const patch of patches.get('NETWORK_FILTER') ?? []) {
      if (patch.operation !== 'MERGE' || !concerns(patch) || !isMeantBy(networkFilterName(patch))(filter)) continue
      mergeNamed(filter, patch.value)
    }
    if (filter.name === HCM) patchHttpFilters(patches, filter, concerns)
  }
}

function patchHttpFilters(patches: Patches, manager: NamedFilter, concerns: (patch: Patch) => boolean): void {
  const config = manager.typed_config
  if (!config) return
  let filters = (config['http_filters'] ?? []) as NamedFilter[]
  const mine = (patches.get('HTTP_FILTER') ?? []).filter(
    patch => concerns(patch) && isMeantBy(networkFilterName(patch))(manager),
  )
  for (const patch of mine) {
    const name = httpFilterName(patch)
    filters = patchList(filters, patch, name !== null, isMeantBy(name))
  }
  for (const filter of filters) {
    for (const patch of mine) {
      if (patch.operation === 'MERGE' && isMeantBy(httpFilterName(patch))(filter)) mergeNamed(filter, patch.value)
    }
  }
  config['http_filters'] = filters
}
