// What the API server says of a value that a CRD's schema refuses, and how to mend it.
// Source: k8s.io/apimachinery pkg/util/validation/field/errors.go and k8s.io/kube-openapi pkg/validation/errors.
import type { z } from 'zod'
import type { Path } from '../diagnostics/types.ts'
import { isObject } from './fields.ts'
import { didYouMean } from './nearest-name.ts'
import { BAD_DURATION, DURATION_RULE } from './schema-checks.ts'

export interface Words {
  message: string
  hint?: string
}

/** `spec.http[0].match`, as the API server writes paths. */
export const pathText = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')

/** The value at a path, undefined when the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let node = root
  for (const part of path) {
    if (Array.isArray(node)) node = node[Number(part)]
    else if (isObject(node)) node = node[String(part)]
    else return undefined
  }
  return node
}

/** JSON schema's names for the types of YAML values. */
function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

const EXPECTED: Readonly<Record<string, string>> = { int: 'integer', int32: 'integer', record: 'object', map: 'object' }

const example: Readonly<Record<string, string>> = {
  array: 'write it as a list: a line for each item, beginning with "- "',
  object: 'write it as a mapping: indented "name: value" lines',
  string: 'write it as text; put quotes around numbers and around true or false',
  integer: 'write it as a whole number, without quotes',
  number: 'write it as a number, without quotes',
  boolean: 'write true or false, without quotes',
}

/** A value as an error quotes it: text in quotes, numbers and booleans bare, the rest by its type. */
function quoted(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return JSON.stringify(typeName(value))
}

function ofType(where: string, expected: string, value: unknown): Words {
  const type = EXPECTED[expected] ?? expected
  const message = `${where}: Invalid value: "${typeName(value)}": ${where} in body must be of type ${type}: "${typeName(value)}"`
  const hint = example[type]
  return hint === undefined ? { message } : { message, hint }
}

function ofEnum(where: string, values: readonly unknown[], value: unknown): Words {
  const names = values.map(String)
  const near = typeof value === 'string' ? didYouMean(value, names) : null
  const supported = names.map(name => JSON.stringify(name)).join(', ')
  return {
    message: `${where}: Unsupported value: ${quoted(value)}: supported values: ${supported}`,
    ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
  }
}

type Bound = z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall

function ofBound(where: string, issue: Bound, value: unknown): Words {
  const big = issue.code === 'too_big'
  const limit = Number(big ? issue.maximum : issue.minimum)
  const invalid = `${where}: Invalid value: ${quoted(value)}: ${where} in body should`
  if (issue.origin === 'string') return { message: `${invalid} be at ${big ? 'most' : 'least'} ${limit} chars long` }
  if (issue.origin === 'array') {
    const count = Array.isArray(value) ? value.length : 0
    if (big) return { message: `${where}: Too many: ${count}: must have at most ${limit} items` }
    return { message: `${where}: Invalid value: ${count}: ${where} in body should have at least ${limit} items` }
  }
  const equal = issue.inclusive === false ? '' : ' or equal to'
  return { message: `${invalid} be ${big ? 'less' : 'greater'} than${equal} ${limit}` }
}

/**
 * The message and, where there is one, the way to mend it.
 * @param where path of the value as text, from the document's root
 * @param value what the document says there; undefined when the field is absent
 */
export function wordsFor(issue: z.core.$ZodIssue, where: string, value: unknown): Words {
  if (value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
    return { message: `${where}: Required value`, hint: `add "${where.split('.').pop()}"` }
  if (issue.code === 'invalid_type') return ofType(where, issue.expected, value)
  if (issue.code === 'invalid_value') return ofEnum(where, issue.values, value)
  if (issue.code === 'too_big' || issue.code === 'too_small') return ofBound(where, issue, value)
  if (issue.code === 'invalid_format' && issue.pattern !== undefined)
    return { message: `${where}: Invalid value: ${quoted(value)}: ${where} in body should match '${issue.pattern}'` }
  if (issue.code === 'custom') {
    const duration = issue.message === DURATION_RULE || issue.message === BAD_DURATION
    const hint = duration ? 'write a number and a unit: "500ms", "5s", "1m30s", "1h"' : undefined
    const message = `${where}: Invalid value: ${quoted(value)}: ${issue.message}`
    return hint === undefined ? { message } : { message, hint }
  }
  return { message: `${where}: Invalid value: ${quoted(value)}: ${issue.message}` }
}
