// Path normalisation as Envoy's connection manager does it before anything looks at the path
// (source/common/http/path_utility.cc over the URL canonicaliser): backslashes, encoded unreserved characters, dot
// segments; and merged slashes where asked for. Query and fragment stay as they came.

const UNRESERVED = /[A-Za-z0-9\-._~]/

/** Path without query and fragment. */
export function barePath(path: string): string {
  const q = path.indexOf('?')
  const bare = q < 0 ? path : path.slice(0, q)
  const h = bare.indexOf('#')
  return h < 0 ? bare : bare.slice(0, h)
}

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
  const bare = barePath(path)
  const rest = path.slice(bare.length)
  const needsWork = bare.includes('%') || bare.includes('\\') || bare.includes('/.')
  let normal = needsWork ? withoutDotSegments(decodeUnreserved(bare).replaceAll('\\', '/')) : bare
  if (mergeSlashes && normal.includes('//')) normal = normal.replace(/\/{2,}/g, '/')
  return normal + rest
}

/** Escaped slashes and backslashes of the path become what they stand for. */
export function unescapeSlashes(path: string): string {
  const bare = barePath(path)
  return bare.replace(/%2f/gi, '/').replace(/%5c/gi, '\\') + path.slice(bare.length)
}
