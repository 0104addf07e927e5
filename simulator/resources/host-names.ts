// Hosts with wildcards (istio: pkg/config/host/name.go).

export const isWildcard = (host: string): boolean => host.startsWith('*')

/** Do the two cover each other in either direction? `*.com` and `foo.com` do. */
export function hostMatches(a: string, b: string): boolean {
  if (isWildcard(a)) {
    if (!isWildcard(b)) return b.endsWith(a.slice(1))
    return a.length < b.length ? b.slice(1).endsWith(a.slice(1)) : a.slice(1).endsWith(b.slice(1))
  }
  return isWildcard(b) ? a.endsWith(b.slice(1)) : a === b
}

/** Is every name of `a` a name of `b`? */
export function hostSubsetOf(a: string, b: string): boolean {
  if (isWildcard(a)) return isWildcard(b) && a.length >= b.length && a.slice(1).endsWith(b.slice(1))
  return isWildcard(b) ? a.endsWith(b.slice(1)) : a === b
}
