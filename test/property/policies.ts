// What the evaluators and generators of policies have in common: shapes, how a pattern matches, lists that are drawn. Written
// from Istio's reference pages like the evaluators themselves, with no import of the simulator's own.
import fc from 'fast-check'

export type Mode = 'STRICT' | 'PERMISSIVE' | 'DISABLE'

export interface Condition {
  key: string
  values?: string[]
  notValues?: string[]
}

export interface Rule<Source, Operation> {
  from?: { source: Source }[]
  to?: { operation: Operation }[]
  when?: Condition[]
}

/** Exact, prefix `abc*`, suffix `*abc`, presence `*`. */
export function matches(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false
  if (pattern === '*') return value !== ''
  if (pattern.endsWith('*')) return value.startsWith(pattern.slice(0, -1))
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1))
  return pattern === value
}

/** Does a pattern fit what is looked at? */
export type Test = (pattern: string) => boolean

/** A list that is not set is not looked at; a negative one holds when none of it matches. */
export const listed = (test: Test, some?: string[], none?: string[]): boolean =>
  (some === undefined || some.some(test)) && (none === undefined || !none.some(test))

export const list = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 })

/** At least one field is set: the webhook refuses an empty source or operation. */
export const some = <T extends object>(
  fields: { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> },
): fc.Arbitrary<T> =>
  fc.record(fields, { requiredKeys: [] }).filter(made => Object.keys(made).length > 0) as unknown as fc.Arbitrary<T>
