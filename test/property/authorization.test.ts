// No request is delivered that the policies forbid, and none is refused that they permit: the mesh against an evaluator of
// PeerAuthentication and AuthorizationPolicy written here from Istio's reference pages, with no import of the simulator's own.
// One rule, to whom clients speak mutual TLS, no page tells; it is marked with its place in istiod.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Ask, ask } from '../unit/security/mesh.ts'
import { type Condition, list, listed, type Mode, matches, type Rule as PolicyRule, some } from './policies.ts'

interface Source {
  principals?: string[]
  notPrincipals?: string[]
  namespaces?: string[]
  notNamespaces?: string[]
}
interface Operation {
  methods?: string[]
  notMethods?: string[]
  paths?: string[]
  notPaths?: string[]
  ports?: string[]
  notPorts?: string[]
}
type Rule = PolicyRule<Source, Operation>
interface Policy {
  namespace: string
  action: 'ALLOW' | 'DENY'
  selector?: { matchLabels: Record<string, string> }
  rules?: Rule[]
}
interface Call {
  client: 'alpha.foo' | 'beta.bar' | 'legacy.old'
  method: string
  path: string
  token?: string
}
interface Mesh {
  policies: Policy[]
  /** Of the mesh, of the server's namespace, of the server. */
  modes: { mesh?: Mode; namespace?: Mode; workload?: Mode }
  calls: Call[]
}

// The evaluator: https://istio.io/latest/docs/reference/config/security/authorization-policy/ and .../peer_authentication/

const holds = (value: string | undefined, some?: string[], none?: string[]): boolean =>
  listed(pattern => matches(pattern, value), some, none)

const mode = ({ modes }: Mesh): Mode => modes.workload ?? modes.namespace ?? modes.mesh ?? 'PERMISSIVE'

function permitted(mesh: Mesh, call: Call): boolean {
  const [account, namespace] = call.client.split('.') as [string, string]
  const sidecar = namespace !== 'old'
  // Automatic mutual TLS: clients with a sidecar speak plain text to a server that asks for it, and to every server of a namespace
  // that does, even to one that is STRICT for itself (istiod, BestEffortInferServiceMTLSMode: workloads' policies are not asked).
  const known = sidecar && mode(mesh) !== 'DISABLE' && (mesh.modes.namespace ?? mesh.modes.mesh) !== 'DISABLE'
  if (mode(mesh) === 'STRICT' && !known) return false
  const principal = known ? `cluster.local/ns/${namespace}/sa/${account}` : undefined
  const from = (s: Source) =>
    holds(principal, s.principals, s.notPrincipals) &&
    holds(known ? namespace : undefined, s.namespaces, s.notNamespaces)
  const to = (o: Operation) =>
    holds(call.method, o.methods, o.notMethods) &&
    holds(call.path, o.paths, o.notPaths) &&
    holds('8000', o.ports, o.notPorts)
  const when = (c: Condition) => holds(c.key === 'source.principal' ? principal : call.token, c.values, c.notValues)
  const rule = (r: Rule) =>
    (r.from === undefined || r.from.some(one => from(one.source))) &&
    (r.to === undefined || r.to.some(one => to(one.operation))) &&
    (r.when ?? []).every(when)
  const applied = mesh.policies.filter(
    p => ['istio-system', 'srv'].includes(p.namespace) && (p.selector?.matchLabels['app'] ?? 'server') === 'server',
  )
  const decide = (action: Policy['action']) => applied.filter(p => p.action === action)
  if (decide('DENY').some(p => p.rules?.some(rule))) return false
  const allow = decide('ALLOW')
  return allow.length === 0 || allow.some(p => p.rules?.some(rule))
}

// The meshes that are tried.

const PRINCIPALS = [
  'cluster.local/ns/foo/sa/alpha',
  'cluster.local/ns/bar/sa/beta',
  'cluster.local/ns/foo/*',
  '*/sa/beta',
  '*',
]
const namespaces = list('foo', 'bar', 'f*', '*r', '*')
const principals = list(...PRINCIPALS)
const methods = list('GET', 'POST', 'P*')
const paths = list('/a', '/a/b', '/a*', '*/b', '*')
const ports = list('8000', '9000')
const tokens = list('admin', 'ad*', 'guest', '*')
const source = some<Source>({ principals, notPrincipals: principals, namespaces, notNamespaces: namespaces })
const operation = some<Operation>({
  methods,
  notMethods: methods,
  paths,
  notPaths: paths,
  ports,
  notPorts: ports,
})
const condition = fc.oneof(
  some<Omit<Condition, 'key'>>({ values: tokens, notValues: tokens }).map(c => ({
    key: 'request.headers[x-token]',
    ...c,
  })),
  some<Omit<Condition, 'key'>>({ values: principals, notValues: principals }).map(c => ({
    key: 'source.principal',
    ...c,
  })),
)
const rule: fc.Arbitrary<Rule> = fc.record(
  {
    from: fc.array(fc.record({ source }), { minLength: 1, maxLength: 2 }),
    to: fc.array(fc.record({ operation }), { minLength: 1, maxLength: 2 }),
    when: fc.array(condition, { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const policy: fc.Arbitrary<Policy> = fc.oneof(
  fc.record(
    {
      namespace: fc.constantFrom('istio-system', 'srv', 'srv', 'foo'),
      action: fc.constantFrom('ALLOW' as const, 'DENY' as const),
      selector: fc.constantFrom('server', 'other').map(app => ({ matchLabels: { app } })),
      rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ['namespace', 'action', 'rules'] },
  ),
  // An ALLOW policy without rules allows nothing.
  fc.record({ namespace: fc.constantFrom('istio-system', 'srv'), action: fc.constant('ALLOW' as const) }),
)
const anyMode = fc.constantFrom<Mode>('STRICT', 'PERMISSIVE', 'DISABLE')
const meshes: fc.Arbitrary<Mesh> = fc.record({
  policies: fc.array(policy, { maxLength: 3 }),
  modes: fc.record({ mesh: anyMode, namespace: anyMode, workload: anyMode }, { requiredKeys: [] }),
  calls: fc.array(
    fc.record(
      {
        client: fc.constantFrom('alpha.foo' as const, 'beta.bar' as const, 'legacy.old' as const),
        method: fc.constantFrom('GET', 'POST', 'PUT'),
        path: fc.constantFrom('/a', '/a/b', '/c', '/c/b'),
        token: fc.constantFrom('admin', 'guest'),
      },
      { requiredKeys: ['client', 'method', 'path'] },
    ),
    { minLength: 6, maxLength: 10 },
  ),
})

const pod = (name: string, namespace: string, annotations = '{}') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} }, annotations: ${annotations} }
spec: { serviceAccountName: ${name}, containers: [{ name: app, ports: [{ containerPort: 8000 }] }] }
---`
const WORKLOADS = `
apiVersion: v1
kind: Service
metadata: { name: server, namespace: srv }
spec: { selector: { app: server }, ports: [{ name: http, port: 8000 }] }
---${pod('server', 'srv')}${pod('alpha', 'foo')}${pod('beta', 'bar')}${pod('legacy', 'old', '{ sidecar.istio.io/inject: "false" }')}`

const object = (kind: string, name: string, namespace: string, spec: object) => `
${JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace }, spec })}
---`
function documents({ policies, modes }: Mesh): string {
  const peer = (of: Mode | undefined, namespace: string, more = {}) =>
    of === undefined
      ? ''
      : object('PeerAuthentication', 'selector' in more ? 'own' : 'default', namespace, { ...more, mtls: { mode: of } })
  return [
    WORKLOADS,
    ...policies.map(({ namespace, ...spec }, i) => object('AuthorizationPolicy', `policy-${i}`, namespace, spec)),
    peer(modes.mesh, 'istio-system'),
    peer(modes.namespace, 'srv'),
    peer(modes.workload, 'srv', { selector: { matchLabels: { app: 'server' } } }),
  ].join('')
}
const question = ({ client, method, path, token }: Call): Ask => ({
  from: client,
  url: `http://server.srv:8000${path}`,
  method,
  ...(token === undefined ? {} : { headers: { 'x-token': token } }),
})

test('what is delivered is what the policies permit', () => {
  const seen = new Map<boolean, number>()
  fc.assert(
    fc.property(meshes, mesh => {
      const { answers } = ask(documents(mesh), mesh.calls.map(question), { duration: '5s' })
      mesh.calls.forEach((call, i) => {
        const may = permitted(mesh, call)
        seen.set(may, (seen.get(may) ?? 0) + 1)
        expect({ call, delivered: answers[i]?.status === 200 }).toEqual({ call, delivered: may })
      })
    }),
    { numRuns: 120, seed: 7 },
  )
  // Both answers were asked for often enough to mean something.
  expect(seen.get(true)).toBeGreaterThan(100)
  expect(seen.get(false)).toBeGreaterThan(100)
})
