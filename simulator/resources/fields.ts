// Reading what the house does not type: total functions that answer "nothing" on any other shape, so that an odd document
// can never break anything.

/** Untyped object of a document. */
export type Fields = { [key: string]: unknown }

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object, or an empty one. */
export function fields(value: unknown): Fields {
  return isObject(value) ? value : {}
}

/** The list, or an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
