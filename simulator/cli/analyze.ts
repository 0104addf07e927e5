// `analyze`: what the documents themselves tell, without running them. Findings end in 79, as istioctl's do.
import { printDiagnostics } from '../diagnostics/index.ts'
import type { Diagnostic, Level } from '../diagnostics/types.ts'
import { loadResources, meshConfigFrom } from '../resources/index.ts'
import { validateAll } from '../validation/index.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'
import { readSources, wantsColour } from './files.ts'

export interface AnalyzeFlags {
  filename?: string[]
  output: 'text' | 'json'
  failureThreshold: Level
}

const RANK: Record<Level, number> = { info: 0, warning: 1, error: 2 }

/** Returns the exit code. */
export function analyze(files: readonly string[], flags: AnalyzeFlags): number {
  const names = [...files, ...(flags.filename ?? [])]
  if (names.length === 0) throw new CommandFailure(EXIT.usage, 'give files or directories, or - for stdin')
  const sources = readSources(names)
  const loaded = loadResources(sources)
  const found: Diagnostic[] = [
    ...loaded.diagnostics,
    ...validateAll(loaded.resources),
    ...meshConfigFrom(loaded.resources).diagnostics,
  ]
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else process.stdout.write(printDiagnostics(found, sources, { color: wantsColour(process.stdout) }))
  if (found.length === 0) process.stderr.write(`${loaded.resources.length} resources, nothing to complain of\n`)
  return found.some(d => RANK[d.level] >= RANK[flags.failureThreshold]) ? EXIT.findings : EXIT.good
}
