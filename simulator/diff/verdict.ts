// same, changed or worse. Worse is what nobody means to do: expectations that break, more errors than chance explains,
// requests that lose their destination or their protection.
import type { DynamicDiff } from './dynamic.ts'
import { SIGNIFICANT } from './paired.ts'
import type { ChangedResource } from './resource-changes.ts'
import type { RequestClass, StaticDiff } from './static.ts'

export interface Verdict {
  verdict: 'same' | 'changed' | 'worse'
  /** Why it is worse, a sentence each. */
  reasons: string[]
}

/** Ends of a request that nobody wants; a fate that has one of them lost something. */
const DEAD_ENDS = /404: no route|503: no|no such name|connection refused|connection closed|blocked \(/

export function verdictOf(
  found: StaticDiff,
  dynamic: DynamicDiff | null,
  resources: readonly ChangedResource[],
): Verdict {
  const reasons = [...found.classes.flatMap(classReasons), ...(dynamic === null ? [] : runReasons(dynamic))]
  if (reasons.length > 0) return { verdict: 'worse', reasons: [...new Set(reasons)] }
  const moved = dynamic !== null && (dynamic.changes.length > 0 || dynamic.expectations.length > 0)
  const changed = found.classes.length > 0 || moved || resources.length > 0
  return { verdict: changed ? 'changed' : 'same', reasons }
}

function classReasons({ before, after, from, to }: RequestClass): string[] {
  const who = `${from[0]} to ${to[0]}`
  const reasons: string[] = []
  if (DEAD_ENDS.test(after.destination) && !DEAD_ENDS.test(before.destination))
    reasons.push(`${who}: ${before.destination} before, ${after.destination} after`)
  if (before.protection.includes('mutual TLS') && after.protection.includes('plain text'))
    reasons.push(`${who}: mutual TLS before, plain text after`)
  const denied = before.protection.includes('denied') || before.protection.includes('refused')
  if (denied && !after.protection.includes('denied') && !after.protection.includes('refused'))
    reasons.push(`${who}: was denied, is let through`)
  return reasons
}

function runReasons({ expectations, loads }: DynamicDiff): string[] {
  const broken = expectations.filter(change => change.before.ok && !change.after.ok)
  const failing = loads.filter(({ errors }) => errors.worse > errors.better && errors.p <= SIGNIFICANT)
  return [
    ...broken.map(change => `expectation "${change.name}" holds no more: ${change.after.seen}`),
    ...failing.map(({ load, errors }) => `load ${load}: ${errors.before} errors before, ${errors.after} after`),
  ]
}
