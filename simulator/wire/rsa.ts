// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, sections 8.2 and 9.2) by plain arithmetic: what tokens are signed and verified
// with. Side channels do not matter here, for nothing that it signs protects anything.
import { sha256 } from '@noble/hashes/sha2.js'
import { hex } from './bytes.ts'

/** DigestInfo of SHA-256. */
const SHA256_INFO = '3031300d060960864801650304020105000420'

/** What a signature of `message` by a modulus of `length` bytes opens to: two digits a byte. */
export function encodedMessage(message: Uint8Array, length: number): string {
  const digest = SHA256_INFO + hex(sha256(message))
  return `0001${'ff'.repeat(length - 3 - digest.length / 2)}00${digest}`
}

/** `base` to the power of `exponent`, modulo `modulus` (all big-endian): two digits a byte, as long as the modulus. */
export function powerOf(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): string {
  const m = toInteger(modulus)
  let result = 1n
  let square = toInteger(base) % m
  for (let rest = toInteger(exponent); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % m
    square = (square * square) % m
  }
  return result.toString(16).padStart(modulus.length * 2, '0')
}

const toInteger = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
