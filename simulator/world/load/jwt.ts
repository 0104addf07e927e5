// Signs the tokens of a load: ES256 by noble's curves (deterministic, RFC 6979), RS256 by plain arithmetic.
import { p256 } from '@noble/curves/nist.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { invariant, parseDuration, SECOND } from '../../engine/index.ts'
import { fromBase64Url, toBase64Url } from '../../wire/base64.ts'
import type { JwtSpec } from './types.ts'

/** DigestInfo of SHA-256 (RFC 8017, section 9.2). */
const SHA256_INFO = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20]

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
  const digest = [...SHA256_INFO, ...sha256(message)]
  const padding = new Array<number>(n.length - 3 - digest.length).fill(0xff)
  const block = toInteger([0, 1, ...padding, 0, ...digest])
  const hex = power(block, toInteger(d), toInteger(n))
    .toString(16)
    .padStart(n.length * 2, '0')
  return Uint8Array.from({ length: n.length }, (_byte, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

function toInteger(bytes: Iterable<number>): bigint {
  let sum = 0n
  for (const byte of bytes) sum = (sum << 8n) | BigInt(byte)
  return sum
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

const json = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)))

function utf8(text: string): Uint8Array {
  const encoded = encodeURIComponent(text).replace(/%([0-9A-F]{2})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return Uint8Array.from(encoded, char => char.charCodeAt(0))
}
