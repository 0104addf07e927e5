import { expect, test } from 'vitest'
import { parseRunFile, printReplay, type RunFile, recordRun, replayRun } from '../../../simulator/scenario/index.ts'

const inputs = {
  scenario: {
    name: 'scenario.yaml',
    content: `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: {name: tiny}
spec:
  title: tiny
  duration: 3s
  workloads: [{name: web, behaviour: {serviceTime: {exponential: 20ms}, errors: {rate: 0.2, status: 500}}}]
  loads: [{name: calls, source: internet, via: web.default, pattern: {poisson: 20}, requests: [{url: 'http://web/'}]}]
`,
  },
  beside: [],
  mesh: [
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
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{containerPort: 80}]}]}}
`,
    },
  ],
}
const record = (seed = '1'): RunFile => recordRun({ inputs, seed }).run!
const travelled = (run: RunFile): RunFile => parseRunFile(JSON.stringify(run)) as RunFile

test('a run file carries all that the run was made of: replayed elsewhere it is the same', () => {
  const run = travelled(record('7'))
  const { replay } = replayRun(run)
  expect(replay).toMatchObject({ same: true, divergence: null, report: { seed: '7', fingerprint: run.fingerprint } })
  expect(run.journal.filter(line => line.includes('client calls')).length).toBeGreaterThan(30)
})

test('where another run went another way, the first difference is named', () => {
  const run = travelled(record())
  const line = run.journal.findIndex(text => text.includes('client calls'))
  const tampered = { ...run, journal: run.journal.map((text, i) => (i === line ? `${text}!` : text)) }
  const { replay } = replayRun(tampered)
  expect(replay).toMatchObject({
    same: false,
    divergence: { seen: { line: line + 1, recorded: `${run.journal[line]}!`, replayed: run.journal[line] } },
  })
})

test('other dice part from the first draw on: the checkpoint before is the last common one', () => {
  const [one, two] = [record('1'), record('2')]
  const { replay } = replayRun({ ...one, seed: '2' })
  const first = one.checkpoints.findIndex(([, , print], i) => print !== two.checkpoints[i]![2])
  expect(replay!.divergence).toMatchObject({
    after: one.checkpoints[first - 1]?.[0] ?? 0,
    until: one.checkpoints[first]![0],
  })
  expect(printReplay(one, replay!)).toContain('first thing seen that differs')
})

test('what is no run file is told', () => {
  expect(parseRunFile('{')).toContain('this is no JSON')
  expect(parseRunFile('{"kind": "Report"}')).toContain('this is no run file: ')
})
