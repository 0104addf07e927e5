// Signatures of tokens, against keys and signatures that Node's own crypto makes.
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseJwt, verifySignature } from '../../../simulator/envoy/filters/http/jwt.ts'
import { signJwt } from '../../../simulator/world/load/jwt.ts'
import type { JsonObject } from '../../../simulator/xds/types.ts'

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }] } as unknown as JsonObject

function verdict(subject: number, forged: boolean): string {
  const signed = `${base64({ alg: 'ES256', kid: 'k' })}.${base64({ iss: 'tester', sub: String(subject) })}`
  const bytes = forged ? createHash('sha256').update(signed).digest() : Buffer.from(signed)
  const signature = sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  const jwt = parseJwt(`${signed}.${signature}`)
  return typeof jwt === 'string' ? jwt : verifySignature(jwt, jwks)
}

// Half of all signatures have the larger of the two values of s.
test('ES256 is verified whichever s the signer chose', () => {
  expect(Array.from({ length: 24 }, (_, i) => verdict(i, false)).filter(word => word !== '')).toEqual([])
})

test('a signature of something else is refused', () => {
  expect(verdict(1, true)).toBe('Jwt verification fails')
})

test('RS256: what a load signs, Node and the filter verify', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const key = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'r' } as Record<string, string>
  const token = signJwt({ key, claims: { iss: 'tester' } }, 0)
  const [head = '', body = '', tail = ''] = token.split('.')
  const signed = Buffer.from(`${head}.${body}`)
  expect(verify('sha256', signed, pair.publicKey, Buffer.from(tail, 'base64url'))).toBe(true)
  const keys = [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'r' }]
  const jwt = parseJwt(token)
  expect(typeof jwt === 'string' ? jwt : verifySignature(jwt, { keys } as unknown as JsonObject)).toBe('')
})
