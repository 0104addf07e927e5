// A run as one HTML page that needs nothing else: verdicts, plots over time, the graph of traffic, tables. No script, no
// address of anything outside.
import { escapeXml, linePlot, trafficSvg } from '../../export/index.ts'
import type { Edge } from '../../observation/index.ts'
import type { Report, TrafficRow } from '../report.ts'
import { shortDuration } from '../report.ts'

export interface HtmlParts {
  report: Report
  /** Who called whom, with the last seconds of each. */
  edges: readonly Edge[]
  /** What the clients saw, likewise. */
  clients: readonly Edge[]
}

const STYLE = `:root{color-scheme:light dark;--line:#d0d7de;--good:#1a7f37;--bad:#c0392b}
@media(prefers-color-scheme:dark){:root{--line:#30363d;--good:#3fb950;--bad:#ff7b72}}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}.facts{opacity:.75}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right}.good{color:var(--good)}.bad{color:var(--bad)}svg{max-width:100%;height:auto}.wide{overflow-x:auto}`

export function htmlReport({ report, edges, clients }: HtmlParts): string {
  const { title, scenario, seed, duration, model, version, fingerprint, events } = report
  const facts = `${scenario} · seed ${seed} · ${shortDuration(duration)} of virtual time · ${model} · meshsim ${version}`
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escapeXml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeXml(title)}</h1><p class="facts">${escapeXml(facts)}</p>`,
    verdicts(report),
    ...(clients.length === 0 ? [] : ['<h2>Over time</h2>', ratePlot(clients), errorPlot(clients)]),
    ...(edges.length === 0
      ? []
      : ['<h2>Who calls whom</h2>', `<div class="wide">${trafficSvg(edges, duration / 1_000_000)}</div>`]),
    trafficTable('Traffic', report.traffic),
    trafficTable('Clients', report.clients),
    listOf(
      'Timeline',
      report.marks.map(({ at, what }) => `${shortDuration(at)}: ${what}`),
    ),
    listOf(
      'Diagnostics',
      report.diagnostics.map(({ level, code, message, at }) => `${at} ${level} ${code}: ${message}`),
    ),
    `<p class="facts">${events} events, fingerprint ${fingerprint}</p></body></html>`,
    '',
  ].join('\n')
}

function verdicts({ expectations, ok }: Report): string {
  if (expectations.length === 0) return ''
  const rows = expectations.map(
    verdict =>
      `<tr><td class="${verdict.ok ? 'good">✓' : 'bad">✗'}</td>${[
        verdict.name,
        verdict.window,
        verdict.expected,
        verdict.seen,
      ]
        .map(text => `<td>${escapeXml(text)}</td>`)
        .join('')}</tr>`,
  )
  const head = ok ? '<span class="good">all expectations hold</span>' : '<span class="bad">not as expected</span>'
  return `<h2>Expectations: ${head}</h2><table><tr><th></th><th>name</th><th>window</th><th>expected</th><th>seen</th></tr>${rows.join('')}</table>`
}

function ratePlot(clients: readonly Edge[]): string {
  const lines = clients.map(({ source, seconds }) => ({
    name: source,
    points: seconds.map(({ second, requests }) => ({ x: second, y: requests })),
  }))
  return linePlot({ title: 'Answers per second', xLabel: 'virtual time, s', yLabel: 'requests per second', lines })
}

function errorPlot(clients: readonly Edge[]): string {
  const lines = clients.map(({ source, seconds }) => ({
    name: source,
    points: seconds.map(({ second, requests, errors }) => ({ x: second, y: (100 * errors) / requests })),
  }))
  return linePlot({ title: 'Errors', xLabel: 'virtual time, s', yLabel: '% of requests', lines })
}

function trafficTable(title: string, rows: readonly TrafficRow[]): string {
  if (rows.length === 0) return ''
  const counts = (shares: TrafficRow['flags']): string =>
    shares.map(({ name, count }) => `${name || '(none)'}×${count}`).join(' ')
  const body = rows.map(row => {
    const share = row.requests === 0 ? 0 : (100 * row.errors) / row.requests
    const { p50, p99, max } = row.latency
    const numbers = [String(row.requests), `${share.toFixed(2)} %`, ...[p50, p99, max].map(us => shortDuration(us))]
    const words = [counts(row.versions), counts(row.statuses), counts(row.flags)]
    return `<tr>${[row.source, row.destination].map(cell).join('')}${numbers.map(n => `<td class="n">${n}</td>`).join('')}${words.map(cell).join('')}</tr>`
  })
  const head = ['requests', 'errors', 'p50', 'p99', 'max'].map(name => `<th class="n">${name}</th>`).join('')
  return `<h2>${title}</h2><div class="wide"><table><tr><th>from</th><th>to</th>${head}<th>versions</th><th>statuses</th><th>flags</th></tr>${body.join('')}</table></div>`
}

const cell = (text: string): string => `<td>${escapeXml(text)}</td>`

function listOf(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `<h2>${title}</h2><ul>${lines.map(line => `<li>${escapeXml(line)}</li>`).join('')}</ul>`
}
