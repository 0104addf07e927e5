// What a change of documents means for requests: its classes, their witnesses, the verdict; and request against request.
import { expect, test } from 'vitest'
import { diffMarkdown, diffMeshes, overlay, printDiff } from '../../../simulator/diff/index.ts'
import type { ScenarioSpec } from '../../../simulator/scenario/index.ts'

const pod = (name: string, labels: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: ${labels} }
spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] }
`
const MESH = `apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80 }] }
${pod('a-one', '{ app: a, version: v1 }')}${pod('a-two', '{ app: a, version: v2 }')}${pod('c', '{ app: c }')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a }
spec: { host: a, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
`
const ROUTE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
    - match: [{ uri: { prefix: /beta } }]
      route: [{ destination: { host: a, subset: v2 } }]
    - timeout: 2s
      route: [{ destination: { host: a, subset: v1 } }]
`
const file = (content: string) => [
  { name: 'mesh.yaml', content: MESH },
  { name: 'route.yaml', content },
]
const between = (before: string, after: string, scenario?: ScenarioSpec) =>
  diffMeshes({ before: file(before), after: file(after), ...(scenario === undefined ? {} : { scenario }) }).diff!

test('equal meshes: nothing is told', () => {
  const diff = between(ROUTE, ROUTE)
  expect([diff.verdict, diff.resources, diff.static.classes]).toEqual(['same', [], []])
})

test('a changed condition: two classes, each with a request that shows it', () => {
  const { verdict, static: found, resources } = between(ROUTE, ROUTE.replace('/beta', '/be'))
  expect(verdict).toBe('changed')
  expect(resources).toMatchObject([{ resource: 'VirtualService default/a', field: 'spec.http[0].match[0].uri.prefix' }])
  expect(found.classes.map(one => [one.before.destination, one.after.destination])).toEqual([['a v1:80', 'a v2:80']])
  expect(found.classes[0]!.witness.path).toMatch(/^\/be(?!ta)/)
})

test('policy: only the timeout is told', () => {
  const { static: found } = between(ROUTE, ROUTE.replace('2s', '3s'))
  expect(found.classes.map(one => one.aspects)).toEqual([['policy']])
  expect(found.classes[0]!.policy.filter(line => line.includes('2s'))).not.toEqual([])
})

test('protection: plain text where mutual TLS was is worse', () => {
  const off = `${ROUTE}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a }
spec: { host: a, trafficPolicy: { tls: { mode: DISABLE } }, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
`
  const diff = diffMeshes({
    before: file(ROUTE),
    after: overlay(file(ROUTE), [{ name: 'off.yaml', content: off }]),
  }).diff!
  expect(diff.verdict).toBe('worse')
  expect(diff.reasons.join()).toContain('mutual TLS before, plain text after')
})

test('permission: who is denied from now on', () => {
  const deny = `${ROUTE}---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-post }
spec: { action: DENY, rules: [{ to: [{ operation: { methods: [POST] } }] }] }
`
  const { static: found } = between(ROUTE, deny)
  const denied = found.classes.filter(one => one.after.protection.includes('denied'))
  expect(denied.length).toBeGreaterThan(0)
  expect(denied.every(one => one.witness.method === 'POST')).toBe(true)
})

const LOAD: ScenarioSpec = {
  name: 't',
  title: 't',
  duration: '5s',
  loads: [{ name: 'c', source: 'c.default', pattern: { constant: 50 }, requests: [{ url: 'http://a/x' }] }],
}

test('request against request: the same dice, another fate', () => {
  const { dynamic } = between(ROUTE, ROUTE.replace('subset: v1', 'subset: v2'), LOAD)
  expect(dynamic!.changes).toMatchObject([{ before: '200 by a v1', after: '200 by a v2' }])
  expect(dynamic!.changes[0]!.count).toBe(dynamic!.loads[0]!.pairs)
  expect(between(ROUTE, ROUTE, LOAD).dynamic!.changes).toEqual([])
})

test('errors beyond chance are worse, and texts say so', () => {
  const diff = between(
    ROUTE,
    ROUTE.replace('timeout: 2s', 'fault: { abort: { httpStatus: 503, percentage: { value: 20 } } }'),
    LOAD,
  )
  expect(diff.verdict).toBe('worse')
  expect(diff.dynamic!.loads[0]!.errors.p).toBeLessThan(0.05)
  expect(printDiff(diff)).toContain('Verdict: worse')
  expect(diffMarkdown(diff)).toContain('meshsim explain --from')
})
