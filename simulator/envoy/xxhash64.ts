// xxHash64, seed included: what Envoy hashes request keys, ring points and maglev slots with. BigInt is slow, but it runs
// once per key and host set; the balancers keep what they computed.
import { utf8 } from '../wire/bytes.ts'

const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n
const MASK = 0xffffffffffffffffn

const wrap = (value: bigint): bigint => value & MASK
const rotl = (value: bigint, bits: bigint): bigint => wrap((value << bits) | (value >> (64n - bits)))
const round = (acc: bigint, lane: bigint): bigint => wrap(rotl(wrap(acc + wrap(lane * P2)), 31n) * P1)
const merge = (acc: bigint, lane: bigint): bigint => wrap(wrap((acc ^ round(0n, lane)) * P1) + P4)

function read(bytes: Uint8Array, at: number, count: number): bigint {
  let value = 0n
  for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!)
  return value
}

function stripes(bytes: Uint8Array, seed: bigint): { hash: bigint; at: number } {
  let [a, b, c, d] = [wrap(seed + P1 + P2), wrap(seed + P2), seed, wrap(seed - P1)]
  let at = 0
  for (; at + 32 <= bytes.length; at += 32) {
    a = round(a, read(bytes, at, 8))
    b = round(b, read(bytes, at + 8, 8))
    c = round(c, read(bytes, at + 16, 8))
    d = round(d, read(bytes, at + 24, 8))
  }
  const mixed = wrap(rotl(a, 1n) + rotl(b, 7n) + rotl(c, 12n) + rotl(d, 18n))
  return { hash: [a, b, c, d].reduce(merge, mixed), at }
}

/** The 64-bit hash of a text's UTF-8 bytes (or of bytes). */
export function xxHash64(input: string | Uint8Array, seed = 0n): bigint {
  const bytes = typeof input === 'string' ? utf8(input) : input
  let { hash, at } = bytes.length >= 32 ? stripes(bytes, seed) : { hash: wrap(seed + P5), at: 0 }
  hash = wrap(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8) hash = wrap(rotl(hash ^ round(0n, read(bytes, at, 8)), 27n) * P1 + P4)
  if (at + 4 <= bytes.length) {
    hash = wrap(rotl(hash ^ wrap(read(bytes, at, 4) * P1), 23n) * P2 + P3)
    at += 4
  }
  for (; at < bytes.length; at++) hash = wrap(rotl(hash ^ wrap(BigInt(bytes[at]!) * P5), 11n) * P1)
  hash = wrap((hash ^ (hash >> 33n)) * P2)
  hash = wrap((hash ^ (hash >> 29n)) * P3)
  return hash ^ (hash >> 32n)
}
