// Which texts the API server's CEL takes for URLs (isURL, url): Go's url.ParseRequestURI.
// Source: go net/url (parse, parseAuthority, parseHost), k8s.io/apiserver pkg/cel/library/urls.go.

/** Reserved and unreserved characters that Go lets stand in a host; others outside ASCII too. */
const HOST = /^(?:[-A-Za-z0-9_.~!$&'()*+,;=:<>"\u0080-\uffff]|%[89a-fA-F][0-9a-fA-F])*$/
const USER = /^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/
const PORT = /^(?::\d*)?$/

function goodHost(host: string): boolean {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    return end > 0 && PORT.test(host.slice(end + 1)) && /^[0-9A-Fa-f:.]+(?:%25[^\s]+)?$/.test(host.slice(1, end))
  }
  const colon = host.lastIndexOf(':')
  return (colon < 0 || PORT.test(host.slice(colon))) && HOST.test(host)
}

function goodAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@')
  return (at < 0 || USER.test(authority.slice(0, at))) && goodHost(authority.slice(at + 1))
}

const goodPath = (path: string): boolean => !/%(?![0-9a-fA-F]{2})/.test(path)

/** A scheme's text, '' where there is none, null where the text begins with the colon. */
function schemeIn(text: string): string | null {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)
  return match ? match[1]! : text.startsWith(':') ? null : ''
}

/** Scheme in lower case, '' for a path; null where the text is no URL. */
export function requestScheme(text: string): string | null {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return null
  }
  if (text === '') return null
  if (text === '*') return ''
  const scheme = schemeIn(text)
  if (scheme === null) return null
  const [rest = ''] = text.slice(scheme === '' ? 0 : scheme.length + 1).split('?')
  if (!rest.startsWith('/')) return scheme === '' ? null : scheme.toLowerCase()
  if (scheme === '' || !rest.startsWith('//')) return goodPath(rest) ? scheme.toLowerCase() : null
  const slash = rest.indexOf('/', 2)
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash)
  const path = slash < 0 ? '' : rest.slice(slash)
  return goodAuthority(authority) && goodPath(path) ? scheme.toLowerCase() : null
}
