// RANDOM: every host alike; weights do not count (envoy: load_balancing_policies/random).
import type { RandomStream } from '../../engine/types.ts'
import type { Host } from '../upstream/host.ts'
import type { HostBalancer, LoadBalancingPolicy, PolicyTools } from './types.ts'

export class RandomChoice implements LoadBalancingPolicy {
  readonly byHash = false
  private readonly dice: RandomStream

  constructor(tools: PolicyTools) {
    this.dice = tools.dice
  }

  forHosts(hosts: readonly Host[]): HostBalancer {
    const { dice } = this
    return { pick: () => hosts[hosts.length < 2 ? 0 : dice.below(hosts.length)] ?? null }
  }
}
