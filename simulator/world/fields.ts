// Reading of Kubernetes objects whose specs the house does not type: the readers of resources, and those for scalars.
import { fields } from '../resources/fields.ts'

export { type Fields, fields, list } from '../resources/fields.ts'

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
