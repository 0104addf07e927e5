// envoy.service.ratelimit.v3 as it travels: what a proxy asks a rate limit service over gRPC, and what that answers. The
// bodies are protobuf's JSON, because messages are text here.

export const RATE_LIMIT_PATH = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit'

export interface RateLimitRequest {
  domain: string
  descriptors: { entries: { key: string; value: string }[]; hits_addend?: number }[]
  hits_addend?: number
}

export type RateLimitUnit = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'YEAR'

/** Seconds of a unit; a month has 30 days, a year 365. */
export const UNIT_SECONDS: Readonly<Record<RateLimitUnit, number>> = {
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3600,
  DAY: 86_400,
  WEEK: 604_800,
  MONTH: 2_592_000,
  YEAR: 31_536_000,
}

export interface DescriptorStatus {
  code: 'OK' | 'OVER_LIMIT'
  /** Absent: nothing limits this descriptor. */
  current_limit?: { requests_per_unit: number; unit: RateLimitUnit; name?: string }
  limit_remaining: number
  /** Seconds. */
  duration_until_reset?: number
}

export interface RateLimitResponse {
  overall_code: 'OK' | 'OVER_LIMIT'
  statuses: DescriptorStatus[]
}
