// External authorization as a running thing: requests and connections, over HTTP and gRPC, and what happens without an answer.
import { describe, expect, test } from 'vitest'
import { ask, workload } from './mesh.ts'

const provider = (kind: string, more = '') => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders:
    - name: asker
      ${kind}: { service: authz.default.svc.cluster.local, port: 9000${more} }
---
`
const custom = (rules: string, target = 'server') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ask, namespace: default }
spec: { selector: { matchLabels: { app: ${target} } }, action: CUSTOM, provider: { name: asker }, rules: ${rules} }
`
const GRPC = `${provider('envoyExtAuthzGrpc')}${workload('authz', 'grpc:9000')}${workload('client')}${workload('other')}`
const AUTHORIZER = {
  authorizer: true,
  status: 401,
  body: 'who are you',
  headers: { 'x-why': 'no header' },
  routes: [
    { header: { name: 'x-ext-authz', value: 'allow' }, status: 200, headers: { 'x-checked': 'yes' }, body: '' },
    {
      header: { name: ':source-principal', value: 'spiffe://cluster.local/ns/default/sa/client' },
      path: '',
      status: 200,
    },
  ],
}
const apps = [
  { name: 'authz', behaviour: AUTHORIZER },
  { name: 'server', behaviour: { echoHeaders: true } },
]

describe('external authorization over gRPC', () => {
  const mesh = GRPC + workload('server') + custom('[{ to: [{ operation: { paths: ["/checked"] } }] }]')

  test('the verdict: status, headers and body of a denial; headers for the upstream of a pass', () => {
    const { answers, recorder } = ask(
      mesh,
      [
        { from: 'client.default', url: 'http://server:8000/checked' },
        { from: 'client.default', url: 'http://server:8000/checked', headers: { 'x-ext-authz': 'allow' } },
        { from: 'client.default', url: 'http://server:8000/free' },
      ],
      { workloads: apps },
    )
    expect(answers.map(a => a.status)).toEqual([401, 200, 200])
    expect(answers[0]!.body).toBe('who are you')
    expect(answers[1]!.body).toContain('x-checked: yes')
    expect(answers[2]!.body).not.toContain('x-checked')
    const inbound = recorder.of('stream').filter(r => r.proxy === 'server.default')
    expect(inbound.find(r => r.status === 401)).toMatchObject({ details: 'ext_authz_denied', flags: ['UAEX'] })
  })

  test('no answer is an error: 403, or the status asked for; failOpen lets it pass', () => {
    const down = [{ name: 'authz', behaviour: { grpcStatus: 14, body: '' } }]
    const once = { from: 'client.default', url: 'http://server:8000/checked' }
    const outcome = (more: string) =>
      ask(mesh.replace('port: 9000 }', `port: 9000${more} }`), [once], { workloads: down }).answers[0]!.status
    expect(outcome('')).toBe(403)
    expect(outcome(', statusOnError: "503"')).toBe(503)
    expect(outcome(', failOpen: true')).toBe(200)
  })
})

describe('external authorization of connections', () => {
  const mesh = GRPC + workload('server', 'tcp:8000') + custom('[{}]')
  const both = [
    { from: 'client.default', url: 'http://server:8000/' },
    { from: 'other.default', url: 'http://server:8000/' },
  ]

  test('the authorizer decides by the principal', () => {
    const { answers, recorder } = ask(mesh, both, { workloads: apps })
    expect(answers.map(a => [a.status, a.failure])).toEqual([
      [200, ''],
      [0, 'reset'],
    ])
    const inbound = recorder.of('connection').filter(r => r.proxy === 'server.default')
    expect(inbound.find(r => r.downstreamPeer.endsWith('/other'))).toMatchObject({
      flags: ['UAEX'],
      details: 'ext_authz_denied',
    })
  })

  test('nothing passes without an answer', () => {
    const { answers, recorder } = ask(mesh, both, { workloads: [{ name: 'authz', behaviour: { reset: true } }] })
    expect(answers.map(a => a.failure)).toEqual(['reset', 'reset'])
    expect(recorder.of('connection').some(r => r.details === 'ext_authz_error')).toBe(true)
  })

  test('an HTTP authorizer cannot be asked about connections: istiod makes no filter, as Istio does', () => {
    const http = mesh.replace('envoyExtAuthzGrpc', 'envoyExtAuthzHttp')
    expect(ask(http, both, { workloads: apps }).answers.map(a => a.status)).toEqual([200, 200])
  })
})

describe('a body for the authorizer', () => {
  const mesh =
    provider('envoyExtAuthzGrpc', ', includeRequestBodyInCheck: { maxRequestBytes: 4 }') +
    workload('authz', 'grpc:9000') +
    workload('client') +
    workload('server') +
    custom('[{}]')

  test('one that is larger than the limit is refused', () => {
    const allow = { 'x-ext-authz': 'allow' }
    const { answers } = ask(
      mesh,
      [
        { from: 'client.default', url: 'http://server:8000/', method: 'POST', body: '1234', headers: allow },
        { from: 'client.default', url: 'http://server:8000/', method: 'POST', body: '12345', headers: allow },
      ],
      { workloads: apps },
    )
    expect(answers.map(a => a.status)).toEqual([200, 413])
  })
})
