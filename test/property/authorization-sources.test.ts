// The rest of what policies may look at, against an evaluator written from Istio's reference pages: CUSTOM and AUDIT, tokens and
// their claims, addresses, hosts, path templates, port-level mutual TLS, and what of all that means anything to plain TCP.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signJwt } from '../../simulator/world/load/jwt.ts'
import { ask } from '../unit/security/mesh.ts'
import {
  type Condition,
  list,
  listed,
  type Mode,
  matches,
  type Rule as PolicyRule,
  some,
  type Test,
} from './policies.ts'

interface Source {
  requestPrincipals?: string[]
  notRequestPrincipals?: string[]
  ipBlocks?: string[]
  notIpBlocks?: string[]
  namespaces?: string[]
}
interface Operation {
  hosts?: string[]
  notHosts?: string[]
  paths?: string[]
  notPaths?: string[]
  ports?: string[]
}
type Rule = PolicyRule<Source, Operation>
interface Policy {
  action: 'ALLOW' | 'DENY' | 'CUSTOM' | 'AUDIT'
  rules: Rule[]
}
interface Call {
  client: 'alpha' | 'beta' | 'legacy'
  /** Absent: a connection of bytes to port 9000. */
  path?: string
  subject?: string
  door: boolean
}
interface Mesh {
  policies: Policy[]
  /** Of the server, and of its port 8000. */
  mode: Mode
  portMode?: Mode
  calls: Call[]
}

// The evaluator.

const ISSUER = 'https://tokens.example'
const CLIENTS = {
  alpha: { namespace: 'foo', ip: '10.70.1.1', sidecar: true },
  beta: { namespace: 'bar', ip: '10.70.2.2', sidecar: true },
  legacy: { namespace: 'old', ip: '10.80.3.3', sidecar: false },
}
const GROUPS: Record<string, string[]> = { ann: ['staff', 'admin'], bob: ['guest'] }

/** `{*}` is one segment, `{**}` any rest. */
function pathMatches(pattern: string, path: string): boolean {
  if (!pattern.includes('{')) return matches(pattern, path)
  const source = pattern
    .split(/(\{\*\*\}|\{\*\})/)
    .map(part => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : part))
  return new RegExp(`^${source.join('')}$`).test(path)
}
const inBlock = (block: string, ip: string): boolean => {
  const [network = '', length = '32'] = block.split('/')
  const bits = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const size = 2 ** (32 - Number(length))
  return Math.floor(bits(network) / size) === Math.floor(bits(ip) / size)
}

function permitted(mesh: Mesh, { client, path, subject, door }: Call): boolean {
  const { namespace, ip, sidecar } = CLIENTS[client]
  const mode = path === undefined ? mesh.mode : (mesh.portMode ?? mesh.mode)
  // A client with a sidecar looks at the mode of the port.
  const mutual = sidecar && mode !== 'DISABLE'
  if (mode === 'STRICT' && !mutual) return false
  const principal: Test = p => subject !== undefined && matches(p, `${ISSUER}/${subject}`)
  const host: Test = p => matches(p.toLowerCase(), 'server.srv:8000')
  const claim: Test = p => (GROUPS[subject ?? ''] ?? []).some(group => matches(p, group))
  const tcp = path === undefined
  const http = (action: Policy['action'], told: boolean, holding: () => boolean): boolean => {
    if (!told) return true
    // To plain TCP an ALLOW rule with words about HTTP says nothing; of a DENY rule those words are left out.
    return tcp ? action !== 'ALLOW' : holding()
  }
  const rule =
    (action: Policy['action']) =>
    (r: Rule): boolean => {
      const from = (s: Source) =>
        listed(p => mutual && matches(p, namespace), s.namespaces) &&
        listed(p => inBlock(p, ip), s.ipBlocks, s.notIpBlocks) &&
        http(action, (s.requestPrincipals ?? s.notRequestPrincipals) !== undefined, () =>
          listed(principal, s.requestPrincipals, s.notRequestPrincipals),
        )
      const to = (o: Operation) =>
        listed(p => p === (tcp ? '9000' : '8000'), o.ports) &&
        http(action, (o.hosts ?? o.notHosts) !== undefined, () => listed(host, o.hosts, o.notHosts)) &&
        http(action, (o.paths ?? o.notPaths) !== undefined, () =>
          listed(p => pathMatches(p, path ?? ''), o.paths, o.notPaths),
        )
      const when = (c: Condition) => http(action, true, () => listed(claim, c.values, c.notValues))
      return (
        (r.from === undefined || r.from.some(one => from(one.source))) &&
        (r.to === undefined || r.to.some(one => to(one.operation))) &&
        (r.when ?? []).every(when)
      )
    }
  const decided = (action: Policy['action']) => mesh.policies.filter(p => p.action === action)
  // The authorizer speaks HTTP; what an HTTP provider means to plain TCP no page tells: those calls are not judged below.
  if (!tcp && decided('CUSTOM').some(p => p.rules.some(rule('CUSTOM'))) && !door) return false
  if (decided('DENY').some(p => p.rules.some(rule('DENY')))) return false
  const allow = decided('ALLOW')
  return allow.length === 0 || allow.some(p => p.rules.some(rule('ALLOW')))
}

// The meshes that are tried.

const requestPrincipals = list(`${ISSUER}/ann`, `${ISSUER}/*`, '*/bob', '*')
const blocks = list('10.70.0.0/16', '10.70.1.1', '10.80.0.0/12', '10.0.0.0/8')
const hosts = list('server.srv:8000', 'SERVER.srv*', '*:8000', 'server.srv', '*')
const paths = list('/a', '/a/*', '/a/{*}', '/a/{*}/c', '/{**}/c', '/{*}/b', '*')
const source = some<Source>({
  ...{ requestPrincipals, notRequestPrincipals: requestPrincipals, ipBlocks: blocks, notIpBlocks: blocks },
  namespaces: list('foo', 'bar', 'b*'),
})
const operation = some<Operation>({ hosts, notHosts: hosts, paths, notPaths: paths, ports: list('8000', '9000') })
const groups = list('staff', 'admin', 'g*', '*')
const condition = some<Omit<Condition, 'key'>>({ values: groups, notValues: groups }).map(c => ({
  key: 'request.auth.claims[groups]',
  ...c,
}))
const rule: fc.Arbitrary<Rule> = fc.record(
  {
    from: fc.array(fc.record({ source }), { minLength: 1, maxLength: 2 }),
    to: fc.array(fc.record({ operation }), { minLength: 1, maxLength: 2 }),
    when: fc.array(condition, { minLength: 1, maxLength: 1 }),
  },
  { requiredKeys: [] },
)
const rules = fc.array(rule, { minLength: 1, maxLength: 2 })
/** With CUSTOM the webhook refuses words about identities: the authorizer is asked before anybody has looked at them. */
const saysNothingOfIdentities = ({ from = [], when = [] }: Rule): boolean =>
  when.length === 0 &&
  from.every(({ source: s }) => (s.requestPrincipals ?? s.notRequestPrincipals ?? s.namespaces) === undefined)
const policy: fc.Arbitrary<Policy> = fc.oneof(
  fc.record({ action: fc.constantFrom('ALLOW' as const, 'DENY' as const, 'AUDIT' as const), rules }),
  fc.record({
    action: fc.constant('CUSTOM' as const),
    rules: fc.array(rule.filter(saysNothingOfIdentities), { minLength: 1, maxLength: 2 }),
  }),
)
const mode = fc.constantFrom<Mode>('STRICT', 'PERMISSIVE', 'DISABLE')
const client = fc.constantFrom('alpha' as const, 'beta' as const, 'legacy' as const)
const request = fc.record(
  {
    client,
    path: fc.constantFrom('/a', '/a/b', '/a/b/c', '/x/b', '/x/c'),
    subject: fc.constantFrom('ann', 'bob'),
    door: fc.boolean(),
  },
  { requiredKeys: ['client', 'path', 'door'] },
)
const connection = fc.record({ client, door: fc.constant(false) })
const meshes: fc.Arbitrary<Mesh> = fc.record(
  {
    policies: fc.array(policy, { maxLength: 3 }),
    mode,
    portMode: mode,
    calls: fc.array(fc.oneof({ weight: 4, arbitrary: request }, { weight: 1, arbitrary: connection }), {
      minLength: 6,
      maxLength: 10,
    }),
  },
  { requiredKeys: ['policies', 'mode', 'calls'] },
) as fc.Arbitrary<Mesh>

const KEY = {
  ...{ kty: 'EC', crv: 'P-256', kid: 'k' },
  x: 'ZqBkxEEvx3pVIhwyGNYkbdSvtoTzvkylMqE5UYB4AhY',
  y: 'FOfmeYUE3LNOVAxrd3tN2c9t280i7RIt8yJE4yd777o',
  d: '2kZz9LhpWFcDN0sit7ZryXP8LZgQMhJ_GTIOUDYEx7o',
}
const { d: _private, ...PUBLIC } = KEY
const TOKENS = Object.fromEntries(
  Object.entries(GROUPS).map(([sub, groups]) => [sub, signJwt({ key: KEY, claims: { iss: ISSUER, sub, groups } }, 0)]),
)
const pod = (name: string, namespace: string, ip: string, annotations = '{}') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} }, annotations: ${annotations} }
spec: { serviceAccountName: ${name}, containers: [{ name: app, ports: [{ containerPort: 8000 }, { containerPort: 9000 }] }] }
status: { podIP: ${ip} }
---`
const NO_SIDECAR = '{ sidecar.istio.io/inject: "false" }'
const WORKLOADS = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    extensionProviders: [{ name: doorman, envoyExtAuthzHttp: { service: doorman.srv.svc.cluster.local, port: 8000, includeRequestHeadersInCheck: [x-door] } }]
---
apiVersion: v1
kind: Service
metadata: { name: server, namespace: srv }
spec: { selector: { app: server }, ports: [{ name: http, port: 8000 }, { name: tcp, port: 9000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: doorman, namespace: srv }
spec: { selector: { app: doorman }, ports: [{ name: http, port: 8000 }] }
---${pod('server', 'srv', '10.70.9.9')}${pod('doorman', 'srv', '10.70.9.8', NO_SIDECAR)}${Object.entries(CLIENTS)
  .map(([name, { namespace, ip, sidecar }]) => pod(name, namespace, ip, sidecar ? '{}' : NO_SIDECAR))
  .join('')}`
const object = (kind: string, name: string, spec: object) => `
${JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata: { name, namespace: 'srv' }, spec })}
---`
const selector = { matchLabels: { app: 'server' } }

function documents({ policies, mode: own, portMode }: Mesh): string {
  return [
    WORKLOADS,
    ...policies.map((spec, i) =>
      object('AuthorizationPolicy', `policy-${i}`, {
        ...{ selector, ...spec },
        ...(spec.action === 'CUSTOM' ? { provider: { name: 'doorman' } } : {}),
      }),
    ),
    object('RequestAuthentication', 'tokens', {
      selector,
      jwtRules: [{ issuer: ISSUER, jwks: JSON.stringify({ keys: [PUBLIC] }) }],
    }),
    object('PeerAuthentication', 'own', {
      ...{ selector, mtls: { mode: own } },
      ...(portMode === undefined ? {} : { portLevelMtls: { 8000: { mode: portMode } } }),
    }),
  ].join('')
}
const question = ({ client: who, path, subject, door }: Call) => ({
  from: `${who}.${CLIENTS[who].namespace}`,
  url: path === undefined ? 'tcp://server.srv:9000' : `http://server.srv:8000${path}`,
  ...(path === undefined
    ? { send: 'hello' }
    : {
        headers: {
          'x-door': door ? 'open' : 'shut',
          ...(subject === undefined ? {} : { authorization: `Bearer ${TOKENS[subject]}` }),
        },
      }),
})
const DOORMAN = {
  name: 'doorman',
  behaviour: { status: 403, routes: [{ prefix: '/', header: { name: 'x-door', value: 'open' }, status: 200 }] },
}

test('what is delivered is what the policies permit', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(meshes, mesh => {
      const { answers } = ask(documents(mesh), mesh.calls.map(question), {
        duration: '5s',
        workloads: [DOORMAN, { name: 'server', behaviour: { tcp: {} } }],
      })
      mesh.calls.forEach((call, i) => {
        if (call.path === undefined && mesh.policies.some(({ action }) => action === 'CUSTOM')) return
        const may = permitted(mesh, call)
        const what = `${call.path === undefined ? 'TCP' : 'HTTP'} ${may}`
        seen.set(what, (seen.get(what) ?? 0) + 1)
        expect({ call, delivered: answers[i]?.status === 200 }).toEqual({ call, delivered: may })
      })
    }),
    { numRuns: 120, seed: 11 },
  )
  for (const what of ['TCP true', 'TCP false', 'HTTP true', 'HTTP false'])
    expect(seen.get(what), what).toBeGreaterThan(20)
})
