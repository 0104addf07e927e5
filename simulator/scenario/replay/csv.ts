// CSV (RFC 4180) with a line of names: `at` (seconds, a duration or a time), `url` (or `path`), and perhaps `method`, `host`,
// `body`; every other column is a header.
import { parseDuration } from '../../engine/index.ts'
import { type RecordedRequest, type Recording, timeOf } from './types.ts'

const OWN = new Set(['at', 'url', 'path', 'host', 'method', 'body'])

export function readCsv(text: string): Recording {
  const [names, ...rows] = rowsOf(text)
  if (names === undefined) return { wrong: 'is empty' }
  const columns = names.map(name => name.trim().toLowerCase())
  if (!columns.includes('at')) return { wrong: 'line 1 names no column "at"' }
  if (!columns.includes('url') && !columns.includes('path')) return { wrong: 'line 1 names neither "url" nor "path"' }
  const requests: RecordedRequest[] = []
  for (const [i, row] of rows.entries()) {
    const cell = (name: string): string => row[columns.indexOf(name)]?.trim() ?? ''
    const atMs = momentOf(cell('at'))
    if (atMs === null) return { wrong: `line ${i + 2}: "${cell('at')}" is neither seconds, a duration nor a time` }
    const headers: Record<string, string> = {}
    for (const [k, name] of columns.entries())
      if (!OWN.has(name) && (row[k] ?? '') !== '') headers[name] = row[k]!.trim()
    const url = cell('url') || (cell('host') === '' ? '' : `http://${cell('host')}`) + cell('path')
    requests.push({ atMs, method: cell('method') || 'GET', url, headers, body: cell('body') })
  }
  return { requests }
}

function momentOf(text: string): number | null {
  if (text === '') return null
  const seconds = Number(text)
  if (!Number.isNaN(seconds)) return seconds * 1_000
  const us = parseDuration(text)
  return us === null ? timeOf(text) : us / 1_000
}

/** Rows of cells; a cell in quotes may hold commas, line breaks and doubled quotes. Empty lines are left out. */
function rowsOf(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  const endRow = (): void => {
    row.push(cell)
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    cell = ''
  }
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (quoted) {
      if (char !== '"') cell += char
      else if (text[i + 1] === '"') cell += text[i++]
      else quoted = false
    } else if (char === '"' && cell === '') quoted = true
    else if (char === ',') {
      row.push(cell)
      cell = ''
    } else if (char === '\n') endRow()
    else if (char !== '\r') cell += char
  }
  endRow()
  return rows
}
