// x to the power y from exact operations only: Math.pow differs in the last bit between engines, square roots do not.

/** `base` >= 0, `exponent` in [0, 64). The fraction of the exponent is taken bit by bit by repeated square roots. */
export function power(base: number, exponent: number): number {
  if (exponent === 1) return base
  let result = 1
  const whole = Math.floor(exponent)
  for (let i = 0; i < whole; i++) result *= base
  let rest = exponent - whole
  let root = base
  for (let bit = 0; bit < 40 && rest > 0; bit++) {
    root = Math.sqrt(root)
    rest *= 2
    if (rest >= 1) {
      result *= root
      rest -= 1
    }
  }
  return result
}
