// TAP version 14: one line an expectation, its diagnosis as YAML below.
import type { Report } from '../report.ts'

export function tapLines(reports: readonly Report[]): string {
  const all = reports.flatMap(report => report.expectations.map(verdict => ({ scenario: report.scenario, verdict })))
  const lines = all.flatMap(({ scenario, verdict }, i) => {
    const { name, ok, expected, seen, window } = verdict
    const line = `${ok ? 'ok' : 'not ok'} ${i + 1} - ${escaped(`${scenario}: ${name}`)}`
    if (ok) return [line]
    const facts = { window, expected, seen }
    const block = Object.entries(facts).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`)
    return [line, '  ---', ...block, '  ...']
  })
  return `${['TAP version 14', `1..${all.length}`, ...lines].join('\n')}\n`
}

const escaped = (text: string): string => text.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ')
