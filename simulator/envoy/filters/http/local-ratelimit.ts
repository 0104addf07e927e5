// Local rate limit: token buckets without a timer, filled fractionally (source/common/common/token_bucket_impl.cc,
// source/extensions/filters/common/local_ratelimit). Buckets of descriptors that match come first, the slowest of them
// first of all, then the default bucket; who is turned away by one leaves the tokens of those behind it.
import type { HttpResponse } from '../../../wire/types.ts'
import type { Json, JsonObject } from '../../../xds/types.ts'
import { mutate, put } from '../../header-lines.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, fraction, list, number, object, text } from '../../json.ts'
import { type HeaderChange, headerChange } from '../../route.ts'
import type { Counter, CounterOf } from '../../stats.ts'
import { type Descriptor, descriptorsOf, limitsOfRoute, rateLimitsOf } from '../descriptors.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

const RESOURCE_EXHAUSTED = 8

class TokenBucket {
  readonly max: number
  /** Tokens a microsecond. */
  readonly rate: number
  /** Time at which the bucket would have been empty. */
  private emptyAt: number

  constructor(config: JsonObject, now: number) {
    this.max = number(config.max_tokens)
    this.rate = number(config.tokens_per_fill, 1) / Math.max(1, duration(config.fill_interval, 1_000_000))
    this.emptyAt = now - this.max / this.rate
  }

  /** Tokens, whole and in parts. */
  has(now: number): number {
    return Math.min(this.max, (now - this.emptyAt) * this.rate)
  }

  take(now: number, tokens: number): boolean {
    const have = this.has(now)
    if (have < tokens) return false
    this.emptyAt = now - (have - tokens) / this.rate
    return true
  }

  /** Seconds until there is a whole token. */
  wait(now: number): number {
    const missing = 1 - this.has(now)
    return missing <= 0 ? 0 : Math.ceil(missing / this.rate / 1_000_000)
  }
}

interface DescriptorBucket {
  /** An empty value stands for any: each value has a bucket of its own. */
  entries: Descriptor['entries']
  config: JsonObject
  buckets: Map<string, TokenBucket>
}

interface Limit {
  bucket: TokenBucket | null
  descriptors: DescriptorBucket[]
  alwaysDefault: boolean
  ownLimits: ReturnType<typeof rateLimitsOf> | null
  stage: number
  hostOption: string
  enabled: number
  enforced: number
  status: number
  exhausted: boolean
  draft: boolean
  change: HeaderChange
  /** For requests that pass although no token was left. */
  toUpstream: HeaderChange
  counters: { [of in 'enabled' | 'enforced' | 'ok' | 'rate_limited']: Counter }
}

export class LocalRateLimitFilter implements HttpFilter {
  readonly name: string
  private readonly own: JsonObject
  private readonly counter: CounterOf
  private readonly limits = new WeakMap<object, Limit>()
  /** The bucket that decided, for streams whose answers tell. */
  private readonly decided = new WeakMap<HttpStream, TokenBucket>()

  /** `counter`: by the whole name. */
  constructor(name: string, config: JsonObject, counter: CounterOf) {
    this.name = name
    this.own = config
    this.counter = counter
  }

  onRequest(stream: HttpStream): FilterStatus {
    const limit = this.limitOf(stream.perFilter(this.name) ?? this.own, stream.now)
    if (limit.bucket === null && limit.descriptors.length === 0) return 'continue'
    if (stream.core.dice.below(1_000_000) >= limit.enabled) return 'continue'
    limit.counters.enabled.value++
    const { allowed, bucket } = this.judge(limit, stream)
    if (limit.draft && bucket !== null) this.decided.set(stream, bucket)
    if (allowed) {
      limit.counters.ok.value++
      return 'continue'
    }
    limit.counters.rate_limited.value++
    if (stream.core.dice.below(1_000_000) >= limit.enforced) {
      if (limit.toUpstream.add.length > 0) mutate(stream.ownHeaders(), limit.toUpstream, value => value)
      return 'continue'
    }
    limit.counters.enforced.value++
    const headers: [string, string][] = []
    mutate(headers, limit.change, value => value)
    stream.localReply({
      status: limit.status,
      body: 'local_rate_limited',
      flag: 'RL',
      details: 'local_rate_limited',
      headers,
      ...(limit.exhausted ? { grpcStatus: RESOURCE_EXHAUSTED } : {}),
    })
    return 'stop'
  }

  /** LocalRateLimiterImpl::requestAllowed. */
  private judge(limit: Limit, stream: HttpStream): { allowed: boolean; bucket: TokenBucket | null } {
    const { now } = stream
    const matched = limit.descriptors.length === 0 ? [] : this.matched(limit, stream)
    for (const { bucket, hits } of matched) if (!bucket.take(now, hits)) return { allowed: false, bucket }
    const first = matched[0]?.bucket ?? null
    if (first !== null && !limit.alwaysDefault) return { allowed: true, bucket: first }
    const { bucket } = limit
    if (bucket === null) return { allowed: true, bucket: first }
    return bucket.take(now, 1) ? { allowed: true, bucket: first ?? bucket } : { allowed: false, bucket }
  }

  private matched(limit: Limit, stream: HttpStream): { bucket: TokenBucket; hits: number }[] {
    const limits = limit.ownLimits ?? limitsOfRoute(stream, limit.hostOption)
    const found: { bucket: TokenBucket; hits: number }[] = []
    for (const request of descriptorsOf(limits, limit.stage, stream)) {
      const bucket = bucketFor(limit.descriptors, request, stream.now)
      if (bucket !== null) found.push({ bucket, hits: request.hits })
    }
    return found.sort((a, b) => a.bucket.rate - b.bucket.rate)
  }

  onResponse(stream: HttpStream, response: HttpResponse): FilterStatus {
    const bucket = this.decided.get(stream)
    if (bucket === undefined) return 'continue'
    put(response.headers, 'x-ratelimit-limit', String(bucket.max))
    put(response.headers, 'x-ratelimit-remaining', String(Math.floor(bucket.has(stream.now))))
    put(response.headers, 'x-ratelimit-reset', String(bucket.wait(stream.now)))
    return 'continue'
  }

  private limitOf(config: JsonObject, now: number): Limit {
    let limit = this.limits.get(config)
    if (limit === undefined) {
      limit = compileLimit(config, now, this.counter)
      this.limits.set(config, limit)
    }
    return limit
  }
}

function compileLimit(config: JsonObject, now: number, counter: CounterOf): Limit {
  const count = (of: string): Counter => counter(`${text(config.stat_prefix)}.http_local_rate_limit.${of}`)
  return {
    bucket: config.token_bucket === undefined ? null : new TokenBucket(object(config.token_bucket), now),
    descriptors: list(config.descriptors).map(compileDescriptor),
    alwaysDefault: config.always_consume_default_token_bucket !== false,
    ownLimits: list(config.rate_limits).length === 0 ? null : rateLimitsOf(config.rate_limits),
    stage: number(config.stage),
    hostOption: text(config.vh_rate_limits, 'OVERRIDE'),
    enabled: fraction(object(config.filter_enabled).default_value),
    enforced: fraction(object(config.filter_enforced).default_value),
    status: Math.max(400, number(object(config.status).code, 429)),
    exhausted: config.rate_limited_as_resource_exhausted === true,
    draft: config.enable_x_ratelimit_headers === 'DRAFT_VERSION_03',
    change: headerChange(config, 'response'),
    toUpstream: headerChange(
      { request_headers_to_add: config.request_headers_to_add_when_not_enforced ?? [] },
      'request',
    ),
    counters: {
      enabled: count('enabled'),
      enforced: count('enforced'),
      ok: count('ok'),
      rate_limited: count('rate_limited'),
    },
  }
}

function compileDescriptor(config: Json): DescriptorBucket {
  const { entries, token_bucket: bucket } = object(config)
  return {
    entries: list(entries).map(entry => ({ key: text(object(entry).key), value: text(object(entry).value) })),
    config: object(bucket),
    buckets: new Map(),
  }
}

/** All entries must be equal, in their order. */
function bucketFor(known: readonly DescriptorBucket[], { entries }: Descriptor, now: number): TokenBucket | null {
  const found = known.find(
    candidate =>
      candidate.entries.length === entries.length &&
      candidate.entries.every(
        ({ key, value }, i) => key === entries[i]!.key && (value === '' || value === entries[i]!.value),
      ),
  )
  if (found === undefined) return null
  const values = entries.map(entry => entry.value).join('\n')
  let bucket = found.buckets.get(values)
  if (bucket === undefined) {
    bucket = new TokenBucket(found.config, now)
    found.buckets.set(values, bucket)
  }
  return bucket
}
