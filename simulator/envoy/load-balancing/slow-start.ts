// Slow start: a host that has just become healthy gets less, growing over a window
// (envoy: load_balancer_impl.cc EdfLoadBalancerBase::applySlowStartFactor).
import type { Scheduler } from '../../engine/types.ts'
import { duration, number, object } from '../json.ts'
import type { Host } from '../upstream/host.ts'
import { power } from './power.ts'

const MILLISECOND = 1_000

export class SlowStart {
  /** Microseconds; 0 = off. */
  readonly window: number
  private readonly aggression: number
  private readonly least: number
  private readonly scheduler: Scheduler

  constructor(config: unknown, scheduler: Scheduler) {
    const found = object(config)
    this.window = duration(found.slow_start_window)
    this.aggression = number(object(found.aggression).default_value, 1)
    this.least = number(object(found.min_weight_percent).value, 10) / 100
    this.scheduler = scheduler
  }

  /** Is any of these hosts inside its window now? */
  applies(hosts: readonly Host[]): boolean {
    if (this.window === 0) return false
    const { now } = this.scheduler
    for (const host of hosts) if (now - host.healthySince < this.window) return true
    return false
  }

  /** The host's weight now. */
  weight(host: Host): number {
    const age = this.scheduler.now - host.healthySince
    if (this.window === 0 || age >= this.window) return host.weight
    const grown = power(Math.max(age, MILLISECOND) / this.window, this.aggression === 1 ? 1 : 1 / this.aggression)
    return host.weight * Math.max(grown, this.least)
  }
}
