// Local rate limit: a token bucket without a timer, filled fractionally (source/common/common/token_bucket_impl.cc,
// source/extensions/filters/common/local_ratelimit). Descriptors of route actions are not modelled: the default bucket rules.
import type { JsonObject } from '../../../xds/types.ts'
import { mutate } from '../../header-lines.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, fraction, number, object } from '../../json.ts'
import { type HeaderChange, headerChange } from '../../route.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

class TokenBucket {
  private readonly max: number
  /** Tokens a microsecond. */
  private readonly rate: number
  /** Time at which the bucket would have been empty. */
  private emptyAt: number

  constructor(config: JsonObject, now: number) {
    this.max = number(config.max_tokens)
    this.rate = number(config.tokens_per_fill, 1) / Math.max(1, duration(config.fill_interval, 1_000_000))
    this.emptyAt = now - this.max / this.rate
  }

  take(now: number): boolean {
    const have = Math.min(this.max, (now - this.emptyAt) * this.rate)
    if (have < 1) return false
    this.emptyAt = now - (have - 1) / this.rate
    return true
  }
}

interface Limit {
  bucket: TokenBucket | null
  enabled: number
  enforced: number
  status: number
  change: HeaderChange
}

export class LocalRateLimitFilter implements HttpFilter {
  readonly name: string
  private readonly own: JsonObject
  private readonly limits = new WeakMap<object, Limit>()

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.own = config
  }

  onRequest(stream: HttpStream): FilterStatus {
    const limit = this.limitOf(stream.perFilter(this.name) ?? this.own, stream.now)
    if (limit.bucket === null || stream.core.dice.below(1_000_000) >= limit.enabled) return 'continue'
    if (limit.bucket.take(stream.now)) return 'continue'
    if (stream.core.dice.below(1_000_000) >= limit.enforced) return 'continue'
    const reply = { status: limit.status, body: 'local_rate_limited', flag: 'RL', details: 'local_rate_limited' }
    const headers: [string, string][] = []
    mutate(headers, limit.change, value => value)
    stream.localReply({ ...reply, headers })
    return 'stop'
  }

  private limitOf(config: JsonObject, now: number): Limit {
    let limit = this.limits.get(config)
    if (limit === undefined) {
      limit = {
        bucket: config.token_bucket === undefined ? null : new TokenBucket(object(config.token_bucket), now),
        enabled: fraction(object(config.filter_enabled).default_value),
        enforced: fraction(object(config.filter_enforced).default_value),
        status: number(object(config.status).code, 429),
        change: headerChange(config, 'response'),
      }
      this.limits.set(config, limit)
    }
    return limit
  }
}
