// One verdict for one request, the same for figures, dots and rows: refused by a policy, failed, touched by a fault, well.
import { type ClientRecord, isError, type StreamRecord } from '../observation/index.ts'
import type { Outcome } from './frame.ts'

/** A denial is the rule at work, not a failure: RBAC, ext_authz and rate limits name themselves in flags or details. */
function isDenied(status: number, flags: readonly string[], details: string): boolean {
  if (status === 403) return details.startsWith('rbac_') || flags.includes('UAEX')
  if (status === 401) return details.startsWith('jwt_')
  return status === 429 && (flags.includes('RL') || flags.includes('RLSE'))
}

export function outcomeOfStream(record: StreamRecord): Outcome {
  if (isDenied(record.status, record.flags, record.details)) return 'denied'
  // A caller that went away got no answer: for him who looks at the edge, the call failed.
  if (isError(record.status, record.flags) || record.status === 0) return 'fail'
  return record.status >= 400 || record.injectedDelay ? 'warn' : 'ok'
}

export function outcomeOfClient(record: ClientRecord): Outcome {
  if (record.status === 0 || record.status >= 500) return 'fail'
  return record.status >= 400 ? 'warn' : 'ok'
}

export function faultOf(record: StreamRecord): '' | 'delay' | 'abort' {
  if (record.injectedAbort) return 'abort'
  return record.injectedDelay ? 'delay' : ''
}
