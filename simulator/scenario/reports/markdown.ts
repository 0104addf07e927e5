// A summary for pull requests: what failed on top, then every expectation and the traffic, folded away.
import { type Report, shortDuration, type TrafficRow } from '../report.ts'

export function markdownSummary(reports: readonly Report[]): string {
  const failed = reports.filter(report => !report.ok)
  const head =
    failed.length === 0
      ? `### ✅ meshsim: ${reports.length} of ${reports.length} scenarios hold`
      : `### ❌ meshsim: ${failed.length} of ${reports.length} scenarios failed`
  const bad = failed.flatMap(report =>
    report.expectations
      .filter(verdict => !verdict.ok)
      .map(
        ({ name, expected, seen }) =>
          `- **${cell(report.scenario)}**, ${cell(name)}: expected ${cell(expected)}, seen ${cell(seen)}`,
      ),
  )
  return `${[head, '', ...bad, ...(bad.length > 0 ? [''] : []), ...reports.flatMap(details)].join('\n')}`
}

function details(report: Report): string[] {
  const good = report.expectations.filter(verdict => verdict.ok).length
  const facts = `${good} of ${report.expectations.length} expectations, seed ${cell(report.seed)}, ${shortDuration(report.duration)}`
  return [
    `<details><summary>${report.ok ? '✅' : '❌'} ${cell(report.scenario)} (${facts})</summary>`,
    '',
    ...table(
      ['', 'Expectation', 'Window', 'Expected', 'Seen'],
      report.expectations.map(v => [v.ok ? '✅' : '❌', v.name, v.window, v.expected, v.seen]),
    ),
    ...table(['From', 'To', 'Requests', 'Errors', 'p50', 'p99'], report.traffic.map(row)),
    `Fingerprint \`${report.fingerprint}\`, model ${cell(report.model)}.`,
    '',
    '</details>',
    '',
  ]
}

const row = ({ source, destination, requests, errors, latency }: TrafficRow): string[] => [
  source,
  destination,
  String(requests),
  String(errors),
  shortDuration(latency.p50),
  shortDuration(latency.p99),
]

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line), '']
}

/** Text that neither ends a cell nor is taken for markup. */
const cell = (text: string): string => text.replace(/[\\|`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ')
