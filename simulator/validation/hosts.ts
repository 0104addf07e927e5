// Names that Istio accepts: DNS labels, fully qualified names, wildcards, addresses (istio: pkg/config/validation/agent).
import ipaddr from 'ipaddr.js'

const LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/
const WILDCARD_LABEL = /^(\*|(\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/

export const isDnsLabel = (text: string): boolean => text.length <= 63 && LABEL.test(text)

/** Null, or why this is no fully qualified domain name. */
export function fqdnProblem(name: string): string | null {
  if (name === '') return 'empty domain name not allowed'
  if (name.length > 255) return `domain name "${name}" too long (max 255)`
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.')
  const bad = labels.find(label => !isDnsLabel(label))
  if (bad !== undefined) return `domain name "${name}" invalid (label "${bad}" invalid)`
  return /^\d+$/.test(labels.at(-1) ?? '') ? `domain name "${name}" invalid (top level domain is numeric)` : null
}

/** A name that a gateway routes by SNI as istiod made it: outbound_.PORT_.SUBSET_.HOST. */
const GENERATED_SNI = /^outbound_\.\d+_\.[^_]*_\.(.+)$/

/** Hosts of VirtualServices bound to gateways; with `sni`, generated names as well. */
export function gatewayHostProblem(sni: boolean, name: string): string | null {
  if (!sni || !name.startsWith('outbound_')) return wildcardProblem(name)
  const host = GENERATED_SNI.exec(name)?.[1]
  return host === undefined ? `domain name "${name}" invalid` : fqdnProblem(host)
}

/** A wildcard that is not a whole first label. */
export const partialWildcardProblem = (host: string): string | null =>
  host.includes('*') && host.length !== 1 && !host.startsWith('*.') ? `partial wildcard "${host}" not allowed` : null

/** Hosts of a Gateway's server or a Sidecar's egress: `namespace/name`, of gateways the name alone too. */
export function namespacedHostProblems(entry: string, of: 'gateway' | 'gateway-api' | 'sidecar'): string[] {
  const gateway = of !== 'sidecar'
  const slash = entry.indexOf('/')
  if (slash < 0) return gateway ? hostPartProblems(entry, true) : ['host must be of form namespace/dnsName']
  const [namespace, name] = [entry.slice(0, slash), entry.slice(slash + 1)]
  const found: string[] = []
  if (namespace === '' || name === '') found.push('config namespace and dnsName in host entry cannot be empty')
  const bare = gateway ? namespace : namespace.replace(/^~/, '')
  const known =
    bare === '*' ||
    bare === '.' ||
    (of === 'gateway-api' && bare === '~') ||
    (!gateway && bare === '') ||
    isDnsLabel(bare)
  if (!known) found.push(`invalid namespace value "${namespace}" in ${gateway ? 'gateway' : 'sidecar'}`)
  return [...found, ...hostPartProblems(name, gateway)]
}

function hostPartProblems(name: string, gateway: boolean): string[] {
  const found: string[] = []
  if (name !== '*' && !name.includes('.')) found.push('short names (non FQDN) are not allowed')
  const problem = wildcardProblem(name)
  if (problem !== null && !(gateway && isIp(name))) found.push(problem)
  const partial = partialWildcardProblem(name)
  return partial === null ? found : [...found, partial]
}

/** A domain whose first label may hold a wildcard. */
export function wildcardProblem(name: string): string | null {
  if (name === '') return 'empty domain name not allowed'
  if (name.length > 255) return `domain name "${name}" too long (max 255)`
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.')
  const [first = '', ...rest] = labels
  if (first.length > 63 || !WILDCARD_LABEL.test(first))
    return `domain name "${name}" invalid (label "${first}" invalid)`
  if (rest.length === 0) return null
  const bad = rest.find(label => !isDnsLabel(label))
  if (bad !== undefined) return `domain name "${name}" invalid (label "${bad}" invalid)`
  return /^\d+$/.test(rest.at(-1) ?? '') ? `domain name "${name}" invalid (top level domain is numeric)` : null
}

export const isIp = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text))

export function isSubnet(text: string): boolean {
  if (!text.includes('/')) return isIp(text)
  const [address = '', bits = ''] = text.split('/')
  return isIp(address) && /^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32)
}
