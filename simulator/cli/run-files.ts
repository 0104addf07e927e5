// Run files on disk: JSON, packed by gzip when the name ends in .gz.
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { SourceFile } from '../resources/types.ts'
import { parseRunFile, type RunFile, type RunInputs } from '../scenario/index.ts'
import { CommandFailure, EXIT } from './exit-codes.ts'

const GZIP = /\.gz$/

export function writeRunFile(path: string, run: RunFile): void {
  const text = `${JSON.stringify(run, null, 1)}\n`
  try {
    writeFileSync(path, GZIP.test(path) ? gzipSync(text) : text)
  } catch (error) {
    throw new CommandFailure(EXIT.other, `${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

export function readRunFile(path: string): RunFile {
  const run = parseRunFile(readPacked(path))
  if (typeof run !== 'string') return run
  throw new CommandFailure(EXIT.inputData, `${path}: ${run}; meshsim run SCENARIO --record FILE writes one`)
}

function readPacked(path: string): string {
  try {
    const bytes = readFileSync(path)
    return (GZIP.test(path) ? gunzipSync(bytes) : bytes).toString('utf8')
  } catch (error) {
    throw new CommandFailure(EXIT.inputData, `${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A run's inputs by name: of what lies beside scenario.yaml only the files that it names travel along. */
export function runInputs(folder: {
  file: SourceFile | null
  beside: readonly SourceFile[]
  files: readonly SourceFile[]
}): RunInputs {
  const text = folder.file?.content ?? ''
  const named = ({ name }: SourceFile): boolean => text.includes(name.slice(name.lastIndexOf('/') + 1))
  return { scenario: folder.file, beside: folder.beside.filter(named), mesh: [...folder.files] }
}
