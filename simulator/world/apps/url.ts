// The few parts of a URL that a client needs, split by hand: the core has no URL class.

export interface Target {
  scheme: 'http' | 'https'
  host: string
  port: number
  /** Host as a client writes it into the Host header: the port only when it was written. */
  authority: string
  /** Path with query, at least "/". */
  path: string
}

/** Null when the text is not `http(s)://host[:port][/path]`. */
export function parseUrl(url: string): Target | null {
  const separator = url.indexOf('://')
  const scheme = url.slice(0, separator)
  if (scheme !== 'http' && scheme !== 'https') return null
  const rest = url.slice(separator + 3)
  const end = rest.search(/[/?]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  const tail = end < 0 ? '/' : rest.slice(end)
  const path = tail.startsWith('/') ? tail : `/${tail}`
  const socket = splitAuthority(authority, scheme === 'http' ? 80 : 443)
  return socket === null ? null : { scheme, ...socket, authority, path }
}

/** Where a client of bare TCP connects: `tcp://host:port`, or `tls://host:port` for TCP within TLS. */
export interface Socket {
  host: string
  port: number
  tls: boolean
}

/** Null when the text is not `tcp://host:port` or `tls://host:port`. */
export function parseSocket(url: string): Socket | null {
  const found = /^(tcp|tls):\/\/([^/\s?]+)$/.exec(url)
  const socket = found === null ? null : splitAuthority(found[2]!, 0)
  return socket === null ? null : { ...socket, tls: found![1] === 'tls' }
}

/** Null without a host, or without a port where none is the default (0). */
function splitAuthority(authority: string, defaultPort: number): { host: string; port: number } | null {
  const colon = authority.lastIndexOf(':')
  const bracket = authority.lastIndexOf(']')
  const hasPort = colon > bracket
  const host = hasPort ? authority.slice(0, colon) : authority
  const port = hasPort ? Number(authority.slice(colon + 1)) : defaultPort
  if (host === '' || !Number.isInteger(port) || port < 1 || port > 65535) return null
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port }
}
