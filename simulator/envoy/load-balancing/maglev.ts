// MAGLEV: a table that hosts fill by turns along permutations of their own
// (envoy: load_balancing_policies/maglev/maglev_lb.cc).
import type { RandomStream } from '../../engine/types.ts'
import { number, object } from '../json.ts'
import type { Host } from '../upstream/host.ts'
import { xxHash64 } from '../xxhash64.ts'
import { anyHash, shares } from './hash-weights.ts'
import type { HostBalancer, LoadBalancingPolicy, PolicyTools } from './types.ts'

const TABLE_SIZE = 65_537
const ALL_ONES = 0xffff_ffff_ffff_ffffn

export class Maglev implements LoadBalancingPolicy {
  readonly byHash = true
  private readonly size: number
  private readonly dice: RandomStream

  constructor(config: unknown, tools: PolicyTools) {
    this.size = number(object(config).table_size, TABLE_SIZE)
    this.dice = tools.dice
  }

  forHosts(hosts: readonly Host[], _source: string, shareOf: ((host: Host) => number) | null): HostBalancer {
    return new Table(() => this.build(hosts, shareOf), this.size, this.dice)
  }

  private build(hosts: readonly Host[], shareOf: ((host: Host) => number) | null): Host[] {
    const { list, most } = shares(hosts, shareOf)
    const big = BigInt(this.size)
    const rows = [...list]
      .sort((a, b) => (a.host.key < b.host.key ? -1 : 1))
      .map(({ host, share }) => ({
        host,
        share,
        target: 0,
        at: Number(xxHash64(host.key) % big),
        skip: Number(xxHash64(host.key, 1n) % (big - 1n)) + 1,
      }))
    const table: (Host | null)[] = new Array<Host | null>(this.size).fill(null)
    let filled = 0
    for (let turn = 1; filled < this.size && rows.length > 0; turn++) {
      for (const row of rows) {
        if (filled === this.size) break
        if (turn * row.share < row.target) continue
        row.target += most
        while (table[row.at] !== null) row.at = (row.at + row.skip) % this.size
        table[row.at] = row.host
        row.at = (row.at + row.skip) % this.size
        filled++
      }
    }
    return table.filter(host => host !== null)
  }
}

class Table implements HostBalancer {
  private readonly build: () => Host[]
  private readonly size: bigint
  private readonly dice: RandomStream
  private table: Host[] | null = null

  constructor(build: () => Host[], size: number, dice: RandomStream) {
    this.build = build
    this.size = BigInt(size)
    this.dice = dice
  }

  pick(hash: bigint | null, attempt: number): Host | null {
    this.table ??= this.build()
    let wanted = hash ?? anyHash(this.dice)
    if (attempt > 0) wanted ^= (ALL_ONES - BigInt(attempt) + 1n) & ALL_ONES
    return this.table[Number(wanted % this.size)] ?? null
  }
}
