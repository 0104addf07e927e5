// What loads send: patterns, sessions, tokens and recordings, against one application behind no proxy.
import { p256 } from '@noble/curves/nist.js'
import { describe, expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'
import { fromBase64Url, toBase64Url } from '../../../simulator/wire/base64.ts'

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: a, sidecar.istio.io/inject: 'false' } }
spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: c, labels: { app: c, sidecar.istio.io/inject: 'false' } }
spec: { containers: [{ name: c }] }
`

function send(load: string, behaviour = '{ echoHeaders: true }', beside: { name: string; content: string }[] = []) {
  const content = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: { name: t }
spec:
  title: t
  duration: 10s
  workloads: [{ name: a, behaviour: ${behaviour} }]
  loads:
    - { name: c, source: c.default, ${load} }
`
  const { scenario, diagnostics } = loadScenario({ name: 'scenario.yaml', content }, beside)
  expect(diagnostics).toEqual([])
  const recorder = new MemoryRecorder({ kinds: ['client', 'served'] })
  const { simulation } = createSimulation({ scenario: scenario!, files: [{ name: 'm', content: MESH }], recorder })
  simulation!.runUntil(10_000_000)
  return recorder.of('client')
}

const perSecond = (records: { start: number }[]) => {
  const counts = new Array<number>(10).fill(0)
  for (const { start } of records) counts[Math.floor(start / 1_000_000)]!++
  return counts
}

const REQUEST = "requests: [{ url: 'http://a/x' }]"

describe('a pattern', () => {
  test('of steps climbs and stays', () => {
    const counts = perSecond(send(`pattern: { steps: { from: 0, to: 400, by: 200, every: 3s } }, ${REQUEST}`))
    expect(counts.slice(0, 3)).toEqual([0, 0, 0])
    expect(counts[4]! / 200).toBeCloseTo(1, 0)
    expect(counts[9]! / 400).toBeCloseTo(1, 0)
  })
  test("of k6's stages ramps between targets", () => {
    const pattern = 'pattern: { startRate: 0, rampTo: [{ target: 400, duration: 4s }, { target: 0, duration: 2s }] }'
    const counts = perSecond(send(`${pattern}, ${REQUEST}`))
    expect(counts.reduce((sum, n) => sum + n, 0) / 1200).toBeCloseTo(1, 1)
    expect(counts[0]!).toBeLessThan(counts[3]!)
    expect(counts.slice(6)).toEqual([0, 0, 0, 0])
  })
  test('of connections paces them as fortio does', () => {
    expect(perSecond(send(`pattern: { connections: 4, qps: 20 }, ${REQUEST}`)).slice(1)).toEqual(new Array(9).fill(20))
  })
})

test('a user keeps its cookies and goes through the list', () => {
  const records = send(
    "pattern: { users: 1, think: 1s }, order: listed, keepCookies: true, requests: [{ url: 'http://a/login' }, { url: 'http://a/x' }]",
    "{ echoHeaders: true, routes: [{ path: /login, body: hello, headers: { set-cookie: 'sid=7; Path=/' } }] }",
  )
  expect(records.slice(0, 4).map(r => r.url)).toEqual(['http://a/login', 'http://a/x', 'http://a/login', 'http://a/x'])
  expect(records[1]?.body).toContain('cookie: sid=7')
})

test('a token is signed by its key and has its times', () => {
  const secret = new Uint8Array(32).fill(7)
  const d = toBase64Url(secret)
  const [record] = send(
    `pattern: { constant: 1 }, requests: [{ url: 'http://a/', jwt: { key: { kty: EC, d: ${d}, kid: k }, claims: { iss: me, sub: you }, expiresIn: 5m } }]`,
  )
  const [head = '', claims = '', signature = ''] = /Bearer (\S+)/.exec(record!.body)![1]!.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  expect(read(head)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k' })
  expect(read(claims)).toMatchObject({ iss: 'me', sub: 'you' })
  expect(read(claims).exp - read(claims).iat).toBe(300)
  const signed = new TextEncoder().encode(`${head}.${claims}`)
  expect(p256.verify(fromBase64Url(signature)!, signed, p256.getPublicKey(secret))).toBe(true)
})

describe('a recording', () => {
  const replay = (name: string, content: string, more = '') =>
    send(`replay: { file: ${name}${more} }`, undefined, [{ name, content }]).map(r => [
      Math.round(r.start / 1_000),
      r.method,
      r.url,
      r.body.includes('x-user: 1'),
    ])
  test('of CSV, seconds and quoted cells', () => {
    const csv = 'at,method,url,x-user\n10,GET,http://a/1,1\n"10.5",POST,"http://a/2?q=a,b",\n'
    expect(replay('a.csv', csv)).toEqual([
      [0, 'GET', 'http://a/1', true],
      [500, 'POST', 'http://a/2?q=a,b', false],
    ])
    expect(replay('a.csv', csv, ', speed: 2').map(row => row[0])).toEqual([0, 250])
  })
  test('of HAR, another host', () => {
    const entry = (time: string, url: string) => ({
      startedDateTime: time,
      request: {
        method: 'GET',
        url,
        headers: [
          { name: 'X-User', value: '1' },
          { name: ':path', value: '/' },
        ],
      },
    })
    const har = JSON.stringify({
      log: {
        entries: [entry('2026-01-01T00:00:02.000Z', 'https://b/2'), entry('2026-01-01T00:00:01.000Z', 'https://b/1')],
      },
    })
    expect(replay('a.har', har, ", base: 'http://a'")).toEqual([
      [0, 'GET', 'http://a/1', true],
      [1000, 'GET', 'http://a/2', true],
    ])
  })
  test("of Envoy's access log, text and JSON, and of others", () => {
    const log = [
      '[2026-01-01T00:00:00.000Z] "GET /1 HTTP/1.1" 200 - via_upstream - "-" 0 5 3 2 "-" "curl/8" "id" "a" "10.0.0.1:80" outbound|80||a - - - - -',
      '{"start_time":"2026-01-01T00:00:01.000Z","method":"PUT","path":"/2","authority":"a"}',
      '10.0.0.9 - bob [01/Jan/2026:01:00:02 +0100] "GET /3 HTTP/1.0" 200 2326',
    ].join('\n')
    expect(replay('access.log', log, ", base: 'http://a'").map(row => row.slice(0, 3))).toEqual([
      [0, 'GET', 'http://a/1'],
      [1000, 'PUT', 'http://a/2'],
      [2000, 'GET', 'http://a/3'],
    ])
  })
  test('that cannot be read is told with its line', () => {
    const head =
      'apiVersion: meshsim.io/v1alpha1\nkind: Scenario\nmetadata: { name: t }\nspec:\n  title: t\n  duration: 1s\n'
    const content = `${head}  loads: [{ name: a, source: internet, replay: { file: a.csv } }]\n`
    const beside = [{ name: 'a.csv', content: 'at,url\nsoon,http://a/\n' }]
    const { diagnostics } = loadScenario({ name: 's', content }, beside)
    expect(diagnostics[0]?.message).toBe('a.csv line 2: "soon" is neither seconds, a duration nor a time')
  })
})

describe('bare TCP', () => {
  const talks = (request: string, behaviour: string, more = '') =>
    send(`pattern: { users: 1 }, count: 1, requests: [${request}]${more}`, behaviour).map(
      ({ status, failure, body }) => ({ status, failure, body }),
    )

  test('each line waits for its answer, all on one connection', () => {
    const [talk] = talks("{ url: 'tcp://a:80', send: hi, lines: 3, every: 1s }", '{ tcp: { prefix: one } }')
    expect(talk).toEqual({ status: 200, failure: '', body: 'one hi\none hi\none hi\n' })
  })

  test('who sends nothing hears the greeting', () => {
    const [talk] = talks("{ url: 'tcp://a:80' }", '{ tcp: { greeting: 220 ready } }')
    expect(talk).toEqual({ status: 200, failure: '', body: '220 ready\n' })
  })

  test('a server of HTTP closes, a silent one tries the patience, a port without server refuses', () => {
    expect(talks("{ url: 'tcp://a:80', send: hi }", '{}')).toEqual([{ status: 0, failure: 'closed', body: '' }])
    const silent = talks("{ url: 'tcp://a:80' }", '{ tcp: {} }', ', timeout: 2s')
    expect(silent).toEqual([{ status: 0, failure: 'timeout', body: '' }])
    expect(talks("{ url: 'tcp://nobody:1', send: hi }", '{}')[0]).toMatchObject({ failure: 'unreachable' })
  })
})

test('a client of TLS believes whom it trusts, under the name that it asked for', () => {
  const behaviour = '{ body: secret, certificate: { names: ["*.example.com"], issuer: us } }'
  const ask = (tls: string) =>
    send(`pattern: { users: 1 }, count: 1, tls: ${tls}, requests: [{ url: 'https://a:80/' }]`, behaviour).map(
      ({ status, failure }) => `${status}${failure}`,
    )
  expect(ask('{}')).toEqual(['200'])
  expect(ask('{ sni: a.example.com, trusts: us }')).toEqual(['200'])
  expect(ask('{ sni: a.b.example.com, trusts: us }')).toEqual(['0tls'])
  expect(ask('{ sni: a.example.com, trusts: them }')).toEqual(['0tls'])
  expect(send(`pattern: { users: 1 }, count: 1, requests: [{ url: 'http://a:80/' }]`, behaviour)[0]?.failure).toBe(
    'reset',
  )
})

test('a server with a keep-alive timeout closes a connection that rests for so long', () => {
  const dials = (behaviour: string) =>
    send("pattern: { constant: 1 }, count: 3, requests: [{ url: 'http://a/' }]", behaviour).map(
      ({ start, end, status }) => `${status} after ${end - start}`,
    )
  const [fresh, kept] = dials('{}')
  expect(dials('{}')).toEqual([fresh, kept, kept])
  expect(dials('{ idleTimeout: 900ms }')).toEqual([fresh, fresh, fresh])
  expect(dials('{ idleTimeout: 900ms, serviceTime: 200ms }').map(text => text.slice(0, 9))).toEqual(
    new Array(3).fill('200 after'),
  )
})
