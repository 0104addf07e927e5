import { describe, expect, test } from 'vitest'
import { loadScenario } from '../../../simulator/scenario/load-scenario.ts'

const scenario = (spec: string) => ({
  name: 'scenario.yaml',
  content: `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: t
  duration: 10s
${spec}`,
})

const LOAD = `  loads:
    - name: readers
      source: internet
      pattern: { poisson: 5 }
      requests: [{ url: 'http://a/' }]
`

const complaints = (spec: string) =>
  loadScenario(scenario(spec)).diagnostics.map(d => `${d.at?.line}:${d.at?.column} ${d.message}`)

describe('a scenario file', () => {
  test('that is sound is read', () => {
    const { scenario: read, diagnostics } = loadScenario(scenario(LOAD))
    expect(diagnostics).toEqual([])
    expect(read).toMatchObject({ name: 't', title: 't', duration: '10s' })
  })
  test('tells an unknown field its line and the nearest known one', () => {
    const { diagnostics } = loadScenario(scenario('  seeed: 1\n'))
    expect(diagnostics[0]).toMatchObject({ at: { line: 7, column: 3 }, hint: 'did you mean "seed"?' })
  })
  test('wants durations that are durations', () => {
    expect(complaints('  timeline: [{ at: soon, note: x }]\n')[0]).toContain('is no duration')
  })
  test('refuses two loads of one name', () => {
    expect(complaints(LOAD + LOAD.slice(9)).join()).toContain('two loads named readers')
  })
  test('refuses events after the end, empty windows and unknown loads', () => {
    const spec = `${LOAD}  timeline: [{ at: 11s, note: late }]
  expectations:
    - { name: a, from: 5s, to: 5s, expect: { errorRate: { of: { load: readers }, max: 0 } } }
    - { name: b, expect: { errorRate: { of: { load: raeders }, max: 0 } } }
`
    const all = complaints(spec).join('\n')
    expect(all).toContain("lies beyond the run's end")
    expect(all).toContain('the window is empty')
    expect(all).toContain('no load named raeders')
  })
  test('reads a file beside it that an event applies', () => {
    const file = scenario('  timeline: [{ at: 1s, applyFile: step.yaml }]\n')
    expect(loadScenario(file).diagnostics[0]?.message).toContain('there is no file step.yaml')
    const { scenario: read } = loadScenario(file, [{ name: 'step.yaml', content: 'kind: X' }])
    expect(read?.timeline?.[0]?.apply).toBe('kind: X')
  })
  test('that is no YAML at all ends in a diagnostic', () => {
    const { scenario: read, diagnostics } = loadScenario({ name: 's', content: 'a: [' })
    expect(read).toBeNull()
    expect(diagnostics.length).toBeGreaterThan(0)
  })
})
