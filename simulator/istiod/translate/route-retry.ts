// When and how often Envoy tries again (pilot/pkg/networking/core/route/retry/retry.go).
import type { HTTPRetry, MeshConfig } from '../../resources/index.ts'
import type { JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'

const DEFAULT_RETRY_ON = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes'
const DEFAULT_INBOUND_RETRY_ON = 'reset-before-request'

const previousHosts = (): JsonObject => ({
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  },
})

const previousPriorities = (): JsonObject => ({
  name: 'envoy.retry_priorities.previous_priorities',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
    update_frequency: 2,
  },
})

/** Codes that Go's net/http has a text for: only those count as codes. */
const KNOWN_CODES: ReadonlySet<number> = new Set([
  100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400,
  401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425,
  426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
])

/** Splits conditions from status codes; codes bring the condition `retriable-status-codes`. */
export function retryConditions(retryOn: string): JsonObject {
  const codes: number[] = []
  const conditions: string[] = []
  for (const part of retryOn.split(',')) {
    const condition = part.trim()
    if (condition === '') continue
    const code = /^[+-]?\d+$/.test(condition) ? Number(condition) : -1
    if (KNOWN_CODES.has(code)) codes.push(code)
    else conditions.push(condition)
  }
  let joined = conditions.join(',')
  if (codes.length > 0 && !joined.includes('retriable-status-codes')) joined += ',retriable-status-codes'
  return {
    ...(joined === '' ? {} : { retry_on: joined }),
    ...(codes.length > 0 ? { retriable_status_codes: codes } : {}),
  }
}

/** Policy of an outbound route; null = none (attempts 0). `hashed`: the balancer hashes, so hosts are not avoided. */
export function retryPolicy(retries: HTTPRetry | undefined, hashed: boolean): JsonObject | null {
  const avoid = hashed ? {} : { retry_host_predicate: [previousHosts()] }
  if (!retries) {
    return { num_retries: 2, retry_on: DEFAULT_RETRY_ON, host_selection_retry_max_attempts: '5', ...avoid }
  }
  const attempts = retries.attempts ?? 0
  if (attempts <= 0) return null
  const ignorePrevious = retries.retryIgnorePreviousHosts
  return {
    num_retries: attempts,
    host_selection_retry_max_attempts: '5',
    ...(retries.retryOn ? retryConditions(retries.retryOn) : { retry_on: DEFAULT_RETRY_ON }),
    ...(ignorePrevious === undefined ? avoid : ignorePrevious ? { retry_host_predicate: [previousHosts()] } : {}),
    ...(retries.perTryTimeout === undefined ? {} : { per_try_timeout: protoDuration(retries.perTryTimeout) }),
    ...(retries.retryRemoteLocalities ? { retry_priority: previousPriorities() } : {}),
    ...(retries.backoff === undefined ? {} : { retry_back_off: { base_interval: protoDuration(retries.backoff) } }),
  }
}

/** Policy of the server's own sidecar towards its application; null = none. */
export function inboundRetryPolicy(mesh: MeshConfig): JsonObject | null {
  const retries = mesh.defaultInboundHttpRetryPolicy
  if (!retries) return { num_retries: 2, retry_on: DEFAULT_INBOUND_RETRY_ON }
  const attempts = retries.attempts ?? 0
  if (attempts <= 0) return null
  return {
    num_retries: attempts,
    ...(retries.retryOn ? retryConditions(retries.retryOn) : { retry_on: DEFAULT_INBOUND_RETRY_ON }),
    ...(retries.backoff === undefined ? {} : { retry_back_off: { base_interval: protoDuration(retries.backoff) } }),
  }
}
