// A request through two proxies: what it matched, what it did not and why, and the lines that decided.
import { expect, test } from 'vitest'
import { bareScenario, explain, printExplanation } from '../../../simulator/scenario/index.ts'

const MESH = `apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: a } }
spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: c, labels: { app: c } }
spec: { containers: [{ name: c }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
    - name: jason
      match: [{ headers: { end-user: { exact: jason } } }]
      fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }
      route: [{ destination: { host: a } }]
    - name: others
      route: [{ destination: { host: a } }]
`

function ask(headers: Record<string, string>, to = 'http://a/x') {
  const { explanation } = explain({
    scenario: bareScenario('t'),
    files: [{ name: 'mesh.yaml', content: MESH }],
    from: 'c.default',
    request: { url: to, headers },
  })
  return explanation!
}

test('tells both proxies, the route taken, the route refused and why, and its line', () => {
  const { status, hops } = ask({})
  expect(status).toBe(200)
  expect(hops.map(hop => `${hop.direction} ${hop.proxy}`)).toEqual(['outbound c.default', 'inbound a.default'])
  const route = hops[0]!.steps.find(step => step.step === 'route')!
  expect(route.name).toContain('others')
  expect(route.rejected[0]?.name).toContain('jason')
  expect(route.rejected[0]?.why).toContain('end-user')
  expect(route.source).toMatch(/^mesh\.yaml:19:/)
})

test('another header, another fate', () => {
  const { status, hops } = ask({ 'end-user': 'jason' })
  expect([status, hops.length, hops[0]?.flags]).toEqual([418, 1, ['FI']])
})

test('text has a line a decision', () => {
  expect(printExplanation(ask({}))).toMatch(/^GET http:\/\/a\/x from c\.default: 200 after /)
  expect(printExplanation(ask({}, 'http://nowhere/'))).toContain('no answer')
})
