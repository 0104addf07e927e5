// Signs the tokens of a load: ES256 by noble's curves (deterministic, RFC 6979), RS256 by plain arithmetic.
import { p256 } from '@noble/curves/nist.js'
import { invariant, parseDuration, SECOND } from '../../engine/index.ts'
import { fromBase64Url, toBase64Url } from '../../wire/base64.ts'
import { fromHex, utf8 } from '../../wire/bytes.ts'
import { encodedMessage, powerOf } from '../../wire/rsa.ts'
import type { JwtSpec } from './types.ts'

/** What is wrong with a spec, or null. */
export function checkJwt(spec: JwtSpec): string | null {
  const { kty = '' } = spec.key
  const needed = kty === 'EC' ? ['d'] : kty === 'RSA' ? ['n', 'd'] : null
  if (needed === null) return `kty "${kty}": the key must be EC (P-256) or RSA`
  for (const part of needed) {
    const bytes = fromBase64Url(spec.key[part] ?? '')
    if (bytes === null || bytes.length === 0) return `the private key lacks "${part}"`
  }
  return null
}

/** The compact token; `iat` is the run's first second. */
export function signJwt(spec: JwtSpec, epochSeconds: number): string {
  invariant(checkJwt(spec) === null, 'a token needs a key', { kty: spec.key['kty'] })
  const rsa = spec.key['kty'] === 'RSA'
  const kid = spec.key['kid']
  const header = { alg: rsa ? 'RS256' : 'ES256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) }
  const lifetime = spec.expiresIn === undefined ? null : Math.floor((parseDuration(spec.expiresIn) ?? 0) / SECOND)
  const times = { iat: epochSeconds, ...(lifetime === null ? {} : { exp: epochSeconds + lifetime }) }
  const signed = `${json(header)}.${json({ ...times, ...spec.claims })}`
  const message = utf8(signed)
  const bytes = (name: string): Uint8Array => fromBase64Url(spec.key[name] ?? '') ?? new Uint8Array()
  const signature = rsa ? signRsa(message, bytes('n'), bytes('d')) : p256.sign(message, bytes('d'))
  return `${signed}.${toBase64Url(signature)}`
}

function signRsa(message: Uint8Array, n: Uint8Array, d: Uint8Array): Uint8Array {
  return fromHex(powerOf(fromHex(encodedMessage(message, n.length)), d, n))
}

const json = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)))
