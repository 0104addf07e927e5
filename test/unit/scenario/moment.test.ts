import { describe, expect, test } from 'vitest'
import {
  bareScenario,
  createSimulation,
  parseMoment,
  simulationAt,
  stateOf,
} from '../../../simulator/scenario/index.ts'
import type { ScenarioSpec } from '../../../simulator/scenario/schema.ts'

const files = [
  {
    name: 'mesh.yaml',
    content: `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, version: v1}}, spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: caller}
spec:
  selector: {matchLabels: {app: caller}}
  template: {metadata: {labels: {app: caller}}, spec: {containers: [{name: caller}]}}
`,
  },
]
const scenario: ScenarioSpec = {
  ...bareScenario('moments', '5s'),
  workloads: [{ name: 'web', behaviour: { failEvery: { n: 7, status: 501 } } }],
  loads: [
    {
      name: 'calls',
      source: 'caller.default',
      pattern: { constant: 10 },
      requests: [{ url: 'http://web/a' }],
      start: '1s',
    },
  ],
}

describe('the text of a moment', () => {
  test('is a time or a count of what is seen', () => {
    expect(parseMoment('12.5s')).toEqual({ at: 12_500_000 })
    expect(parseMoment('nth(3, latency>1s && !(flag==UO))')).toMatchObject({
      nth: 3,
      seen: { all: [{ field: 'latency', operator: '>', number: 1_000_000 }, { not: { field: 'flag', text: 'UO' } }] },
    })
  })
  test.each([
    ['first(statsu==503)', 'did you mean status?'],
    ['first(status=503)', 'equality is written =='],
    ['fist(status==503)', '"fist" is unknown'],
    ['first(status==abc)', '"abc" is no number'],
    ['first(path>3)', 'path is text: it has no >'],
    ['first(status==503) and more', 'nothing may follow'],
    ['first(latency>fast)', 'is no duration such as 250ms'],
    ['nth(0, status==503)', 'nth counts from 1'],
    ['first(status==503', 'expected ")", found the end'],
  ])('%s is refused: %s', (text, why) => {
    expect(parseMoment(text)).toContain(why)
  })
})

describe('a run stopped at a moment', () => {
  const stopped = (text: string) => simulationAt({ scenario, files }, parseMoment(text) as { at: number })

  test('stands after the very event, and goes on to the same end', () => {
    const whole = createSimulation({ scenario, files }).simulation!
    whole.runUntil(5_000_000)
    const { simulation, stop } = stopped('first(status==501 && source==calls)')
    expect(stop).toMatchObject({
      reached: true,
      witness: expect.stringContaining('client calls GET http://web/a -> 501'),
    })
    expect(simulation!.statistics.clients.get('calls -> ')?.statuses.get(501)).toBe(1)
    expect(simulation!.now).toBeLessThan(2_000_000)
    simulation!.runUntil(5_000_000)
    expect(simulation!.fingerprint()).toBe(whole.fingerprint())
  })
  test('nth counts', () => {
    const { simulation } = stopped('nth(3, status==501 && kind==client)')
    expect(simulation!.statistics.clients.get('calls -> ')?.statuses.get(501)).toBe(3)
  })
  test('a moment that never comes is told', () => {
    expect(stopped('first(status==418)').stop).toMatchObject({ reached: false, at: 5_000_000 })
  })
  test('the state names pods and the clusters in use', () => {
    const state = stateOf(stopped('4s').simulation!)
    const caller = state.pods.find(pod => pod.pod === 'caller-0.default')
    expect(caller?.clusters).toMatchObject([
      { cluster: 'outbound|80||web.default.svc.cluster.local', hosts: 1, healthy: 1, active: 0 },
    ])
    expect(caller!.clusters[0]!.requests).toBeGreaterThan(25)
    expect(state.outOfStep).toEqual([])
  })
})
