// A small mesh with one service, and events that change it while requests come.
import { describe, expect, test } from 'vitest'
import { createSimulation, loadScenario, reportOf } from '../../../simulator/scenario/index.ts'
import { mergePatch } from '../../../simulator/scenario/timeline/merge-patch.ts'

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: a }
spec:
  selector: { matchLabels: { app: a } }
  template: { metadata: { labels: { app: a, version: v1 } }, spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: c }
spec:
  selector: { matchLabels: { app: c } }
  template: { metadata: { labels: { app: c } }, spec: { containers: [{ name: c }] } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec: { hosts: [a], http: [{ route: [{ destination: { host: a } }] }] }
`

function run(timeline: string, expectations = '') {
  const content = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: t
  duration: 10s
  loads:
    - { name: caller, source: c.default, pattern: { constant: 10 }, requests: [{ url: 'http://a/' }] }
  timeline:
${timeline}
${expectations}`
  const { scenario, diagnostics } = loadScenario({ name: 'scenario.yaml', content })
  expect(diagnostics).toEqual([])
  const made = createSimulation({ scenario: scenario!, files: [{ name: 'mesh.yaml', content: MESH }] })
  made.simulation?.runUntil(10_000_000)
  return {
    diagnostics: made.diagnostics.filter(d => d.level === 'error'),
    report: made.simulation === null ? null : reportOf(made.simulation, []),
  }
}

const statuses = (result: ReturnType<typeof run>) =>
  Object.fromEntries(result.report!.clients[0]!.statuses.map(({ name, count }) => [name, count]))

describe('an event', () => {
  test('patches an object as it is at that moment', () => {
    const abort = `    - at: 5s
      patch:
        kind: VirtualService
        name: a
        merge: { spec: { http: [{ fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }, route: [{ destination: { host: a } }] }] } }
`
    const result = run(abort)
    expect(result.report?.marks[0]?.what).toBe('patch VirtualService a')
    expect(statuses(result)).toEqual({ 200: 51, 418: 48 })
  })
  test('patches labels and annotations alone, and kinds without a spec', () => {
    const result = run(`    - at: 5s
      patch: { kind: VirtualService, name: a, merge: { metadata: { annotations: { note: x } } } }
    - at: 6s
      patch: { kind: ConfigMap, name: c, merge: { data: { more: x } } }
      apply: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: c }
        data: { some: text }
`)
    expect(result.diagnostics).toEqual([])
    expect(result.report?.marks.map(({ what }) => what).filter(what => what.includes('refused'))).toEqual([])
    expect(statuses(result)).toEqual({ 200: 99 })
  })
  test('that patches into something invalid is found before the run', () => {
    const { diagnostics } = run(`    - at: 5s
      patch: { kind: VirtualService, name: a, merge: { spec: { hosts: 3 } } }
`)
    expect(diagnostics[0]?.message).toContain('spec.hosts')
  })
  test('lets a workload behave anew', () => {
    const result = run(`    - at: 5s
      behave: { workload: a, behaviour: { status: 500 } }
`)
    expect(statuses(result)).toEqual({ 200: 49, 500: 50 })
  })
  test('happens when a condition holds for the first time, and only then', () => {
    const result = run(`    - at: 2s
      behave: { workload: a, behaviour: { status: 500 } }
    - when: { seen: { of: { load: caller }, is: { status: 500 }, times: 3 } }
      after: 1s
      behave: { workload: a, behaviour: {} }
    - when: { seen: { of: { load: caller }, is: { status: 404 } } }
      kill: [a-0.default]
`)
    expect(statuses(result)).toEqual({ 200: 86, 500: 13 })
    expect(result.report?.marks.map(mark => mark.what)).toEqual([
      'a behaves anew',
      'caller: status 500 3 times: holds',
      'a behaves anew',
    ])
  })
  test('may wait for an error rate', () => {
    const result = run(`    - at: 2s
      behave: { workload: a, behaviour: { status: 503 } }
    - when: { errorRate: { of: { load: caller }, above: 0.5, over: 2s, atLeast: 10 } }
      behave: { workload: a, behaviour: {} }
`)
    // Half of the twenty requests of two seconds, and one more, and the one whose event comes first.
    expect(result.report?.marks[1]?.at).toBeGreaterThan(2_900_000)
    expect(result.report?.marks[1]?.at).toBeLessThan(3_200_000)
  })
})

test('what a proxy holds, and what it writes, can be expected', () => {
  const { report } = run(
    '    - { at: 1s, note: nothing }',
    `  expectations:
    - name: knows a
      expect: { configuration: { proxy: c, part: clusters, has: [outbound|80||a.default.svc.cluster.local], lacks: [nobody] } }
    - { name: logs, expect: { log: { proxy: c, matches: '"GET / HTTP/1.1" 200 - via_upstream', min: 90 } } }
    - { name: no such line, expect: { log: { proxy: c, matches: teapot } } }
    - { name: matrix, expect: { matrix: { calls: { c: { a: 200 } } } } }
`,
  )
  expect(report?.expectations.map(verdict => verdict.ok)).toEqual([true, true, false, true])
})

test('a merge patch merges objects, removes by null and replaces all else', () => {
  expect(mergePatch({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null, e: 3 }, d: [2] })).toEqual({
    a: { c: 2, e: 3 },
    d: [2],
  })
})
