// LEAST_REQUEST: the less busy of a few hosts drawn at random; by earliest deadline with a weight that shrinks with the
// requests in flight where weights differ (envoy: load_balancing_policies/least_request/least_request_lb.cc).
import type { RandomStream } from '../../engine/types.ts'
import { number, object, text } from '../json.ts'
import type { Host } from '../upstream/host.ts'
import { power } from './power.ts'
import { SlowStart } from './slow-start.ts'
import { equalWeights, type HostBalancer, type LoadBalancingPolicy, type PolicyTools } from './types.ts'
import { weighted } from './weighted.ts'

export class LeastRequest implements LoadBalancingPolicy {
  readonly byHash = false
  private readonly choices: number
  private readonly bias: number
  private readonly fullScan: boolean
  private readonly start: number
  private readonly dice: RandomStream
  private readonly slowStart: SlowStart

  constructor(config: unknown, tools: PolicyTools) {
    const found = object(config)
    this.choices = number(found.choice_count, 2)
    this.bias = number(object(found.active_request_bias).default_value, 1)
    this.fullScan = text(found.selection_method) === 'FULL_SCAN'
    this.dice = tools.dice
    this.start = tools.dice.below(1 << 16)
    this.slowStart = new SlowStart(found.slow_start_config, tools.scheduler)
  }

  forHosts(hosts: readonly Host[]): HostBalancer {
    if (hosts.length > 1 && (!equalWeights(hosts) || this.slowStart.applies(hosts)))
      return weighted(hosts, this.start, host => this.weight(host))
    return this.fullScan ? new FullScan(hosts, this.dice) : new PowerOfChoices(hosts, this.choices, this.dice)
  }

  private weight(host: Host): number {
    const weight = this.slowStart.weight(host)
    if (host.active === 0 || this.bias === 0) return weight
    return weight / (this.bias === 1 ? host.active + 1 : power(host.active + 1, this.bias))
  }
}

/** Draws with replacement; of equals the first drawn. */
class PowerOfChoices implements HostBalancer {
  private readonly hosts: readonly Host[]
  private readonly choices: number
  private readonly dice: RandomStream

  constructor(hosts: readonly Host[], choices: number, dice: RandomStream) {
    this.hosts = hosts
    this.choices = choices
    this.dice = dice
  }

  pick(): Host | null {
    const { hosts, dice } = this
    let best = hosts[hosts.length === 1 ? 0 : dice.below(hosts.length)] ?? null
    if (best === null || hosts.length === 1) return best
    for (let i = 1; i < this.choices; i++) {
      const other = hosts[dice.below(hosts.length)]
      if (other !== undefined && other.active < best.active) best = other
    }
    return best
  }
}

/** Looks at all; of equals one at random. */
class FullScan implements HostBalancer {
  private readonly hosts: readonly Host[]
  private readonly dice: RandomStream

  constructor(hosts: readonly Host[], dice: RandomStream) {
    this.hosts = hosts
    this.dice = dice
  }

  pick(): Host | null {
    let best: Host | null = null
    let equals = 0
    for (const host of this.hosts) {
      if (best === null || host.active < best.active) {
        best = host
        equals = 1
      } else if (host.active === best.active && this.dice.below(++equals) === 0) best = host
    }
    return best
  }
}
