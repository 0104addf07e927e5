// When Envoy tries again (source/common/router/retry_state_impl.cc), and the flag of each reset.
import type { HttpResponse, StreamResetReason } from '../wire/types.ts'
import { header } from './json.ts'

const CONNECT_FAILURES = new Set(['local connection failure', 'remote connection failure', 'connection timeout'])
/** Response flag of a reset (source/common/router/router.cc). */
export const FLAGS: { [reason: string]: string } = {
  'local reset': 'LR',
  'local refused stream reset': 'LR',
  'remote reset': 'UR',
  'remote refused stream reset': 'UR',
  'local connection failure': 'UF',
  'remote connection failure': 'UF',
  'connection timeout': 'UF',
  'connection termination': 'UC',
  overflow: 'UO',
  'protocol error': 'UPE',
}
const GRPC_NAMES: { [code: string]: string } = {
  '1': 'cancelled',
  '4': 'deadline-exceeded',
  '8': 'resource-exhausted',
  '13': 'internal',
  '14': 'unavailable',
}

/** Does the policy cover this reset? An overflow never is. */
export function retriesReset(on: ReadonlySet<string>, reason: StreamResetReason, sent: boolean): boolean {
  if (reason === 'overflow') return false
  if (on.has('5xx') || on.has('gateway-error') || on.has('reset')) return true
  if (on.has('connect-failure') && CONNECT_FAILURES.has(reason)) return true
  if (on.has('refused-stream') && reason === 'remote refused stream reset') return true
  return on.has('reset-before-request') && !sent
}

/** Does the policy cover this response? `codes`: retriable_status_codes. */
export function retriesResponse(on: ReadonlySet<string>, codes: readonly number[], response: HttpResponse): boolean {
  const { status } = response
  if (header(response.headers, 'x-envoy-ratelimited') !== undefined) return on.has('envoy-ratelimited')
  if (on.has('5xx') && status >= 500) return true
  if (on.has('gateway-error') && status >= 502 && status <= 504) return true
  if (on.has('retriable-4xx') && status === 409) return true
  if (on.has('retriable-status-codes') && codes.includes(status)) return true
  const grpc = response.trailers === null ? header(response.headers, 'grpc-status') : undefined
  return grpc !== undefined && on.has(GRPC_NAMES[grpc] ?? '-')
}
