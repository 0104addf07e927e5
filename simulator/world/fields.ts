// Reading of Kubernetes objects whose specs the house does not type: total functions that answer "nothing" on any
// other shape, so that an odd document can never break the world.

/** Untyped object of a document. */
export type Fields = { [key: string]: unknown }

/** The object, or an empty one. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** The list, or an empty one. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The text (numbers and booleans as text), or ''. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** The number, or `otherwise`. */
export function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}

/** A map of texts (labels, annotations, selectors). */
export function texts(value: unknown): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [key, entry] of Object.entries(fields(value))) out[key] = text(entry)
  return out
}

/** Does a selector (all its entries, at least one) match labels? */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(selector)
  return entries.length > 0 && entries.every(([key, value]) => labels[key] === value)
}
