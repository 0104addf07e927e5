// The headers of the RateLimit draft, version 03 (source/extensions/filters/http/ratelimit/ratelimit_headers.cc).
import { type DescriptorStatus, UNIT_SECONDS } from '../../../wire/rate-limit.ts'
import type { HeaderLines } from '../../../wire/types.ts'

/** Of the descriptor that is nearest to its limit, with the quotas of all; [] where nothing limits. */
export function draftHeaders(statuses: readonly DescriptorStatus[]): HeaderLines {
  let nearest: DescriptorStatus | null = null
  let quotas = ''
  for (const status of statuses) {
    const limit = status.current_limit
    if (limit === undefined) continue
    if (nearest === null || status.limit_remaining < nearest.limit_remaining) nearest = status
    quotas += `, ${limit.requests_per_unit};w=${UNIT_SECONDS[limit.unit]}`
    if (limit.name !== undefined && limit.name !== '') quotas += `;name="${limit.name}"`
  }
  if (nearest?.current_limit === undefined) return []
  return [
    ['x-ratelimit-limit', `${nearest.current_limit.requests_per_unit}${quotas}`],
    ['x-ratelimit-remaining', String(nearest.limit_remaining)],
    ['x-ratelimit-reset', String(nearest.duration_until_reset ?? 0)],
  ]
}
