// What clients sent and got as a HAR 1.2 log, for the browser's network panel. Headers that no client record holds are
// absent, sizes unknown to it are -1, as the format has it.
import { type ClientRecord, EPOCH_SECONDS, timestamp } from '../observation/index.ts'

/** HTTP requests only. `creator`: name and version of the program. */
export function harLog(records: readonly ClientRecord[], creator: { name: string; version: string }): object {
  const entries = records.filter(({ url }) => /^https?:/.test(url)).map(entryOf)
  return { log: { version: '1.2', creator, pages: [], entries } }
}

function entryOf({ start, end, method, url, status, failure, body, source }: ClientRecord): object {
  const time = (end - start) / 1_000
  const query = url.split('?')[1] ?? ''
  return {
    startedDateTime: timestamp(start, EPOCH_SECONDS),
    time,
    request: {
      method,
      url,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      queryString: query === '' ? [] : query.split('&').map(pairOf),
      headersSize: -1,
      bodySize: -1,
    },
    response: {
      status,
      statusText: failure,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      content: { size: body.length, mimeType: 'text/plain', text: body },
      redirectURL: '',
      headersSize: -1,
      bodySize: body.length,
    },
    cache: {},
    timings: { send: 0, wait: time, receive: 0 },
    comment: source,
  }
}

function pairOf(part: string): { name: string; value: string } {
  const [name = '', value = ''] = part.split('=')
  return { name, value }
}
