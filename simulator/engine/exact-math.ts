// Logarithm and exponential from + - * / alone. The language leaves Math.log and Math.exp to the implementation and
// they do differ in the last bit between JavaScript engines; these give the same bits everywhere. Good to about
// one part in 10^15, far beyond what a sampler needs.

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const TWO_32 = 4294967296

/** Natural logarithm of a positive finite number. */
export function exactLog(x: number): number {
  if (x === 0) return -Infinity
  let mantissa = x
  let exponent = 0
  while (mantissa >= TWO_32) {
    mantissa /= TWO_32
    exponent += 32
  }
  while (mantissa * TWO_32 < 1) {
    mantissa *= TWO_32
    exponent -= 32
  }
  while (mantissa > Math.SQRT2) {
    mantissa *= 0.5
    exponent += 1
  }
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2
    exponent -= 1
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); |s| <= 0.1716, so twelve terms reach the last bit.
  const s = (mantissa - 1) / (mantissa + 1)
  const q = s * s
  let sum = 0
  for (let n = 23; n >= 3; n -= 2) sum = (sum + 1 / n) * q
  return exponent * LN2_HIGH + (2 * s * (1 + sum) + exponent * LN2_LOW)
}

/** e to the power x. */
export function exactExp(x: number): number {
  if (x > 709.7) return Infinity
  if (x < -745) return 0
  const k = Math.floor(x / Math.LN2 + 0.5)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = 1
  for (let n = 14; n >= 1; n--) sum = 1 + (sum * r) / n
  return scaleByPowerOfTwo(sum, k)
}

function scaleByPowerOfTwo(value: number, power: number): number {
  let result = value
  let left = power
  for (; left >= 32; left -= 32) result *= TWO_32
  for (; left <= -32; left += 32) result /= TWO_32
  for (; left > 0; left--) result *= 2
  for (; left < 0; left++) result *= 0.5
  return result
}
