import { describe, expect, test } from 'vitest'
import { exportText, memoryFor, RUN_EXPORTS } from '../../../simulator/cli/exports.ts'
import { ticksOf } from '../../../simulator/export/plot.ts'
import { bareScenario, reportOf, simulationAt } from '../../../simulator/scenario/index.ts'

const files = [
  {
    name: 'mesh.yaml',
    content: ['front', 'back']
      .map(
        name => `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: ${name}, ports: [{containerPort: 80}]}]}}
`,
      )
      .join('---\n'),
  },
]
const scenario = {
  ...bareScenario('<tiny> & "small"', '3s'),
  workloads: [
    { name: 'front', behaviour: { calls: [{ url: 'http://back/b?x=1' }] } },
    { name: 'back', behaviour: { failEvery: { n: 5, status: 503 } } },
  ],
  loads: [
    {
      name: 'users',
      source: 'internet',
      via: 'front.default',
      pattern: { constant: 10 },
      requests: [{ url: 'http://front/a?q=1' }],
    },
  ],
}

function exported(kind: string): string {
  const memory = memoryFor(kind)
  const { simulation, diagnostics } = simulationAt({ scenario, files, recorder: memory }, { at: 3_000_000 })
  return exportText(kind, {
    simulation: simulation!,
    memory,
    traceId: null,
    report: reportOf(simulation!, diagnostics),
  })
}

describe('a run in the forms of other tools', () => {
  test.each(RUN_EXPORTS)('%s is the same for the same run', kind => {
    const text = exported(kind)
    expect(text.length).toBeGreaterThan(10)
    expect(exported(kind)).toBe(text)
  })
  test('every log line of JSON is one, of either side of a call', () => {
    const lines = exported('access-log-json')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(
      lines.filter(line => line.path === '/b?x=1' && line.upstream_cluster.startsWith('inbound|')),
    ).not.toHaveLength(0)
    expect(lines.filter(line => line.response_code === 503).length).toBeGreaterThanOrEqual(8)
    expect(exported('access-log').trimEnd().split('\n')).toHaveLength(lines.length)
  })
  test('spans know their parents and times in nanoseconds', () => {
    const { resourceSpans } = JSON.parse(exported('otlp'))
    const spans = resourceSpans.flatMap((r: { scopeSpans: { spans: object[] }[] }) => r.scopeSpans[0]!.spans)
    const ids = new Set(spans.map((span: { spanId: string }) => span.spanId))
    expect(ids.size).toBe(spans.length)
    expect(spans.every((s: { parentSpanId?: string }) => s.parentSpanId === undefined || ids.has(s.parentSpanId))).toBe(
      true,
    )
    expect(spans.some((s: { parentSpanId?: string }) => s.parentSpanId !== undefined)).toBe(true)
    expect(spans.every((s: { startTimeUnixNano: string }) => /^17672256\d{11}$/.test(s.startTimeUnixNano))).toBe(true)
    expect(spans.filter((s: { status: { code?: number } }) => s.status.code === 2).length).toBeGreaterThan(0)
  })
  test('HAR holds query, status and time in milliseconds', () => {
    const { log } = JSON.parse(exported('har'))
    expect(log.entries.length).toBeGreaterThan(20)
    expect(log.entries[0]).toMatchObject({
      startedDateTime: '2026-01-01T00:00:00.100Z',
      request: { url: 'http://front/a?q=1', queryString: [{ name: 'q', value: '1' }] },
      response: { status: 200 },
    })
  })
  test('a sequence nests the call within the call', () => {
    const lines = exported('sequence')
      .split('\n')
      .map(line => line.trim())
    const at = (part: string): number => lines.findIndex(line => line.includes(part))
    expect(lines[0]).toBe('sequenceDiagram')
    expect([at('GET /a'), at('GET /b'), at('-->>-')]).toEqual(
      [...[at('GET /a'), at('GET /b'), at('-->>-')]].sort((a, b) => a - b),
    )
    expect(lines.filter(line => line.includes('->>+'))).toHaveLength(
      lines.filter(line => line.includes('-->>-')).length,
    )
  })
  test('pages and pictures escape what they show and need nothing from outside', () => {
    const page = exported('html')
    expect(page).toContain('&lt;tiny&gt; &amp; &quot;small&quot;')
    expect(page).not.toMatch(/<script|<tiny|(?:src|href)=/)
    expect(page.match(/<svg/g)).toHaveLength(3)
    expect(exported('svg')).toContain('% errors')
    expect(exported('dot')).toContain('"front" -> "back"')
  })
})

test('ticks are round and enclose the values', () => {
  expect(ticksOf(0, 23)).toEqual([0, 5, 10, 15, 20, 25])
  expect(ticksOf(0.13, 0.31).every((tick, i, all) => i === 0 || tick > all[i - 1]!)).toBe(true)
  expect(ticksOf(5, 5)[0]).toBeLessThanOrEqual(5)
})
