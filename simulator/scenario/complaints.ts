// zod's issues about a scenario file in the words of somebody who wrote it: the field, what it holds, what was expected, and
// the nearest right name. Where several forms are possible, the form that the text comes nearest to is the one explained.
import { z } from 'zod'
import type { Path } from '../diagnostics/types.ts'
import { didYouMean } from '../resources/nearest-name.ts'

export interface Complaint {
  /** From the document's root. */
  path: Path
  message: string
  hint?: string
}

type Issue = z.core.$ZodIssue

/** All complaints about `document` after `schema` refused it. */
export function complaintsOf(issues: readonly Issue[], schema: unknown, document: unknown): Complaint[] {
  return issues.flatMap(issue => complaints(issue, [], schema, document))
}

function complaints(issue: Issue, before: Path, schema: unknown, document: unknown): Complaint[] {
  const path = [...before, ...issue.path.map(part => (typeof part === 'number' ? part : String(part)))]
  const value = at(document, path)
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemaAt(schema, path, document))
    return issue.keys.map(key => unknownField([...path, key], key, known))
  }
  if (issue.code === 'invalid_union') {
    const nearest = nearestForm(issue.errors, value)
    if (nearest !== null) return nearest.flatMap(inner => complaints(inner, path, schema, document))
    const keys = keysOf(schemaAt(schema, path, document))
    const expected = keys.length === 0 ? 'another form' : `one of ${keys.join(', ')}`
    const written = isObject(value) ? Object.keys(value)[0] : undefined
    const near = written === undefined ? null : didYouMean(written, keys)
    return [
      {
        path: written === undefined ? path : [...path, written],
        message: `${textOf(path)}: holds ${shown(value)}, expected ${expected}`,
        ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
      },
    ]
  }
  if (value === undefined && path.length > 0)
    return [{ path: path.slice(0, -1), message: `${textOf(path)} is missing` }]
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String)
    const near = typeof value === 'string' ? didYouMean(value, values) : null
    return [
      {
        path,
        message: `${textOf(path)}: holds ${shown(value)}, expected ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`,
        ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
      },
    ]
  }
  if (issue.code === 'invalid_type')
    return [{ path, message: `${textOf(path)}: holds ${shown(value)}, expected ${issue.expected}` }]
  const told = issue.message.startsWith('is ') ? `${shown(value)} ${issue.message}` : issue.message
  return [{ path, message: `${textOf(path)}: ${told}` }]
}

function unknownField(path: Path, key: string, known: readonly string[]): Complaint {
  const near = didYouMean(key, known)
  const message = `unknown field "${textOf(path)}"`
  if (near !== null) return { path, message, hint: `did you mean "${near}"?` }
  return known.length === 0 ? { path, message } : { path, message, hint: `fields here: ${known.join(', ')}` }
}

/** The issues of the form that fits best; null when none is near: a wrong type, or no key of the form is there. */
function nearestForm(forms: readonly Issue[][], value: unknown): readonly Issue[] | null {
  let best: readonly Issue[] | null = null
  let least = Number.POSITIVE_INFINITY
  for (const form of forms) {
    if (form.some(issue => issue.path.length === 0 && issue.code === 'invalid_type')) continue
    const strange = form.flatMap(issue =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
    )
    const keys = isObject(value) ? Object.keys(value).length : 0
    if (keys > 0 && strange.length === keys) continue
    const weight = 10 * strange.length + form.length
    if (weight >= least) continue
    least = weight
    best = form
  }
  return best
}

/** The schema of the value at a path; a union stays a union until a key tells its forms apart. */
function schemaAt(schema: unknown, path: Path, document: unknown): unknown {
  let inner = unwrapped(schema)
  let value = document
  for (const part of path) {
    inner = unwrapped(childOf(inner, part, value))
    value = at(value, [part])
  }
  return inner
}

function childOf(schema: unknown, part: string | number, value: unknown): unknown {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, unknown>)[String(part)]
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (!(schema instanceof z.ZodUnion)) return undefined
  const forms = schema.options.map(unwrapped)
  const fits = forms.filter(form => childOf(form, part, value) !== undefined)
  return childOf(fits[0], part, value)
}

function keysOf(schema: unknown): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  if (!(schema instanceof z.ZodUnion)) return []
  return [...new Set(schema.options.flatMap(form => keysOf(unwrapped(form))))]
}

function unwrapped(schema: unknown): unknown {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable || inner instanceof z.ZodDefault)
    inner = inner.unwrap()
  return inner
}

function at(document: unknown, path: Path): unknown {
  let value = document
  for (const part of path) value = isObject(value) ? value[String(part)] : undefined
  return value
}

function textOf(path: Path): string {
  if (path.length === 0) return 'the document'
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return `a mapping of ${Object.keys(value).join(', ') || 'nothing'}`
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value))
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
