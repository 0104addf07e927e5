// A JSON web token and the keys that may have signed it: reading, claims, RS256 and ES256 signatures. Verification is
// synchronous, as the event world is, and each token is verified once per key set.
import { p256 } from '@noble/curves/nist.js'
import { fromBase64Url } from '../../../wire/base64.ts'
import { utf8 } from '../../../wire/bytes.ts'
import { encodedMessage, powerOf } from '../../../wire/rsa.ts'
import type { Json, JsonObject } from '../../../xds/types.ts'
import { list, object, text } from '../../json.ts'

export interface Jwt {
  header: JsonObject
  payload: JsonObject
  signed: string
  signature: Uint8Array
}

function textOf(bytes: Uint8Array): string {
  let encoded = ''
  for (const byte of bytes) encoded += `%${byte.toString(16).padStart(2, '0')}`
  return decodeURIComponent(encoded)
}

function jsonOf(part: string): JsonObject | null {
  const bytes = fromBase64Url(part)
  if (bytes === null) return null
  try {
    const value = JSON.parse(textOf(bytes)) as Json
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** The token, or Envoy's word for what is wrong with its form (jwt_verify_lib's status). */
export function parseJwt(token: string): Jwt | string {
  const parts = token.split('.')
  if (parts.length !== 3) return 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'
  const [head = '', body = '', tail = ''] = parts
  const header = jsonOf(head)
  if (header === null)
    return fromBase64Url(head) === null ? 'Jwt header is an invalid Base64url encoded' : 'Jwt header is an invalid JSON'
  const payload = jsonOf(body)
  if (payload === null) return 'Jwt payload is an invalid JSON'
  const signature = fromBase64Url(tail)
  if (signature === null || tail === '') return 'Jwt signature is an invalid Base64url encoded'
  return { header, payload, signed: `${head}.${body}`, signature }
}

function verifiesRsa(jwt: Jwt, key: JsonObject): boolean {
  const modulus = fromBase64Url(text(key.n))
  const exponent = fromBase64Url(text(key.e))
  if (modulus === null || exponent === null || jwt.signature.length !== modulus.length) return false
  const expected = encodedMessage(utf8(jwt.signed), modulus.length)
  return powerOf(jwt.signature, exponent, modulus) === expected
}

function verifiesEs256(jwt: Jwt, key: JsonObject): boolean {
  const x = fromBase64Url(text(key.x))
  const y = fromBase64Url(text(key.y))
  if (x === null || y === null || x.length !== 32 || y.length !== 32) return false
  // RFC 7518 and BoringSSL take either of the two values of s.
  return p256.verify(jwt.signature, utf8(jwt.signed), Uint8Array.from([4, ...x, ...y]), { lowS: false })
}

/** Envoy's words for a token that no key of the set fits, or '' when one verifies it. */
export function verifySignature(jwt: Jwt, jwks: JsonObject): string {
  const algorithm = text(jwt.header.alg)
  const kid = text(jwt.header.kid)
  const family = algorithm === 'RS256' ? 'RSA' : algorithm === 'ES256' ? 'EC' : ''
  if (family === '') return 'Jwt header [alg] is not supported'
  const fits = (key: JsonObject): boolean =>
    text(key.kty) === family &&
    (kid === '' || text(key.kid) === '' || text(key.kid) === kid) &&
    (text(key.alg) === '' || text(key.alg) === algorithm)
  const keys = list(jwks.keys).map(object).filter(fits)
  if (keys.length === 0) return "Jwks doesn't have key to match kid or alg from Jwt"
  const verifies = family === 'RSA' ? verifiesRsa : verifiesEs256
  return keys.some(key => verifies(jwt, key)) ? '' : 'Jwt verification fails'
}
