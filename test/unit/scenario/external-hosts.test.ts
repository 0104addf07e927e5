// Hosts outside of the cluster: what may be written of them, and that they answer by their names.
import { expect, test } from 'vitest'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'

const scenario = (hosts: string) => `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: outside }
spec:
  title: outside
  duration: 5s
  externalHosts:
${hosts}
  loads:
    - name: client
      source: curl.default
      pattern: { constant: 10 }
      count: 10
      requests: [{ url: 'http://api.example.com/' }]
  expectations:
    - name: teapot
      expect: { always: { of: { load: client }, is: { status: 418 } } }
`
const HOST = '    - { name: api, hosts: [api.example.com], ports: [80], behaviour: { status: 418 } }'
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: { name: curl }\nspec: { containers: [{ name: app }] }\n'

test('an external host answers by its name', () => {
  const loaded = loadScenario({ name: 'scenario.yaml', content: scenario(HOST) })
  expect(loaded.diagnostics).toEqual([])
  const { simulation, diagnostics } = createSimulation({
    scenario: loaded.scenario!,
    files: [{ name: 'pod.yaml', content: POD }],
  })
  expect(diagnostics.filter(d => d.level === 'error')).toEqual([])
  simulation!.runUntil(simulation!.duration)
  expect(simulation!.verdicts().map(verdict => verdict.ok)).toEqual([true])
})

test('two hosts of one name are told where they stand', () => {
  const { diagnostics } = loadScenario({ name: 'scenario.yaml', content: scenario(`${HOST}\n${HOST}`) })
  expect(diagnostics.map(d => `${d.at?.line} ${d.message}`)).toEqual([
    expect.stringMatching(/^9 .*two external hosts named api$/),
    expect.stringMatching(/^9 .*two external hosts named api.example.com$/),
  ])
})
