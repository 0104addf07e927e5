// zod's issues as diagnostics: unknown field with the nearest known name, wrong type, broken rule.
import { z } from 'zod'
import type { Diagnostic, Path } from '../diagnostics/types.ts'
import { didYouMean } from './nearest-name.ts'
import { pathText, valueAt, wordsFor } from './schema-words.ts'

function fieldsAt(schema: unknown, path: Path): string[] {
  let inner: unknown = schema
  const unwrap = (): void => {
    while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap()
  }
  unwrap()
  for (const part of path) {
    if (inner instanceof z.ZodObject) {
      const shape: Readonly<Record<string, unknown>> = inner.shape
      inner = shape[String(part)]
    } else if (inner instanceof z.ZodArray) inner = inner.element
    else if (inner instanceof z.ZodRecord) inner = inner.valueType
    unwrap()
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

/** A resource with more mistakes than this is another thing than it says, and nobody reads on. */
const MOST = 100

/**
 * `prefix` leads from the document's root to the value that was checked (['spec'], or [] for kinds without a spec).
 * @param input the value that was checked
 */
export function schemaDiagnostics(
  issues: readonly z.core.$ZodIssue[],
  schema: unknown,
  input: unknown,
  prefix: Path,
  resource: string,
): Omit<Diagnostic, 'at'>[] {
  const found: Omit<Diagnostic, 'at'>[] = []
  let more = 0
  for (const issue of issues) {
    if (found.length >= MOST) {
      more += issue.code === 'unrecognized_keys' ? issue.keys.length : 1
      continue
    }
    const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
    const full = [...prefix, ...path]
    if (issue.code === 'unrecognized_keys') {
      const known = fieldsAt(schema, path)
      const room = MOST - found.length
      more += Math.max(0, issue.keys.length - room)
      for (const key of issue.keys.slice(0, room)) {
        const near = didYouMean(key, known)
        found.push({
          code: 'SIM0202',
          level: 'error',
          message: `unknown field "${pathText([...full, key])}"`,
          resource,
          path: [...full, key],
          ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
        })
      }
    } else {
      found.push({
        code: 'SIM0203',
        level: 'error',
        resource,
        path: full,
        ...wordsFor(issue, pathText(full), valueAt(input, issue.path)),
      })
    }
  }
  if (more > 0) {
    const message = `${more} more mistakes of this kind in the same resource are not shown`
    found.push({ code: 'SIM0203', level: 'error', message, resource, path: [...prefix] })
  }
  return found
}
