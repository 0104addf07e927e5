// The access matrix as tables: for terminals, spreadsheets and pull requests.
import type { AccessCell, AccessMatrix } from './matrix.ts'

const HEADER = ['SOURCE', 'DESTINATION', 'OUTCOME', 'STATUS', 'OVER', 'DECIDED BY', 'LINE']

const row = (cell: AccessCell): string[] => [
  cell.source,
  cell.destination,
  cell.outcome,
  cell.protocol === 'tcp' ? (cell.status === 0 ? 'closed' : 'open') : String(cell.status),
  cell.over || '-',
  cell.decidedBy || '-',
  cell.place || '-',
]

/** One cell that differs between two matrices; null: that pair is not there. */
export interface AccessChange {
  before: AccessCell | null
  after: AccessCell | null
}

const keyOf = ({ source, destination }: AccessCell): string => `${source} ${destination}`

/** The pairs whose outcome, transport or deciding rule differs, in the order of `before`, new pairs after. */
export function accessChanges(before: AccessMatrix, after: AccessMatrix): AccessChange[] {
  const later = new Map(after.cells.map(cell => [keyOf(cell), cell]))
  const earlier = new Set(before.cells.map(keyOf))
  const pairs: AccessChange[] = [
    ...before.cells.map(cell => ({ before: cell, after: later.get(keyOf(cell)) ?? null })),
    ...after.cells.filter(cell => !earlier.has(keyOf(cell))).map(cell => ({ before: null, after: cell })),
  ]
  const same = (a: AccessCell, b: AccessCell): boolean =>
    a.outcome === b.outcome && a.status === b.status && a.over === b.over && a.decidedBy === b.decidedBy
  return pairs.filter(({ before: a, after: b }) => a === null || b === null || !same(a, b))
}

/** Header and rows, ready for a table. */
export const matrixTable = (cells: readonly AccessCell[]): string[][] => [HEADER, ...cells.map(row)]

const inShort = (cell: AccessCell | null): string => {
  if (cell === null) return 'not there'
  const [, , outcome, status, over] = row(cell)
  return cell.outcome === 'allowed' ? `${outcome}, ${over}` : `${outcome} (${status})`
}

/** Header and rows of what changed. */
export const changesTable = (changes: readonly AccessChange[]): string[][] => [
  ['SOURCE', 'DESTINATION', 'BEFORE', 'AFTER', 'DECIDED BY', 'LINE'],
  ...changes.map(({ before, after }) => {
    const cell = after ?? before
    const decides = after !== null && (after.decidedBy !== '' || before === null) ? after : before
    return [
      cell?.source ?? '',
      cell?.destination ?? '',
      inShort(before),
      inShort(after),
      decides?.decidedBy || '-',
      decides?.place || '-',
    ]
  }),
]

export const markdownTable = ([header = [], ...rows]: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('')
}

/** RFC 4180: quotes where a comma, quote or line break asks for them. */
export const csvTable = (rows: readonly (readonly string[])[]): string =>
  rows
    .map(cells => cells.map(cell => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(','))
    .map(line => `${line}\n`)
    .join('')
