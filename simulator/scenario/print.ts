// A report as text that a person likes to read: verdicts first, then who talked to whom, then what the mesh did.
import type { Report, Share, TrafficRow } from './report.ts'
import { shortDuration } from './report.ts'

export interface PrintReportOptions {
  color?: boolean
}

const GREEN = '32'
const RED = '31'
const FAINT = '2'
const BOLD = '1'

export function printReport(report: Report, options: PrintReportOptions = {}): string {
  const paint = (code: string, text: string): string =>
    options.color === true ? `\u001b[${code}m${text}\u001b[0m` : text
  const out: string[] = []
  out.push(paint(BOLD, report.title))
  const facts = `${report.scenario} · seed ${report.seed} · ${shortDuration(report.duration)} of virtual time · ${report.model}`
  out.push(paint(FAINT, facts), '')
  if (report.expectations.length > 0) {
    out.push(paint(BOLD, 'Expectations'))
    const names = table(report.expectations.map(v => [v.name, v.window, v.expected, v.seen]))
    for (const [i, verdict] of report.expectations.entries()) {
      const mark = verdict.ok ? paint(GREEN, '✓') : paint(RED, '✗')
      out.push(`  ${mark} ${names[i]}`)
    }
    out.push('')
  }
  if (report.traffic.length > 0) {
    out.push(paint(BOLD, 'Traffic'))
    const head = ['FROM', 'TO', 'REQUESTS', 'ERRORS', 'P50', 'P99', 'VERSIONS', 'STATUSES', 'FLAGS']
    const lines = table([head, ...report.traffic.map(cells)], new Set([2, 3, 4, 5]))
    out.push(...lines.map((line, i) => `  ${i === 0 ? paint(FAINT, line) : line}`), '')
  }
  if (report.clients.length > 0) {
    out.push(paint(BOLD, 'Clients'))
    const head = ['LOAD', 'REQUESTS', 'ERRORS', 'P50', 'P90', 'P99', 'MAX', 'STATUSES']
    const rows = report.clients.map(row => [
      row.source,
      String(row.requests),
      errors(row),
      shortDuration(row.latency.p50),
      shortDuration(row.latency.p90),
      shortDuration(row.latency.p99),
      shortDuration(row.latency.max),
      counts(row.statuses),
    ])
    const lines = table([head, ...rows], new Set([1, 2, 3, 4, 5, 6]))
    out.push(...lines.map((line, i) => `  ${i === 0 ? paint(FAINT, line) : line}`), '')
  }
  if (report.marks.length > 0) {
    out.push(paint(BOLD, 'Timeline'))
    const lines = table(
      report.marks.map(mark => [shortDuration(mark.at), mark.what]),
      new Set([0]),
    )
    out.push(...lines.map(line => `  ${line}`), '')
  }
  const rejected = report.pushes.rejected === 0 ? '' : `, ${report.pushes.rejected} rejected`
  out.push(`Pushes ${report.pushes.sent}${rejected} · events ${report.events} · fingerprint ${report.fingerprint}`)
  if (report.undescribed.length > 0)
    out.push(`Nobody described ${report.undescribed.join(', ')}: they answer 200 with their name at once.`)
  const failed = report.expectations.filter(verdict => !verdict.ok).length
  if (report.expectations.length > 0) {
    const all = report.expectations.length
    out.push(
      failed === 0
        ? paint(GREEN, `✓ all ${all} expectations hold`)
        : paint(RED, `✗ ${failed} of ${all} expectations failed`),
    )
  }
  return `${out.join('\n')}\n`
}

function cells(row: TrafficRow): string[] {
  return [
    row.source,
    row.destination,
    String(row.requests),
    errors(row),
    shortDuration(row.latency.p50),
    shortDuration(row.latency.p99),
    shares(row.versions, row.requests),
    counts(row.statuses),
    counts(row.flags),
  ]
}

function errors(row: TrafficRow): string {
  return row.errors === 0 ? '-' : `${((100 * row.errors) / row.requests).toFixed(2)}%`
}

/** `v1 80.1% v3 19.9%`; requests that reached nobody stand under `-`. */
function shares(versions: readonly Share[], requests: number): string {
  if (versions.every(share => share.name === '')) return '-'
  return versions.map(({ name, count }) => `${name || '-'} ${((100 * count) / requests).toFixed(1)}%`).join('  ')
}

function counts(of: readonly Share[]): string {
  return of.length === 0 ? '-' : of.map(({ name, count }) => `${name}×${count}`).join(' ')
}

/** Columns padded to their widest cell, two spaces between; those of `right` are set flush right. */
function table(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const widths: number[] = []
  for (const cellsOfRow of rows)
    for (const [i, cell] of cellsOfRow.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows.map(row =>
    row
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}
