// Shares of hosts for ring hash and maglev (envoy: load_balancing_policies/common/thread_aware_lb_impl.cc normalizeWeights).
import type { RandomStream } from '../../engine/types.ts'
import type { Host } from '../upstream/host.ts'

export interface Share {
  host: Host
  /** Of 1. */
  share: number
}

export interface Shares {
  list: Share[]
  least: number
  most: number
}

/** Every host's part of the whole; `localityWeight` multiplies where localities are weighted, 0 leaves a host out. */
export function shares(hosts: readonly Host[], localityWeight: ((host: Host) => number) | null): Shares {
  let parts = hosts.map(host => ({ host, share: host.weight }))
  if (localityWeight !== null) {
    const sums = new Map<string, number>()
    for (const h of hosts) sums.set(h.locality, (sums.get(h.locality) ?? 0) + h.weight)
    parts = hosts.map(host => ({
      host,
      share: (localityWeight(host) * host.weight) / (sums.get(host.locality) ?? 1),
    }))
  }
  const sum = parts.reduce((total, p) => total + p.share, 0)
  const list = parts.filter(p => p.share > 0).map(p => ({ host: p.host, share: p.share / sum }))
  let least = 1
  let most = 0
  for (const { share } of list) {
    if (share < least) least = share
    if (share > most) most = share
  }
  return { list, least, most }
}

/** A request without a hash gets a random one. */
export function anyHash(dice: RandomStream): bigint {
  return (BigInt(dice.below(0x7fffffff)) << 33n) | (BigInt(dice.below(0x7fffffff)) << 2n) | BigInt(dice.below(4))
}
