// SIM0606 and SIM0607: mutual TLS that contradicts itself, authorization that can never match.
import { describe, expect, it } from 'vitest'
import { app, istio, said } from './mesh.ts'

const MESH = app('a')
const strict = istio('security', 'PeerAuthentication', 'default', '{mtls: {mode: STRICT}}')
const disabled = istio('security', 'PeerAuthentication', 'default', '{mtls: {mode: DISABLE}}')
const rule = (policy: string): string =>
  istio('networking', 'DestinationRule', 'a', `{host: a, trafficPolicy: ${policy}}`)
const OUTSIDE = ', annotations: {sidecar.istio.io/inject: "false"}'

describe('SIM0606 mutual TLS', () => {
  const tls = (text: string): string[] => said('SIM0606', text)
  it('tells plain clients of strict servers', () => {
    expect(tls(MESH + strict + rule('{tls: {mode: DISABLE}}'))).toEqual([
      'clients speak DISABLE to a.default.svc.cluster.local, but 1 of its 1 pods accept mutual TLS only (PeerAuthentication STRICT): their proxies close the connection (503 UC)',
    ])
  })
  it('tells strangers to the mesh, and mutual TLS towards plain servers', () => {
    expect(tls(MESH + strict + rule('{tls: {mode: SIMPLE}}'))).toEqual([expect.stringContaining('the handshake fails')])
    expect(tls(MESH + disabled + rule('{tls: {mode: ISTIO_MUTUAL}}'))).toEqual([
      expect.stringContaining('they get a TLS handshake where they expect plain text (503 UF)'),
    ])
    expect(tls(app('a', { pod: OUTSIDE }) + rule('{tls: {mode: ISTIO_MUTUAL}}'))).toEqual([
      expect.stringContaining('have no sidecar'),
    ])
  })
  it('looks at the setting of the port where there is one', () => {
    const port = (mode: string): string =>
      rule(`{tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: ${mode}}}]}`)
    expect(tls(MESH + strict + port('ISTIO_MUTUAL'))).toEqual([])
    expect(tls(MESH + strict + port('DISABLE'))).toHaveLength(1)
  })
  it('keeps silent about ends that agree', () => {
    expect(tls(MESH + strict + rule('{tls: {mode: ISTIO_MUTUAL}}'))).toEqual([])
    expect(tls(MESH + strict)).toEqual([])
    expect(tls(MESH + rule('{tls: {mode: DISABLE}}'))).toEqual([])
  })
  it('tells STRICT where nobody has a sidecar', () => {
    expect(tls(app('a', { pod: OUTSIDE }) + strict)).toEqual([expect.stringContaining('STRICT has no effect')])
  })
  it('tells a caller without a sidecar', () => {
    const text = `${MESH}\n---${app('b', { pod: OUTSIDE })}${strict}`
    const workloads = [{ name: 'b-v1', behaviour: { calls: [{ url: 'http://a/' }] } }]
    expect(said('SIM0606', text, { workloads })).toEqual([
      'b-v1.default has no sidecar and calls a.default.svc.cluster.local:80, whose pods accept mutual TLS only: its connections are closed',
    ])
  })
  it('tells STRICT without anybody who offers it', () => {
    const off =
      '\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata: {mesh: "enableAutoMtls: false"}'
    expect(tls(MESH + strict + off)).toEqual([expect.stringContaining('automatic mutual TLS is off')])
    expect(tls(MESH + off)).toEqual([])
  })
})

describe('SIM0607 authorization that can never match', () => {
  const policy = (rules: string, action = 'ALLOW'): string =>
    istio('security', 'AuthorizationPolicy', `p-${action.toLowerCase()}`, `{action: ${action}, rules: ${rules}}`)
  const never = (rules: string, more = '', action = 'ALLOW'): string[] =>
    said('SIM0607', MESH + policy(rules, action) + more)

  it('takes cluster.local for the trust domain of the mesh, whatever its name', () => {
    const settings = '\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}'
    const renamed = `${settings}\ndata: {mesh: "trustDomain: td"}`
    const from = (domain: string): string => `[{from: [{source: {principals: [${domain}/ns/default/sa/a]}}]}]`
    expect(never(from('cluster.local'), renamed)).toEqual([])
    expect(never(from('td'), renamed)).toEqual([])
    expect(never(from('other'), renamed)).toEqual([expect.stringContaining('the trust domain of the mesh is td')])
  })
  it.each([
    ['a method in lower case', '[{to: [{operation: {methods: [get]}}]}]', 'requests carry GET'],
    ['a path without its slash', '[{to: [{operation: {paths: [admin]}}]}]', 'write /admin'],
    ['a query in a path', '[{to: [{operation: {paths: ["/a?b=*"]}}]}]', 'the query is no part of the path'],
    [
      'a port of the Service',
      '[{to: [{operation: {ports: ["80"]}}]}]',
      '80 is a port of the Service a, ports here are those of the pods (they serve 8080)',
    ],
    [
      'an account that nobody has',
      '[{from: [{source: {principals: [cluster.local/ns/default/sa/b]}}]}]',
      'no pod of namespace default runs under the service account b (there are a)',
    ],
    [
      'a foreign trust domain',
      '[{from: [{source: {principals: [td/ns/default/sa/a]}}]}]',
      'the trust domain of the mesh is cluster.local, not td',
    ],
    [
      'the scheme of a principal',
      '[{from: [{source: {principals: ["spiffe://cluster.local/ns/default/sa/a"]}}]}]',
      'principals are written without spiffe://',
    ],
    [
      'a token that nobody reads',
      '[{from: [{source: {requestPrincipals: ["*"]}}]}]',
      'no RequestAuthentication with jwtRules',
    ],
    [
      'a claim that nobody reads',
      '[{when: [{key: "request.auth.claims[a]", values: [b]}]}]',
      'no RequestAuthentication with jwtRules',
    ],
    [
      'what its own negation excludes',
      '[{to: [{operation: {paths: [/a/b], notPaths: [/a*]}}]}]',
      'what /a/b matches is excluded by /a*',
    ],
  ])('tells %s', (_what, rules, reason) => {
    const found = never(rules)
    expect(found).toEqual([expect.stringContaining(reason)])
    expect(found[0]).toContain('this rule can never match, so that it allows nothing')
  })
  it('says of one value among others that it alone can never match', () => {
    expect(never('[{to: [{operation: {methods: [GET, post]}}]}]')).toEqual([
      '"post" can never match: methods are told apart by case and requests carry POST',
    ])
  })
  it('tells identities where mutual TLS is off', () => {
    expect(never('[{from: [{source: {namespaces: [default]}}]}]', disabled, 'DENY')).toEqual([
      expect.stringContaining('so that it denies nothing: mutual TLS is disabled at its pods'),
    ])
  })
  it('tells HTTP conditions of a port without HTTP', () => {
    const rules = '[{to: [{operation: {ports: ["8080"], paths: [/a]}}]}]'
    expect(said('SIM0607', app('a', { port: 'tcp' }) + policy(rules))).toEqual([
      expect.stringContaining('port 8080 carries plain TCP, which has no paths'),
    ])
  })
  it('tells a policy that a blanket denial leaves nothing to decide', () => {
    const text = MESH + policy('[{to: [{operation: {methods: [GET]}}]}]') + policy('[{}]', 'DENY')
    expect(said('SIM0607', text)).toEqual([expect.stringContaining('this policy never decides')])
  })
  it('keeps silent about rules that may match', () => {
    const fine =
      '[{from: [{source: {principals: [cluster.local/ns/default/sa/a, "*/ns/x/*"], namespaces: [other]}}], to: [{operation: {methods: [GET], paths: [/a*, "*/b", "/{*}/c"], ports: ["8080"], notPaths: [/a/x]}}]}]'
    expect(never(fine)).toEqual([])
    const jwt = istio('security', 'RequestAuthentication', 'r', '{jwtRules: [{issuer: i, jwks: "{}"}]}')
    expect(never('[{from: [{source: {requestPrincipals: ["*"]}}]}]', jwt)).toEqual([])
  })
})
