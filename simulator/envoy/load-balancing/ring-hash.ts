// RING_HASH: every host stands at many points of a ring; a request goes to the next point
// (envoy: load_balancing_policies/ring_hash/ring_hash_lb.cc).
import type { RandomStream } from '../../engine/types.ts'
import { number, object } from '../json.ts'
import type { Host } from '../upstream/host.ts'
import { xxHash64 } from '../xxhash64.ts'
import { anyHash, shares } from './hash-weights.ts'
import type { HostBalancer, LoadBalancingPolicy, PolicyTools } from './types.ts'

const MINIMUM = 1024
const MAXIMUM = 8 * 1024 * 1024

interface Point {
  hash: bigint
  host: Host
}

export class RingHash implements LoadBalancingPolicy {
  readonly byHash = true
  private readonly minimum: number
  private readonly maximum: number
  private readonly dice: RandomStream
  /** Hashes of `key_i` by key: hosts come and go, their points stay the same. */
  private readonly points = new Map<string, bigint[]>()

  constructor(config: unknown, tools: PolicyTools) {
    const found = object(config)
    this.minimum = number(found.minimum_ring_size, MINIMUM)
    this.maximum = number(found.maximum_ring_size, MAXIMUM)
    this.dice = tools.dice
  }

  forHosts(hosts: readonly Host[], _source: string, shareOf: ((host: Host) => number) | null): HostBalancer {
    return new Ring(() => this.build(hosts, shareOf), this.dice)
  }

  private build(hosts: readonly Host[], shareOf: ((host: Host) => number) | null): Point[] {
    const { list, least } = shares(hosts, shareOf)
    const scale = Math.min(Math.ceil(least * this.minimum) / least, this.maximum)
    const ring: Point[] = []
    let target = 0
    for (const { host, share } of list) {
      target += scale * share
      for (let i = 0; ring.length < target; i++) ring.push({ hash: this.point(host.key, i), host })
    }
    return ring.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
  }

  private point(key: string, i: number): bigint {
    let known = this.points.get(key)
    if (known === undefined) {
      known = []
      this.points.set(key, known)
    }
    let hash = known[i]
    if (hash === undefined) {
      hash = xxHash64(`${key}_${i}`)
      known[i] = hash
    }
    return hash
  }
}

/** Built at the first request: hosts may change many times before. */
class Ring implements HostBalancer {
  private readonly build: () => Point[]
  private readonly dice: RandomStream
  private ring: Point[] | null = null

  constructor(build: () => Point[], dice: RandomStream) {
    this.build = build
    this.dice = dice
  }

  pick(hash: bigint | null, attempt: number): Host | null {
    this.ring ??= this.build()
    const { ring } = this
    const wanted = hash ?? anyHash(this.dice)
    let low = 0
    let high = ring.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((ring[middle]?.hash ?? 0n) < wanted) low = middle + 1
      else high = middle
    }
    return ring[(low + attempt) % ring.length]?.host ?? null
  }
}
