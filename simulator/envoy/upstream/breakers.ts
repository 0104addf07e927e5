// Circuit breakers of a cluster: counters with limits, one set per priority of the route; Istio uses the default one
// (envoy: source/common/upstream/resource_manager_impl.h).

import type { JsonObject } from '../../xds/types.ts'
import { list, number, object } from '../json.ts'

/** A counted resource. `limit` is compared before taking: at the limit nobody gets more. */
export class Resource {
  readonly limit: number
  count = 0

  constructor(limit: number) {
    this.limit = limit
  }

  get free(): boolean {
    return this.count < this.limit
  }
}

/** Retries: a fixed number, or a share of what is going on (retry_budget). */
class Retries {
  count = 0
  private readonly limit: number
  private readonly budget: JsonObject | null
  private readonly breakers: Breakers

  constructor(limit: number, budget: JsonObject | null, breakers: Breakers) {
    this.limit = limit
    this.budget = budget
    this.breakers = breakers
  }

  get free(): boolean {
    return this.count < this.most
  }

  /** How many there may be now. */
  get most(): number {
    if (this.budget === null) return this.limit
    const percent = number(object(this.budget.budget_percent).value, 20)
    const least = number(this.budget.min_retry_concurrency, 3)
    const active = this.breakers.requests.count + this.breakers.pending.count
    return Math.max(least, Math.floor((percent / 100) * active))
  }
}

export class Breakers {
  readonly connections: Resource
  readonly pending: Resource
  readonly requests: Resource
  readonly retries: Retries

  constructor(config: unknown) {
    const all = list(object(config).thresholds).map(object)
    const limits = all.find(t => t.priority === undefined || t.priority === 'DEFAULT') ?? {}
    this.connections = new Resource(number(limits.max_connections, 1024))
    this.pending = new Resource(number(limits.max_pending_requests, 1024))
    this.requests = new Resource(number(limits.max_requests, 1024))
    this.retries = new Retries(
      number(limits.max_retries, 3),
      limits.retry_budget ? object(limits.retry_budget) : null,
      this,
    )
  }
}
