// Durations as Go and protobuf write them ("1.5s", "100ms", "1h30m", "0"), to and from whole microseconds.
// Integer arithmetic on the digits, so that "0.1s" is 100000 and never a neighbour.

const NANOSECONDS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1_000],
  ['µs', 1_000],
  ['μs', 1_000],
  ['ms', 1_000_000],
  ['s', 1_000_000_000],
  ['m', 60_000_000_000],
  ['h', 3_600_000_000_000],
])

const PART = /(\d+)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)|\.(\d+)(ns|us|µs|μs|ms|s|m|h)/y

/** Whole microseconds (parts of one are cut off), or null when the text is no Go duration. */
export function parseDuration(text: string): number | null {
  let at = 0
  let sign = 1
  if (text.startsWith('-') || text.startsWith('+')) {
    sign = text.startsWith('-') ? -1 : 1
    at = 1
  }
  if (text.slice(at) === '0') return 0
  if (at >= text.length) return null
  let microseconds = 0
  let nanoseconds = 0
  while (at < text.length) {
    PART.lastIndex = at
    const part = PART.exec(text)
    if (part === null) return null
    at = PART.lastIndex
    const unit = NANOSECONDS.get(part[3] ?? part[5] ?? '') ?? 0
    const whole = Number(part[1] ?? '0')
    if (unit >= 1_000) microseconds += whole * (unit / 1_000)
    else nanoseconds += whole
    nanoseconds += fractionOf(unit, part[2] ?? part[4] ?? '')
  }
  const total = microseconds + Math.floor(nanoseconds / 1_000)
  if (!Number.isSafeInteger(total)) return null
  return total === 0 ? 0 : sign * total
}

/** The nanoseconds in `.digits` of a unit, cut to whole ones. */
function fractionOf(unit: number, digits: string): number {
  let rest = 0
  let scale = unit
  for (const digit of digits) {
    scale /= 10
    rest += Number(digit) * scale
    if (scale < 1e-3) break
  }
  return Math.floor(rest + 1e-4)
}

/** Go's way of printing: "0s", "250µs" as "250us", "1.5ms", "2.003s", "1m30s", "1h0m0s". */
export function formatDuration(us: number): string {
  if (us === 0) return '0s'
  const sign = us < 0 ? '-' : ''
  const value = us < 0 ? -us : us
  if (value < 1_000) return `${sign}${value}us`
  if (value < 1_000_000) return `${sign}${decimal(value, 1_000)}ms`
  const minutes = Math.floor(value / 60_000_000)
  const seconds = `${decimal(value - minutes * 60_000_000, 1_000_000)}s`
  if (minutes === 0) return sign + seconds
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes - hours * 60}m${seconds}`
}

/** value / unit as a decimal without trailing zeros; unit is a power of ten. */
function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit)
  const rest = Math.floor(value - whole * unit)
  if (rest === 0) return String(whole)
  const digits = String(rest + unit).slice(1)
  return `${whole}.${digits.replace(/0+$/, '')}`
}
