// What protobuf JSON makes of a message that the CRD's schema refuses: unknown fields are dropped, ranges and rules are not
// its business; a wrong type, an unknown enum name or a broken duration cannot be decoded at all.
import type { z } from 'zod'
import { isObject } from './fields.ts'
import { parseProtoDuration } from './proto-duration.ts'
import { BAD_DURATION, DURATION_RULE, ILLEGAL_BASE64 } from './schema-checks.ts'
import { valueAt } from './schema-words.ts'

const undecodable = (issue: z.core.$ZodIssue, value: unknown): boolean => {
  if (value === undefined) return false
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') return true
  if (issue.code === 'invalid_value') return typeof value !== 'number'
  if (issue.code === 'custom' && issue.message === ILLEGAL_BASE64) return true
  const duration = issue.message === DURATION_RULE || issue.message === BAD_DURATION
  return issue.code === 'custom' && duration && parseProtoDuration(String(value)) === null
}

/** The CRD's schema refuses null where a value is meant; protobuf's JSON treats it as absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, item]) => item !== null)
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]))
}

/** The decoded message, or null. `spec` is left as it is. */
export function decodeRefused(spec: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = withoutNulls(JSON.parse(JSON.stringify(spec)))
  for (const issue of issues) {
    const value = valueAt(copy, issue.path)
    if (issue.code === 'unrecognized_keys') {
      if (isObject(value)) for (const key of issue.keys) delete value[key]
    } else if (undecodable(issue, value)) return null
  }
  return copy
}
