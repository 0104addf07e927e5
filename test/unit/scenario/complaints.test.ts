// Wrong scenario files, each with the place and the way to mend it.
import { expect, test } from 'vitest'
import { loadScenario } from '../../../simulator/scenario/index.ts'

const HEAD = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: t
  duration: 10s
`
const LOAD = `  loads:
    - name: readers
      source: internet
      pattern: { poisson: 5 }
      requests: [{ url: 'http://a/' }]
`

function complaint(text: string) {
  const { scenario, diagnostics } = loadScenario({ name: 's.yaml', content: text })
  expect(scenario).toBeNull()
  const [first] = diagnostics
  return `${first?.at?.line}:${first?.at?.column} ${first?.message}${first?.hint === undefined ? '' : ` | ${first.hint}`}`
}

test.each([
  [
    'a field of the top',
    'durration: 1s\n',
    '7:1 unknown field "durration" | fields here: apiVersion, kind, metadata, spec',
  ],
  ['a missing field', '', '4:1 spec.duration is missing', HEAD.replace('  duration: 10s\n', '')],
  [
    'a wrong version',
    '',
    '1:1 apiVersion: holds "meshsim.io/v1", expected meshsim.io/v1alpha1',
    HEAD.replace('v1alpha1', 'v1'),
  ],
  ['a wrong type', '  timeline: 3\n', '7:3 spec.timeline: holds 3, expected array'],
  [
    'a value of a list of words',
    LOAD.replace('pattern:', 'protocol: HTTP/11\n      pattern:'),
    '10:7 spec.loads[0].protocol: holds "HTTP/11", expected one of HTTP/1.1, HTTP/2 | did you mean "HTTP/1.1"?',
  ],
  [
    'a form that is none',
    LOAD.replace('poisson: 5', 'poison: 5'),
    '10:18 spec.loads[0].pattern: holds a mapping of poison, expected one of poisson, constant, stages, startRate, rampTo, steps, recorded, speed, connections, qps, users, think, rampUp | did you mean "poisson"?',
  ],
  [
    'a field of a form',
    LOAD.replace('{ poisson: 5 }', '{ users: 5, thinks: 1s }'),
    '10:28 unknown field "spec.loads[0].pattern.thinks" | did you mean "think"?',
  ],
  [
    'a value within a form',
    LOAD.replace('poisson: 5', 'poisson: -5'),
    '10:18 spec.loads[0].pattern.poisson: Too small: expected number to be >=0',
  ],
  [
    'a distribution that falls',
    '  workloads: [{ name: a, behaviour: { serviceTime: { uniform: [2ms, 1ms] } } }]\n',
    '7:39 spec.workloads[0].behaviour.serviceTime: uniform: the first bound exceeds the second',
  ],
  ['an unknown kind of event', '  timeline: [{ at: 1s, scal: {} }]\n', '7:24 unknown field "spec.timeline[0].scal"'],
  ['an event without a time', '  timeline: [{ note: x }]\n', '7:14 an event needs either `at` or `when`'],
  [
    'an unknown kind of expectation',
    '  expectations: [{ name: e, expect: { alwys: {} } }]\n',
    '7:39 unknown field "spec.expectations[0].expect.alwys" | did you mean "always"?',
  ],
  [
    'a condition of a request',
    '  expectations: [{ name: e, expect: { never: { of: {}, is: { statuss: 3 } } } }]\n',
    '7:62 unknown field "spec.expectations[0].expect.never.is.statuss" | did you mean "status"?',
  ],
  [
    'a threshold that is none',
    '  expectations: [{ name: e, expect: { thresholds: { of: {}, http_reqs: ["p(95)<1"] } } }]\n',
    '7:73 spec.expectations[0].expect.thresholds.http_reqs[0]: "p(95)<1" is no threshold such as \'count>100\'',
  ],
  [
    'an unknown load',
    `${LOAD}  expectations: [{ name: e, expect: { always: { of: { load: raeders }, is: {} } } }]\n`,
    '12:55 there is no load named raeders; did you mean readers?',
  ],
  [
    'a recording that is not there',
    LOAD.replace(/pattern[\s\S]*/, 'replay: { file: a.har }\n'),
    '10:17 there is no file a.har',
  ],
])('%s', (_name, rest, expected, head = HEAD) => {
  expect(complaint(head + rest)).toContain(expected)
})
