// Path normalisation as Envoy's connection manager does it before anything looks at the path
// (source/common/http/path_utility.cc over the URL canonicaliser): backslashes, encoded unreserved characters, dot
// segments; and merged slashes where asked for. Query and fragment stay as they came.

const UNRESERVED = /[A-Za-z0-9\-._~]/

/** Decodes what needs no encoding, upper-cases nothing, leaves every other escape as written. */
function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9A-Fa-f]{2})/g, (sequence, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return UNRESERVED.test(character) ? character : sequence
  })
}

function withoutDotSegments(path: string): string {
  const out: string[] = []
  const segments = path.split('/').slice(1)
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1
    if (segment === '..') {
      out.pop()
      if (last) out.push('')
    } else if (segment === '.') {
      if (last) out.push('')
    } else out.push(segment)
  })
  return `/${out.join('/')}`
}

/** The normalised `:path`, null when it cannot be one. `mergeSlashes`: adjacent slashes become one. */
export function normalizePath(path: string, mergeSlashes: boolean): string | null {
  if (!path.startsWith('/')) return path === '*' ? path : null
  const query = path.search(/[?#]/)
  const bare = query < 0 ? path : path.slice(0, query)
  const rest = query < 0 ? '' : path.slice(query)
  const needsWork = bare.includes('%') || bare.includes('\\') || bare.includes('/.')
  let normal = needsWork ? withoutDotSegments(decodeUnreserved(bare).replaceAll('\\', '/')) : bare
  if (mergeSlashes && normal.includes('//')) normal = normal.replace(/\/{2,}/g, '/')
  return normal + rest
}
