// A dry run lets everything pass, and tells what it would have done: metadata, log line, counter.
import { expect, test } from 'vitest'
import { ask, workload } from './mesh.ts'

const policy = (action: string, path: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: dry-${action.toLowerCase()}, namespace: default, annotations: { istio.io/dry-run: "true" } }
spec: { selector: { matchLabels: { app: server } }, action: ${action}, rules: [{ to: [{ operation: { paths: ["${path}"] } }] }] }
---
`

test('20 requests: 20 answers, 20 lines, a counter of 20', () => {
  const mesh = workload('client') + workload('server') + policy('DENY', '/headers') + policy('ALLOW', '/ip')
  const asks = Array.from({ length: 20 }, () => ({ from: 'client.default', url: 'http://server:8000/headers' }))
  const { answers, recorder, simulation } = ask(mesh, asks)
  expect(answers.map(a => a.status)).toEqual(asks.map(() => 200))
  const denied = recorder.of('policy').filter(r => r.action === 'DENY' && r.proxy === 'server.default')
  const lines = denied.map(r => r.line)
  expect(lines).toEqual(asks.map(() => 'shadow denied, matched policy ns[default]-policy[dry-deny]-rule[0]'))
  const proxy = simulation.world.pod('server.default')!.proxy!
  const stat = (name: string) => proxy.stat(`http.inbound_0.0.0.0_8000;.rbac.istio_dry_run_${name}`)
  expect(stat('deny_shadow_denied')).toBe(20)
  expect(stat('deny_shadow_allowed')).toBe(0)
  expect(stat('allow_shadow_denied')).toBe(20)
})

test('what is enforced is counted and told too', () => {
  const mesh = workload('client') + workload('server') + policy('DENY', '/headers').replace('"true"', '"false"')
  const { answers, recorder, simulation } = ask(mesh, [
    { from: 'client.default', url: 'http://server:8000/headers' },
    { from: 'client.default', url: 'http://server:8000/ip' },
  ])
  expect(answers.map(a => a.status)).toEqual([403, 200])
  expect(recorder.of('policy').map(r => r.line)).toEqual([
    'enforced denied, matched policy ns[default]-policy[dry-deny]-rule[0]',
    'enforced allowed, matched policy none',
  ])
  const proxy = simulation.world.pod('server.default')!.proxy!
  expect(proxy.stat('http.inbound_0.0.0.0_8000;.rbac.denied')).toBe(1)
  expect(proxy.stat('http.inbound_0.0.0.0_8000;.rbac.allowed')).toBe(1)
})
