// Who may speak to the server. Bound to loopback it still meets every page that the user's browser has open: a foreign
// Host (DNS rebinding) or Origin (another site) is refused before anything is done.
import type { IncomingMessage } from 'node:http'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** Names under which this server is meant; `host` is the address it listens on. */
export function ownNames(host: string, port: number): Set<string> {
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return new Set([...LOOPBACK, bracketed].flatMap(name => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])))
}

/** Null when the request is meant for us and comes from our own page, or from no page at all; else the reason. */
export function foreign(request: IncomingMessage, names: ReadonlySet<string>): string | null {
  const host = (request.headers.host ?? '').toLowerCase()
  if (!names.has(host)) return `this server does not answer for the host "${host}"`
  const { origin } = request.headers
  if (origin === undefined) return null
  return [...names].some(name => origin.toLowerCase() === `http://${name}`)
    ? null
    : `requests from ${origin} are not answered`
}
