// Which headers an application's own calls carry: those copied from the request being served, the user of its login
// session, and the fixed ones of the call.
import type { HeaderLines, HttpRequest } from '../../wire/types.ts'
import type { Call } from './compile.ts'
import type { BehaviourSpec } from './types.ts'

export function callHeaders(call: Call, served: HttpRequest, session: BehaviourSpec['session']): HeaderLines {
  const lines: HeaderLines = []
  for (const line of served.headers) if (call.forward.has(line[0])) lines.push([line[0], line[1]])
  if (session !== undefined) {
    const user = 'cookie' in session ? cookieOf(served, session.cookie) : headerOf(served, session.header.toLowerCase())
    if (user !== null && user !== '') lines.push(['end-user', user])
  }
  for (const [name, value] of call.headers) lines.push([name, value])
  return lines
}

export function headerOf(request: HttpRequest, name: string): string | null {
  for (const line of request.headers) if (line[0] === name) return line[1]
  return null
}

function cookieOf(request: HttpRequest, name: string): string | null {
  for (const [header, value] of request.headers) {
    if (header !== 'cookie') continue
    for (const part of value.split(';')) {
      const pair = part.trim()
      if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1)
    }
  }
  return null
}
