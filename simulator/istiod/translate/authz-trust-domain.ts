// Trust domains and their aliases in policies (pilot/pkg/security/trustdomain).

const DEFAULT_DOMAIN = 'cluster.local'

/** `domain` matches a pattern of `*x`, `x*`, `*` or itself. */
const matches = (domain: string, pattern: string): boolean =>
  domain === pattern ||
  pattern === '*' ||
  (pattern.endsWith('*') && domain.startsWith(pattern.slice(0, -1))) ||
  (pattern.startsWith('*') && domain.endsWith(pattern.slice(1)))

/** Principals of our trust domain (or an alias) hold for all of them; others are left as they are. */
export function withAliases(principals: readonly string[], domains: readonly string[]): string[] {
  const all: string[] = []
  for (const principal of principals) {
    const parts = principal.split('/')
    const [domain = ''] = parts
    const ours = domains.some(known => matches(known, domain)) || domain === DEFAULT_DOMAIN
    if (parts.length !== 5 || domain === '*' || !ours) {
      all.push(principal)
      continue
    }
    const named: string[] = []
    for (const known of domains) {
      const fits = domain.startsWith('*') && known.endsWith(domain.slice(1))
      const next = fits ? principal : [known, ...parts.slice(1)].join('/')
      if (!named.includes(next)) named.push(next)
    }
    all.push(...named)
  }
  return all
}

/** A trust domain of ours stands for all of ours. */
export function expandedDomains(values: readonly string[], domains: readonly string[]): string[] {
  const all = values.flatMap(value => (domains.includes(value) ? [...domains] : [value]))
  return [...new Set(all)]
}
