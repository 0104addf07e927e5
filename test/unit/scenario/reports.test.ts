// Formats of other tools, from reports made by hand; the estimate against figures known by heart.
import { describe, expect, test } from 'vitest'
import { formatReports, type Report, studyOf } from '../../../simulator/scenario/index.ts'
import { estimate } from '../../../simulator/scenario/seeds.ts'

const report = (seed: string, ok: boolean): Report => ({
  apiVersion: 'meshsim.io/v1alpha1',
  kind: 'Report',
  version: '0',
  model: 'm',
  scenario: 'canary',
  title: 't',
  seed,
  duration: 1_500_000,
  fingerprint: 'abc',
  events: 1,
  ok,
  expectations: [
    { requests: null, name: 'fine', ok: true, window: '0s..1s', expected: 'a', seen: 'a' },
    { requests: null, name: 'p99 <5 "ms" & \u0001', ok, window: '0s..1s', expected: 'x|y', seen: '# 7' },
  ],
  traffic: [],
  clients: [],
  marks: [],
  pushes: { sent: 0, rejected: 0 },
  undescribed: [],
  diagnostics: [],
})

describe('a report', () => {
  test('as JUnit XML escapes what XML would take for its own', () => {
    const xml = formatReports([report('1', false)], 'junit')
    expect(xml).toContain('<testsuites name="meshsim" tests="2" failures="1">')
    expect(xml).toContain('name="p99 &lt;5 &quot;ms&quot; &amp; \ufffd">')
    expect(xml).toContain('<failure message="expected x|y, seen # 7">')
    expect(xml).toContain('time="1.500000"')
  })
  test('as Markdown names what failed first and breaks no table', () => {
    const text = formatReports([report('1', false), report('2', true)], 'markdown')
    expect(text.split('\n')[0]).toBe('### ❌ meshsim: 1 of 2 scenarios failed')
    expect(text).toContain('expected x\\|y, seen # 7')
    expect(formatReports([report('1', true)], 'markdown')).toContain('1 of 1 scenarios hold')
  })
  test('as TAP counts and escapes', () => {
    const lines = formatReports([report('1', false)], 'tap').split('\n')
    expect(lines.slice(0, 3)).toEqual(['TAP version 14', '1..2', 'ok 1 - canary: fine'])
    expect(lines[3]).toMatch(/^not ok 2 - canary: p99/)
    expect(lines).toContain('  seen: "# 7"')
  })
  test('as NDJSON is one line each', () => {
    const lines = formatReports([report('1', true), report('2', true)], 'ndjson')
      .trimEnd()
      .split('\n')
    expect(lines.map(line => JSON.parse(line).seed)).toEqual(['1', '2'])
  })
})

describe('a study over seeds', () => {
  test('names the seeds that failed', () => {
    const study = studyOf([report('1', true), report('2', false)])
    expect(study).toMatchObject({ ok: false, seeds: ['1', '2'] })
    expect(study.expectations[1]).toEqual({ name: 'p99 <5 "ms" & \u0001', held: 1, failedSeeds: ['2'] })
  })
  test("has Student's margin", () => {
    const { mean, margin } = estimate([1, 2, 3, 4, 5])
    expect(mean).toBe(3)
    // s = sqrt(2.5), t(0.975; 4) = 2.776.
    expect(margin).toBeCloseTo((2.776 * Math.sqrt(2.5)) / Math.sqrt(5), 9)
    expect(estimate([7]).margin).toBe(0)
  })
})
