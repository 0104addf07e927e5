// One request as a recording has it.
export interface RecordedRequest {
  /** ms, counted from anywhere: only differences matter. */
  atMs: number
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

/** What a recording holds; `wrong` tells the first line or entry that could not be read. */
export type Recording = { requests: RecordedRequest[] } | { wrong: string }

/** Headers that belong to the recorded connection, not to the request. */
const NOT_REPLAYED = new Set([
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
])

export const isReplayed = (header: string): boolean => !header.startsWith(':') && !NOT_REPLAYED.has(header)

/** RFC 3339 -> ms since 1970, or null. */
export function timeOf(text: string): number | null {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}
