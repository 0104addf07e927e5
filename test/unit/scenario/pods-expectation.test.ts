// The expectation `pods`: ready pods of a workload when its window ends.
import { expect, test } from 'vitest'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'

const MESH = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template: { metadata: { labels: { app: shop } }, spec: { containers: [{ name: app, ports: [{ containerPort: 8080 }] }] } }
`

const SCENARIO = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: t
  duration: 60s
  loads: []
  timeline: [{ at: 10s, scale: { deployment: shop, replicas: 3 } }]
  expectations:
    - { name: two, to: 9s, expect: { pods: { workload: shop, equals: 2 } } }
    - { name: three, from: 10s, expect: { pods: { workload: shop, min: 3, max: 3 } } }
    - { name: four, from: 10s, expect: { pods: { workload: shop, min: 4 } } }
    - { name: elsewhere, expect: { pods: { workload: shop, namespace: other, equals: 0 } } }
`

test('pods are counted at the end of the window', () => {
  const { scenario, diagnostics } = loadScenario({ name: 'scenario.yaml', content: SCENARIO }, [])
  expect(diagnostics).toEqual([])
  const { simulation } = createSimulation({ scenario: scenario!, files: [{ name: 'm', content: MESH }] })
  simulation!.runUntil(60_000_000)
  const verdicts = simulation!.verdicts()
  expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, false, true])
  expect(verdicts[2]).toMatchObject({ expected: 'ready pods of shop >= 4', seen: '3' })
})
