// Reads the house's own sources for the tests that hold its rules.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface SourceText {
  /** Relative to the repository's root, with forward slashes. */
  path: string
  /** First folder below simulator/, or '' outside. */
  room: string
  text: string
  /** Relative imports, resolved to paths like `path`. */
  imports: string[]
}

function walk(dir: string): string[] {
  return readdirSync(dir).flatMap(name => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
}

/** All TypeScript sources below a folder of the repository. */
export function sourcesBelow(folder: string): SourceText[] {
  return walk(join(ROOT, folder))
    .filter(path => path.endsWith('.ts'))
    .map(path => {
      const text = readFileSync(path, 'utf8')
      const name = relative(ROOT, path).replaceAll('\\', '/')
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match =>
        relative(ROOT, resolve(dirname(path), match[1]!)).replaceAll('\\', '/'),
      )
      return { path: name, room: roomOf(name), text, imports }
    })
}

/** `simulator/envoy/router/route.ts` -> `envoy`. */
export function roomOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'simulator' && parts.length > 2 ? parts[1]! : ''
}

/** The text without comments and string contents, so that a rule reads code only. */
export function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
}
