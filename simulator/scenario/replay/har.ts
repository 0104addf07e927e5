// HAR 1.2, as browsers save it: log.entries[].request at startedDateTime.
import { z } from 'zod'
import { isReplayed, type RecordedRequest, type Recording, timeOf } from './types.ts'

const Har = z.object({
  log: z.object({
    entries: z.array(
      z.object({
        startedDateTime: z.string(),
        request: z.object({
          method: z.string(),
          url: z.string(),
          headers: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
          postData: z.object({ text: z.string().optional() }).optional(),
        }),
      }),
    ),
  }),
})

export function readHar(text: string): Recording {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { wrong: `is no JSON: ${error instanceof Error ? error.message : ''}` }
  }
  const har = Har.safeParse(value)
  if (!har.success) {
    const [issue] = har.error.issues
    return { wrong: `is no HAR: ${issue?.path.join('.')}: ${issue?.message}` }
  }
  const requests: RecordedRequest[] = []
  for (const [i, { startedDateTime, request }] of har.data.log.entries.entries()) {
    const atMs = timeOf(startedDateTime)
    if (atMs === null) return { wrong: `entry ${i + 1}: "${startedDateTime}" is no time` }
    const lines = (request.headers ?? []).map(({ name, value: text }) => [name.toLowerCase(), text] as const)
    const headers = Object.fromEntries(lines.filter(([name]) => isReplayed(name)))
    requests.push({ atMs, method: request.method, url: request.url, headers, body: request.postData?.text ?? '' })
  }
  return { requests }
}
