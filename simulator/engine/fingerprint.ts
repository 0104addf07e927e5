// A rolling hash of all that happens: two lanes of 32 bits, mixed by multiply and rotate. Not cryptographic; it exists
// to tell that two runs were the same, and costs a few nanoseconds an event.

const TWO_32 = 4294967296

export class Fingerprint {
  private a = 0x243f6a88
  private b = 0x13198a2e

  /** Mixes any number: both halves of a whole one up to 2^53. */
  mix(word: number): void {
    this.mix32(word | 0)
    if (word > 2147483647 || word < -2147483648) this.mix32((word / TWO_32) | 0)
  }

  mixEvent(at: number, sequence: number, kind: number): void {
    this.mix32(at | 0)
    this.mix32(((at / TWO_32) | 0) ^ (kind << 24))
    this.mix32((sequence | 0) ^ kind)
  }

  toString(): string {
    return hex(finish(this.a)) + hex(finish(this.b ^ this.a))
  }

  private mix32(word: number): void {
    const a = Math.imul(this.a ^ word, 0x9e3779b1)
    this.a = (a << 13) | (a >>> 19)
    const b = Math.imul(this.b + word + (this.a >>> 7), 0x85ebca6b)
    this.b = (b << 17) | (b >>> 15)
  }
}

function finish(lane: number): number {
  let x = lane
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
