// Durations as Kubernetes' CEL and protobuf's JSON read them (Go's time.ParseDuration): "1h30m", "1.5s", "-10ms", "0".
// This room sits below the engine's clock, hence its own reader; the result is in nanoseconds.

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1_000,
  µs: 1_000,
  μs: 1_000,
  ms: 1_000_000,
  s: 1_000_000_000,
  m: 60_000_000_000,
  h: 3_600_000_000_000,
}

const PART = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/

/** Go's durations are 64-bit nanoseconds: some 292 years. */
const LONGEST = 2 ** 63

/** Nanoseconds, or null when the text is no duration. */
export function parseProtoDuration(text: string): number | null {
  let rest = text
  let sign = 1
  if (rest.startsWith('-') || rest.startsWith('+')) {
    if (rest.startsWith('-')) sign = -1
    rest = rest.slice(1)
  }
  if (rest === '0') return 0
  if (rest === '') return null
  let total = 0
  while (rest !== '') {
    const part = PART.exec(rest)
    if (!part) return null
    total += Number(part[1]) * (UNITS[part[2] ?? ''] ?? 0)
    rest = rest.slice(part[0].length)
  }
  return total < LONGEST ? sign * total : null
}
