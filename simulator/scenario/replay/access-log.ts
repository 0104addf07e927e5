// Access logs: Envoy's text format as Istio writes it, its JSON, and the Common Log Format of other servers.
import { type RecordedRequest, type Recording, timeOf } from './types.ts'

/** `[time] "GET /a HTTP/1.1" 200 ... "user agent" "request id" "authority" "upstream"`. */
const ENVOY = /^\[(\S+)\] "(\S+) (\S+) [^"]*" .*?"([^"]*)" "([^"]*)" "([^"]*)" "[^"]*" /
const COMMON = /^(\S+) \S+ \S+ \[(\d+)\/(\w{3})\/(\d+):(\d+:\d+:\d+) ([+-]\d{2})(\d{2})\] "(\S+) (\S+)[^"]*"/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function readAccessLog(text: string): Recording {
  const requests: RecordedRequest[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const request = line.startsWith('{') ? jsonLine(line) : (envoyLine(line) ?? commonLine(line))
    if (request === null)
      return { wrong: `line ${i + 1} is no line of an access log that could be read: ${line.slice(0, 80)}` }
    requests.push(request)
  }
  return { requests }
}

function envoyLine(line: string): RecordedRequest | null {
  const match = ENVOY.exec(line)
  if (match === null) return null
  const [, time = '', method = '', path = '', agent = '', , authority = ''] = match
  return entry(time, method, path, authority, agent)
}

function jsonLine(line: string): RecordedRequest | null {
  try {
    const value = JSON.parse(line) as Record<string, unknown>
    const text = (name: string): string => (typeof value[name] === 'string' ? value[name] : '')
    return entry(text('start_time'), text('method'), text('path'), text('authority'), text('user_agent'))
  } catch {
    return null
  }
}

function commonLine(line: string): RecordedRequest | null {
  const match = COMMON.exec(line)
  if (match === null) return null
  const [, , day = '', month = '', year = '', clock = '', hours = '', minutes = '', method = '', path = ''] = match
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, '0')
  return entry(`${year}-${number}-${day.padStart(2, '0')}T${clock}${hours}:${minutes}`, method, path, '', '')
}

function entry(time: string, method: string, path: string, authority: string, agent: string): RecordedRequest | null {
  const atMs = timeOf(time)
  if (atMs === null || method === '' || !path.startsWith('/')) return null
  const host = authority === '' || authority === '-' ? '' : `http://${authority}`
  const headers: Record<string, string> = agent === '' || agent === '-' ? {} : { 'user-agent': agent }
  return { atMs, method, url: `${host}${path}`, headers, body: '' }
}
