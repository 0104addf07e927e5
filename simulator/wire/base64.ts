// base64url, written out because the core has neither atob nor Buffer.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** base64url -> bytes; null when there is any other character. */
export function fromBase64Url(text: string): Uint8Array | null {
  const bytes: number[] = []
  let bits = 0
  let count = 0
  for (const character of text.replace(/=+$/, '')) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return null
    bits = ((bits << 6) | value) & 0xffffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes.push((bits >> count) & 255)
    }
  }
  return Uint8Array.from(bytes)
}

/** Bytes -> base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const characters = Math.min(4, Math.ceil(((bytes.length - i) * 8) / 6))
    for (let k = 0; k < characters; k++) out += ALPHABET[(word >> (18 - 6 * k)) & 63]
  }
  return out
}

/** Standard base64, white space and padding aside. */
export function fromBase64(text: string): Uint8Array | null {
  return /^[A-Za-z0-9+/=\s]*$/.test(text)
    ? fromBase64Url(text.replace(/\s/g, '').replaceAll('+', '-').replaceAll('/', '_'))
    : null
}

/** Bytes -> standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
