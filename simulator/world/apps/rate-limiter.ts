// A rate limit service as Envoy's reference one (envoyproxy/ratelimit): counters in fixed windows that begin with the
// unit on the clock, kept by all replicas together. A descriptor's entries walk down the configured tree: a node with the
// key and the value, else one whose value ends in `*` and begins alike, else one with the key alone.
import { EPOCH_SECONDS } from '../../observation/timestamp.ts'
import {
  type DescriptorStatus,
  RATE_LIMIT_PATH,
  type RateLimitRequest,
  type RateLimitResponse,
  type RateLimitUnit,
  UNIT_SECONDS,
} from '../../wire/rate-limit.ts'
import type { HttpRequest, Responder } from '../../wire/types.ts'
import { GrpcResponder } from './grpc-responder.ts'

export interface RateLimitNode {
  key: string
  /** Absent: any value; each has counters of its own. */
  value?: string
  limit?: { unit: RateLimitUnit; requestsPerUnit: number; name?: string; unlimited?: boolean }
  /** Counted, but never over the limit. */
  shadow?: boolean
  descriptors: RateLimitNode[]
}

export interface RateLimitDomain {
  domain: string
  descriptors: RateLimitNode[]
}

interface Window {
  start: number
  hits: number
}

export class RateLimiter {
  private readonly domains: ReadonlyMap<string, RateLimitDomain>
  private readonly windows = new Map<string, Window>()

  constructor(domains: readonly RateLimitDomain[]) {
    this.domains = new Map(domains.map(domain => [domain.domain, domain]))
  }

  /** `now` in microseconds of virtual time. */
  answer(request: RateLimitRequest, now: number): RateLimitResponse {
    const statuses = request.descriptors.map(descriptor =>
      this.status(request.domain, descriptor.entries, descriptor.hits_addend ?? request.hits_addend ?? 1, now),
    )
    return { overall_code: statuses.some(({ code }) => code === 'OVER_LIMIT') ? 'OVER_LIMIT' : 'OK', statuses }
  }

  private status(
    domain: string,
    entries: readonly { key: string; value: string }[],
    hits: number,
    now: number,
  ): DescriptorStatus {
    const node = find(this.domains.get(domain)?.descriptors ?? [], entries)
    const limit = node?.limit
    if (limit === undefined || limit.unlimited === true) return { code: 'OK', limit_remaining: limit ? 0xffffffff : 0 }
    const seconds = UNIT_SECONDS[limit.unit]
    const clock = EPOCH_SECONDS + Math.floor(now / 1_000_000)
    const start = Math.floor(clock / seconds) * seconds
    const key = [domain, ...entries.map(entry => `${entry.key}_${entry.value}`)].join('\n')
    const window = this.windows.get(key)
    const before = window?.start === start ? window.hits : 0
    this.windows.set(key, { start, hits: before + hits })
    const { requestsPerUnit, unit, name } = limit
    const over = before + hits > requestsPerUnit && node?.shadow !== true
    return {
      code: over ? 'OVER_LIMIT' : 'OK',
      current_limit: { requests_per_unit: requestsPerUnit, unit, ...(name === undefined ? {} : { name }) },
      limit_remaining: Math.max(0, requestsPerUnit - before - hits),
      duration_until_reset: start + seconds - clock,
    }
  }
}

/** The node of the last entry; null where the tree ends before. */
function find(
  nodes: readonly RateLimitNode[],
  entries: readonly { key: string; value: string }[],
): RateLimitNode | null {
  const [entry, ...rest] = entries
  if (entry === undefined) return null
  const keyed = nodes.filter(node => node.key === entry.key)
  const node =
    keyed.find(({ value }) => value === entry.value) ??
    keyed.find(({ value }) => value?.endsWith('*') === true && entry.value.startsWith(value.slice(0, -1))) ??
    keyed.find(({ value }) => value === undefined)
  if (node === undefined) return null
  return rest.length === 0 ? node : find(node.descriptors, rest)
}

export const isRateLimitCall = (path: string): boolean => path === RATE_LIMIT_PATH

/** Where a good answer of the application becomes the limiter's on `request`; any other is a failed call. */
export const rateLimitResponder = (inner: Responder, limiter: RateLimiter, request: HttpRequest, now: () => number) =>
  new GrpcResponder(inner, ({ status }) =>
    status === 200 ? limiter.answer(JSON.parse(request.body) as RateLimitRequest, now()) : null,
  )
