// Diagnostics for a terminal: `file:line:col: error CODE: message`, the line, a caret below the column, the way to mend it.
import type { Diagnostic } from './types.ts'

export interface PrintOptions {
  color?: boolean
}

const RANK = { error: 0, warning: 1, info: 2 } as const
const COLOUR = { error: '31', warning: '33', info: '36' } as const

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** A sorted copy: by file, line, column, then level, code and message. Those without a position come last. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...diagnostics].sort(
    (left, right) =>
      Number(left.at === null) - Number(right.at === null) ||
      byText(left.at?.file ?? '', right.at?.file ?? '') ||
      (left.at?.line ?? 0) - (right.at?.line ?? 0) ||
      (left.at?.column ?? 0) - (right.at?.column ?? 0) ||
      RANK[left.level] - RANK[right.level] ||
      byText(left.code, right.code) ||
      byText(left.message, right.message),
  )
}

/** Text of all diagnostics, sorted; `sources` give the lines that the carets point into. */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: readonly { name: string; content: string }[] = [],
  options: PrintOptions = {},
): string {
  const lines = new Map<string, string[]>()
  for (const source of sources) lines.set(source.name, source.content.split(/\r?\n/))
  const paint = (code: string, text: string): string => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text)
  const out: string[] = []
  for (const found of sortDiagnostics(diagnostics)) {
    const where = found.at === null ? '' : `${found.at.file}:${found.at.line}:${found.at.column}: `
    const who = found.resource === '' ? '' : ` (${found.resource})`
    out.push(`${where}${paint(COLOUR[found.level], `${found.level} ${found.code}`)}: ${found.message}${who}`)
    const line = found.at === null ? undefined : lines.get(found.at.file)?.[found.at.line - 1]
    if (found.at !== null && line !== undefined) {
      const margin = String(found.at.line)
      const indent = line.slice(0, found.at.column - 1).replace(/[^\t]/g, ' ')
      out.push(`  ${margin} | ${line}`, `  ${' '.repeat(margin.length)} | ${indent}${paint('1', '^')}`)
    }
    if (found.hint !== undefined) out.push(`  help: ${found.hint}`)
    if (found.documentation !== undefined) out.push(`  see: ${found.documentation}`)
  }
  return out.length === 0 ? '' : `${out.join('\n')}\n`
}
