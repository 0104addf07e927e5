// zod's issues as diagnostics: unknown field with the nearest known name, wrong type, broken rule.
import { z } from 'zod'
import type { Diagnostic, Path } from '../diagnostics/types.ts'

/** Edits (insert, delete, replace) between two short words. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_item, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row[right.length] ?? 0
}

/** The known name that a misspelt one most likely stands for, or null. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const name of known) {
    const edits = distance(word.slice(0, 64).toLowerCase(), name.toLowerCase())
    if (edits < least) {
      least = edits
      best = name
    }
  }
  return best
}

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

const textOf = (path: Path): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')

/** `prefix` leads from the document's root to the value that was checked (['spec'], or [] for kinds without a spec). */
export function schemaDiagnostics(
  issues: readonly z.core.$ZodIssue[],
  schema: unknown,
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
          message: `unknown field "${textOf([...full, key])}"`,
          resource,
          path: [...full, key],
          ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
        })
      }
    } else {
      found.push({
        code: 'SIM0203',
        level: 'error',
        message: `${textOf(full)}: ${issue.message}`,
        resource,
        path: full,
      })
    }
  }
  if (more > 0) {
    const message = `${more} more mistakes of this kind in the same resource are not shown`
    found.push({ code: 'SIM0203', level: 'error', message, resource, path: [...prefix] })
  }
  return found
}
