// The built page, read into memory once at the start. A request's path is only ever looked up in this table: no file is
// opened because somebody asked for it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Asset {
  type: string
  body: Buffer
  /** The name carries a hash of the content, so that it never changes. */
  immutable: boolean
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

/** Where the build puts the page, seen from the bundle and from the sources. */
export function builtPage(): string {
  const beside = fileURLToPath(new URL('./web', import.meta.url))
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/web', import.meta.url))
}

/** URL path -> content, for every file below `dir` of a kind that a page needs. */
export function readPage(dir: string): Map<string, Asset> {
  const assets = new Map<string, Asset>()
  if (!existsSync(dir)) return assets
  const walk = (folder: string, path: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) walk(join(folder, entry.name), `${path}${entry.name}/`)
      const type = TYPES[extname(entry.name)]
      if (!entry.isFile() || type === undefined) continue
      const body = readFileSync(join(folder, entry.name))
      assets.set(`${path}${entry.name}`, { type, body, immutable: path.startsWith('/assets/') })
    }
  }
  walk(dir, '/')
  const index = assets.get('/index.html')
  if (index !== undefined) assets.set('/', index)
  return assets
}
