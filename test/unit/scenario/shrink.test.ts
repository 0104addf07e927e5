import { describe, expect, test } from 'vitest'
import { parseMoment, shrink } from '../../../simulator/scenario/index.ts'
import { leftOut, reduceTree } from '../../../simulator/scenario/shrink/delta.ts'

const mesh = `apiVersion: v1
kind: Service
metadata: {name: web, labels: {team: blue}}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: http-admin, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: idle}
spec: {selector: {app: idle}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: caller}
spec:
  selector: {matchLabels: {app: caller}}
  template: {metadata: {labels: {app: caller}}, spec: {containers: [{name: caller}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http:
  - timeout: 3s
    fault: {abort: {httpStatus: 418, percentage: {value: 20}}}
    route: [{destination: {host: web}}]
`
const scenario = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: {name: big}
spec:
  title: big
  duration: 20s
  workloads: [{name: web, behaviour: {serviceTime: 5ms}}]
  loads:
  - {name: calls, source: caller.default, pattern: {poisson: 40}, requests: [{url: 'http://web/a'}, {url: 'http://web/b'}]}
  - {name: idle, source: caller.default, pattern: {poisson: 5}, requests: [{url: 'http://idle/'}]}
  expectations:
  - {name: all is well, expect: {always: {of: {load: calls}, is: {status: 200}}}}
  - {name: something comes, expect: {count: {of: {load: calls}, min: 1}}}
`
const options = {
  scenario: { name: 'scenario.yaml', content: scenario },
  beside: [],
  files: [{ name: 'mesh.yaml', content: mesh }],
}

describe('delta debugging', () => {
  test('leaves out all that can go, and nothing that is needed together', () => {
    const gone = leftOut([1, 2, 3, 4, 5, 6, 7, 8], set => !set.includes(3) && !set.includes(7))
    expect([...gone].sort()).toEqual([1, 2, 4, 5, 6, 8])
  })
  test('what a level leaves out takes all below with it', () => {
    const value = { a: { x: [1, 2, 3], y: 1 }, b: { z: 1 } }
    const needs = (v: unknown): boolean => JSON.stringify(v).includes('3')
    expect(reduceTree(value, needs, () => false)).toEqual({ a: { x: [3] } })
  })
})

describe('shrink', () => {
  test('keeps the cause of what is seen, with its own flags and details', () => {
    const small = shrink({ ...options, failure: { moment: parseMoment('first(status==418)') as { at: number } } })
    if (typeof small === 'string') throw new Error(small)
    const kinds = small.mesh.map(document => (document as { kind: string }).kind)
    expect(kinds).toContain('VirtualService')
    expect(JSON.stringify(small.mesh)).toContain('"httpStatus":418')
    expect(JSON.stringify(small.mesh)).not.toMatch(/idle|team|3s/)
    expect(JSON.stringify(small.scenario)).not.toMatch(/idle|expectations|serviceTime/)
    expect(small).toMatchObject({ finished: true })
    expect(small.after).toBeLessThan(small.before / 2)
  })
  test('keeps a failing expectation and its load', () => {
    const small = shrink({ ...options, failure: { expectation: null }, runs: 60 })
    if (typeof small === 'string') throw new Error(small)
    expect(small.failure).toContain('all is well')
    expect(JSON.stringify(small.scenario)).toContain('all is well')
    expect(JSON.stringify(small.scenario)).not.toContain('something comes')
  })
  test('says why there is nothing to shrink', () => {
    expect(shrink({ ...options, failure: { moment: { at: 1 } } })).toContain('a time is no failure')
    expect(shrink({ ...options, failure: { expectation: 'something comes' } })).toContain('holds in this run')
    expect(shrink({ ...options, failure: { expectation: 'nobody' } })).toContain('there is no expectation "nobody"')
  })
})
