// A recording becomes a load: its requests (equal ones once) and when each was sent.
import { formatDuration } from '../../engine/index.ts'
import type { PatternSpec, RequestSpec } from '../../world/load/index.ts'
import { readAccessLog } from './access-log.ts'
import { readCsv } from './csv.ts'
import { readHar } from './har.ts'
import type { RecordedRequest, Recording } from './types.ts'

export const REPLAY_FORMATS = ['har', 'csv', 'access-log'] as const
export type ReplayFormat = (typeof REPLAY_FORMATS)[number]

const READERS: Record<ReplayFormat, (text: string) => Recording> = {
  har: readHar,
  csv: readCsv,
  'access-log': readAccessLog,
}

export interface ReplayOptions {
  /** By the file's ending when absent; what is neither .har nor .csv is an access log. */
  format?: ReplayFormat | undefined
  speed?: number | undefined
  /** `http://host[:port]` instead of the recorded one, and for recordings that name none. */
  base?: string | undefined
}

export interface ReplayedLoad {
  requests: RequestSpec[]
  pattern: PatternSpec
}

/** The load, or a sentence about what is wrong with the recording. */
export function replayOf(name: string, text: string, options: ReplayOptions): ReplayedLoad | string {
  const format = options.format ?? (name.endsWith('.har') ? 'har' : name.endsWith('.csv') ? 'csv' : 'access-log')
  const recording = READERS[format](text)
  if ('wrong' in recording) return `${name} ${recording.wrong}`
  if (recording.requests.length === 0) return `${name} holds no request`
  const first = recording.requests.reduce((least, { atMs }) => Math.min(least, atMs), Infinity)
  const known = new Map<string, number>()
  const requests: RequestSpec[] = []
  const recorded: { at: string; request: number }[] = []
  for (const request of recording.requests) {
    const spec = specOf(request, options.base)
    if (spec === null) return `${name}: "${request.url}" names no host; give replay.base`
    const key = JSON.stringify(spec)
    let index = known.get(key)
    if (index === undefined) {
      index = requests.push(spec) - 1
      known.set(key, index)
    }
    recorded.push({ at: formatDuration(Math.floor((request.atMs - first) * 1_000 + 0.5)), request: index })
  }
  const { speed } = options
  return { requests, pattern: { recorded, ...(speed === undefined ? {} : { speed }) } }
}

function specOf({ method, url, headers, body }: RecordedRequest, base: string | undefined): RequestSpec | null {
  const path = url.replace(/^https?:\/\/[^/]*/, '') || '/'
  const full = base === undefined ? url : `${base.replace(/\/$/, '')}${path}`
  if (!/^https?:\/\/[^/]/.test(full)) return null
  return {
    method,
    url: full,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(body === '' ? {} : { body }),
  }
}
