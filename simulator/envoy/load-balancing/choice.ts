// From a request to a host: priority, locality, then the policy (envoy: load_balancer_impl.cc chooseHostOnce,
// thread_aware_lb_impl.cc chooseHost). Everything it needs is computed when hosts change.
import type { RandomStream } from '../../engine/types.ts'
import type { Cluster } from '../../xds/types.ts'
import { number, object } from '../json.ts'
import type { ClusterCounters } from '../upstream/counters.ts'
import type { Host } from '../upstream/host.ts'
import { Priorities } from './priorities.ts'
import type { LoadBalancingPolicy } from './types.ts'

const PANIC_THRESHOLD = 50

export class HostChoice {
  /** Percent. */
  overprovisioning = 140
  private readonly policy: LoadBalancingPolicy
  private readonly dice: RandomStream
  private readonly counters: ClusterCounters
  private readonly panicThreshold: number
  private readonly byLocality: boolean
  private priorities: Priorities | null = null
  private skipped = 0
  private loads: { healthy: number[]; degraded: number[] } | null = null

  constructor(config: Cluster, policy: LoadBalancingPolicy, dice: RandomStream, counters: ClusterCounters) {
    const common = object(config.common_lb_config)
    this.policy = policy
    this.dice = dice
    this.counters = counters
    // A message without `value` is zero, no message is Envoy's default.
    this.panicThreshold =
      common.healthy_panic_threshold === undefined
        ? PANIC_THRESHOLD
        : number(object(common.healthy_panic_threshold).value)
    this.byLocality = common.locality_weighted_lb_config !== undefined
  }

  publish(hosts: readonly Host[], localityWeights: ReadonlyMap<string, number>): void {
    this.skipped = 0
    this.priorities = new Priorities(hosts, localityWeights, this.policy, {
      overprovisioning: this.overprovisioning,
      panicThreshold: this.panicThreshold,
      byLocality: this.byLocality,
    })
  }

  /** See UpstreamCluster.pick. */
  pick(hash: bigint | null, attempt: number, skip: number): Host | null {
    const { priorities } = this
    if (priorities === null) return null
    const { levels } = priorities
    if (skip !== this.skipped) {
      this.skipped = skip
      this.loads = skip === 0 ? null : priorities.loadsWithout(skip)
    }
    const other = skip === 0 ? null : this.loads
    if (levels.length === 1 && other === null && levels[0]?.degradedLoad === 0)
      return this.from(0, false, hash, attempt)
    const roll = hash !== null && this.policy.byHash ? Number(hash % 100n) : this.dice.below(100)
    let sum = 0
    for (let i = 0; i < levels.length; i++) {
      sum += other === null ? (levels[i]?.load ?? 0) : (other.healthy[i] ?? 0)
      if (roll < sum) return this.from(i, false, hash, attempt)
    }
    for (let i = 0; i < levels.length; i++) {
      sum += other === null ? (levels[i]?.degradedLoad ?? 0) : (other.degraded[i] ?? 0)
      if (roll < sum) return this.from(i, true, hash, attempt)
    }
    return null
  }

  private from(index: number, degraded: boolean, hash: bigint | null, attempt: number): Host | null {
    const { priorities } = this
    if (priorities === null) return null
    if (priorities.levels[index]?.panic) this.counters.lb_healthy_panic++
    return priorities.pick(index, degraded, hash, attempt)
  }
}
