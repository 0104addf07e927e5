// Durations as protobuf's JSON prints them: seconds with none, three, six or nine decimals.
import { parseProtoDuration } from '../../resources/proto-duration.ts'

/** "500ms" -> "0.500s", "1m" -> "60s"; text that is no duration stays. */
export function protoDuration(text: string): string {
  const nanos = parseProtoDuration(text)
  if (nanos === null) return text
  const sign = nanos < 0 ? '-' : ''
  const whole = Math.round(Math.abs(nanos))
  const seconds = Math.floor(whole / 1e9)
  const rest = whole - seconds * 1e9
  if (rest === 0) return `${sign}${seconds}s`
  const digits = String(rest).padStart(9, '0')
  const length = rest % 1e6 === 0 ? 3 : rest % 1e3 === 0 ? 6 : 9
  return `${sign}${seconds}.${digits.slice(0, length)}s`
}

/** Whole seconds of a duration. */
export const wholeSeconds = (text: string): number => Math.trunc((parseProtoDuration(text) ?? 0) / 1e9)
