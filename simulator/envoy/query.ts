// The query of a path, as Envoy reads it: names and values as written, the first value of a name counts.

export function parseQuery(path: string): Map<string, string> {
  const found = new Map<string, string>()
  const at = path.indexOf('?')
  if (at < 0) return found
  const hash = path.indexOf('#', at)
  for (const part of path.slice(at + 1, hash < 0 ? undefined : hash).split('&')) {
    const eq = part.indexOf('=')
    const name = eq < 0 ? part : part.slice(0, eq)
    if (!found.has(name)) found.set(name, eq < 0 ? '' : part.slice(eq + 1))
  }
  return found
}
