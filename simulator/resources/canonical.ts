// Protobuf JSON reads snake_case names and enum numbers as well as the canonical form; this brings a value to the
// canonical one, led by the schema. Keys of maps (labels, headers, patch values) are data and stay as written.
import { z } from 'zod'
import { camelCase } from '../documents/index.ts'
import { takesNull, WRAPPED } from './schema-checks.ts'

function unwrap(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap()
  return inner
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value in canonical form; what does not fit the schema is passed on for the schema to refuse. */
export function canonicalise(value: unknown, schema: unknown): unknown {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject && isObject(value)) {
    const shape: Readonly<Record<string, unknown>> = inner.shape
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      const name = Object.hasOwn(shape, key) ? key : camelCase(key)
      if (item === null && Object.hasOwn(shape, name) && takesNull(shape[name])) continue
      if (Object.hasOwn(shape, name) && !Object.hasOwn(result, name)) result[name] = canonicalise(item, shape[name])
      else result[key] = item
    }
    return result
  }
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value.map(item => canonicalise(item, inner.element))
  if (inner instanceof z.ZodRecord && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, canonicalise(item, inner.valueType)]))
  }
  if (inner instanceof z.ZodEnum && typeof value === 'number') return inner.options[value] ?? value
  if (inner instanceof z.ZodNumber && inner.description === WRAPPED && typeof value === 'string') {
    return /^-?\d+$/.test(value) ? Number(value) : value
  }
  return value
}
