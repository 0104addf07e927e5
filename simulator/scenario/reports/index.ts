// The outcome of runs in the formats of other tools.
import type { Report } from '../report.ts'
import { junitXml } from './junit.ts'
import { markdownSummary } from './markdown.ts'
import { tapLines } from './tap.ts'

export const REPORT_FORMATS = ['junit', 'markdown', 'tap', 'ndjson'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** The reports as one text in one format. */
export function formatReports(reports: readonly Report[], format: ReportFormat): string {
  if (format === 'junit') return junitXml(reports)
  if (format === 'markdown') return markdownSummary(reports)
  if (format === 'tap') return tapLines(reports)
  return reports.map(report => `${JSON.stringify(report)}\n`).join('')
}
