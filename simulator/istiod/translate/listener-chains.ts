// Filter chains before they are written: what they match and how two of them conflict
// (pilot/pkg/networking/core/listener.go filterChainOpts).
import ipaddr from 'ipaddr.js'
import { compareText } from '../../registry/names.ts'
import type { FilterChain, FilterChainMatch, JsonObject, NamedFilter } from '../../xds/types.ts'

export interface ChainDraft {
  sniHosts: string[]
  destinations: string[]
  applicationProtocols: string[]
  transportProtocol: string
  metadata: JsonObject | null
  socket: NamedFilter | null
  filters: NamedFilter[]
}

export const chainDraft = (filters: NamedFilter[], rest: Partial<ChainDraft> = {}): ChainDraft => ({
  sniHosts: [],
  destinations: [],
  applicationProtocols: [],
  transportProtocol: '',
  metadata: null,
  socket: null,
  filters,
  ...rest,
})

export const matchesAll = (chain: ChainDraft): boolean =>
  (chain.sniHosts.length === 0 || chain.sniHosts.includes('*')) &&
  chain.applicationProtocols.length === 0 &&
  chain.transportProtocol === '' &&
  chain.destinations.length === 0

/** `a.b.c.d/n` or an address. */
export function cidrRange(text: string): { address_prefix: string; prefix_len: number } {
  const [address = '', length] = text.split('/')
  return {
    address_prefix: address,
    prefix_len: length === undefined ? (address.includes(':') ? 128 : 32) : Number(length),
  }
}

/** The network of a range, so that equal ranges look equal. */
function masked(text: string): string {
  const { address_prefix: address, prefix_len: length } = cidrRange(text)
  if (!ipaddr.isValid(address)) return text
  const bytes = ipaddr.parse(address).toByteArray()
  const network = bytes.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, length - index * 8))
    return byte - (byte % 2 ** (8 - bits))
  })
  return `${network.join('.')}/${length}`
}

const UNSPECIFIED = ['0.0.0.0']
const key = (items: readonly string[]): string => [...new Set(items)].sort(compareText).join(' ')

/** Would both take the same connections? Then the first one stays. */
export function chainsConflict(a: ChainDraft, b: ChainDraft): boolean {
  if (a.transportProtocol !== b.transportProtocol) return false
  if (a.applicationProtocols.join() !== b.applicationProtocols.join()) return false
  const names = (chain: ChainDraft): string => key(chain.sniHosts.filter(host => host !== '*'))
  if (names(a) !== names(b)) return false
  const ranges = (chain: ChainDraft): string =>
    key(
      chain.destinations
        .filter(text => text !== '*' && !UNSPECIFIED.includes(cidrRange(text).address_prefix))
        .map(masked),
    )
  return ranges(a) === ranges(b)
}

/** Envoy's match, or null for everything. */
export function chainMatch(chain: ChainDraft): FilterChainMatch | null {
  if (matchesAll(chain)) return null
  const match: FilterChainMatch = {}
  const ranges = [...chain.destinations]
    .sort(compareText)
    .map(cidrRange)
    .filter(range => !UNSPECIFIED.includes(range.address_prefix))
  if (ranges.length > 0) match.prefix_ranges = ranges
  if (chain.sniHosts.length > 0 && !chain.sniHosts.includes('*'))
    match.server_names = [...chain.sniHosts].sort(compareText)
  if (chain.transportProtocol !== '') match.transport_protocol = chain.transportProtocol
  if (chain.applicationProtocols.length > 0) match.application_protocols = [...chain.applicationProtocols]
  return match
}

/** The chain without its match. */
export const chainOf = (draft: ChainDraft): FilterChain => ({
  filters: draft.filters,
  ...(draft.metadata ? { metadata: draft.metadata } : {}),
  ...(draft.socket ? { transport_socket: draft.socket } : {}),
  transport_socket_connect_timeout: '15s',
})
