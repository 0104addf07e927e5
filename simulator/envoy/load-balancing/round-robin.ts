// ROUND_ROBIN: in turn from a random start; by earliest deadline where weights differ or hosts are new
// (envoy: source/extensions/load_balancing_policies/round_robin).
import type { Host } from '../upstream/host.ts'
import { SlowStart } from './slow-start.ts'
import { equalWeights, type HostBalancer, type LoadBalancingPolicy, type PolicyTools } from './types.ts'
import { weighted } from './weighted.ts'

/** Position in one list; survives changes of the list. */
interface Turn {
  next: number
}

export class RoundRobin implements LoadBalancingPolicy {
  readonly byHash = false
  private readonly start: number
  private readonly turns = new Map<string, Turn>()
  private readonly slowStart: SlowStart

  constructor(config: unknown, tools: PolicyTools) {
    this.start = tools.dice.below(1 << 16)
    this.slowStart = new SlowStart(config, tools.scheduler)
  }

  forHosts(hosts: readonly Host[], source: string): HostBalancer {
    const { slowStart } = this
    if (hosts.length > 1 && (!equalWeights(hosts) || slowStart.applies(hosts)))
      return weighted(hosts, this.start, host => slowStart.weight(host))
    let turn = this.turns.get(source)
    if (turn === undefined) {
      turn = { next: this.start }
      this.turns.set(source, turn)
    }
    return new InTurn(hosts, turn)
  }
}

class InTurn implements HostBalancer {
  private readonly hosts: readonly Host[]
  private readonly turn: Turn

  constructor(hosts: readonly Host[], turn: Turn) {
    this.hosts = hosts
    this.turn = turn
  }

  pick(): Host | null {
    return this.hosts[this.turn.next++ % this.hosts.length] ?? null
  }
}
