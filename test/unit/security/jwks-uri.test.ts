// Keys by URI: fetched by istiod over the network, kept fresh, pushed when they change; what a failing server does.
import { expect, test } from 'vitest'
import { signJwt } from '../../../simulator/world/load/jwt.ts'
import { ask, httpMesh } from '../envoy-filters/http-mesh.ts'

const MINUTE = 60_000_000
const key = (kid: string): Record<string, string> => ({
  ...{ kty: 'EC', crv: 'P-256', kid },
  x: 'ZqBkxEEvx3pVIhwyGNYkbdSvtoTzvkylMqE5UYB4AhY',
  y: 'FOfmeYUE3LNOVAxrd3tN2c9t280i7RIt8yJE4yd777o',
  d: '2kZz9LhpWFcDN0sit7ZryXP8LZgQMhJ_GTIOUDYEx7o',
})
const ISSUER = 'http://other.default:8000'
const policy = (source: string): string => `
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens}
spec:
  selector: {matchLabels: {app: server}}
  jwtRules: [{issuer: '${ISSUER}'${source}}]
`
const STRICT = `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`

function meshWithKeys(text: string) {
  const mesh = httpMesh(text)
  const asked: string[] = []
  const server = { up: true, kid: 'one' }
  mesh.world.pod('other.default')!.listen(8000, {
    accept: () => ({
      kind: 'accepted',
      hello: null,
      handler: {
        onRequest: ({ path, protocol }, responder) => {
          asked.push(`${Math.round(mesh.world.engine.now / MINUTE)} ${path}`)
          const { d: _private, ...open } = key(server.kid)
          const found = path.startsWith('/.well-known') ? { jwks_uri: `${ISSUER}/keys` } : { keys: [open] }
          const status = server.up ? 200 : 500
          responder.respond({ status, headers: [], body: JSON.stringify(found), trailers: null, protocol })
        },
        onData: () => {},
        onClosed: () => {},
      },
    }),
  })
  const status = (kid: string): number | string => {
    const token = signJwt({ key: key(kid), claims: { iss: ISSUER } }, 0)
    const answer = ask(mesh, { headers: [['authorization', `Bearer ${token}`]] }, 'server', 1)
    return typeof answer === 'string' ? answer : answer.status
  }
  return { ...mesh, asked, server, status, until: (minutes: number) => mesh.world.engine.runUntil(minutes * MINUTE) }
}

test('a key set is fetched once and again every twenty minutes; a new key works after the next push', () => {
  const mesh = meshWithKeys(policy(`, jwksUri: '${ISSUER}/keys'`))
  mesh.until(0.1)
  expect(mesh.status('one')).toBe(200)
  expect(mesh.status('two')).toBe(401)
  mesh.server.kid = 'two'
  mesh.until(19)
  expect(mesh.status('two')).toBe(401)
  mesh.until(20.1)
  // An open connection ends with its old filter chain.
  mesh.status('two')
  expect([mesh.status('two'), mesh.status('one')]).toEqual([200, 401])
  expect(mesh.asked).toEqual(['0 /keys', '20 /keys'])
})

test('without a URI the issuer is asked where its keys are', () => {
  const mesh = meshWithKeys(policy(''))
  mesh.until(0.1)
  expect(mesh.status('one')).toBe(200)
  expect(mesh.asked).toEqual(['0 /.well-known/openid-configuration', '0 /keys'])
})

test('a server that fails is asked seven times more, then after 1, 2, 4 minutes; what was kept stays good', () => {
  const mesh = meshWithKeys(policy(`, jwksUri: '${ISSUER}/keys'`))
  mesh.until(1)
  mesh.server.up = false
  mesh.until(29)
  expect(mesh.status('one')).toBe(200)
  const rounds = new Map<string, number>()
  for (const when of mesh.asked.slice(1)) rounds.set(when, (rounds.get(when) ?? 0) + 1)
  expect([...rounds]).toEqual([
    ['20 /keys', 8],
    ['21 /keys', 8],
    ['23 /keys', 8],
    ['27 /keys', 8],
  ])
  mesh.server.up = true
  mesh.server.kid = 'two'
  mesh.until(37)
  mesh.status('two')
  expect(mesh.status('two')).toBe(200)
})

test('a server that was never reached leaves keys that fit no token', () => {
  const mesh = meshWithKeys(policy(`, jwksUri: '${ISSUER}/keys'`) + STRICT)
  mesh.until(1)
  // istiod speaks plain text, and the key server's proxy takes mutual TLS alone.
  expect(mesh.asked).toEqual([])
  expect(mesh.status('one')).toBe(401)
})
