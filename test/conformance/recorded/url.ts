// URLs exactly as written: nothing is normalized.
export interface SplitUrl {
  scheme: string
  host: string
  port: number
  authority: string
  path: string
}

/** `scheme://host[:port][/path]`; the port's default is the scheme's. */
export function splitUrl(url: string): SplitUrl {
  const colon = url.indexOf('://')
  const scheme = url.slice(0, colon)
  const rest = url.slice(colon + 3)
  const end = rest.search(/[/?]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  const tail = end < 0 ? '/' : rest.slice(end)
  const at = authority.lastIndexOf(':')
  const host = at < 0 ? authority : authority.slice(0, at)
  const port = at < 0 ? (scheme === 'https' ? 443 : 80) : Number(authority.slice(at + 1))
  return { scheme, host, port, authority, path: tail.startsWith('?') ? `/${tail}` : tail }
}
