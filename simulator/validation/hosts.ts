// Names that Istio accepts: DNS labels, fully qualified names, wildcards, addresses (istio: pkg/config/validation/agent).
import ipaddr from 'ipaddr.js'
import { utf8Length } from '../resources/utf8.ts'

const LABEL = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/
const WILDCARD_LABEL = /^(\*|(\*|\*-)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/

export const isDnsLabel = (text: string): boolean => text.length <= 63 && LABEL.test(text)

const lengthProblem = (name: string): string | null => {
  if (name === '') return 'empty domain name not allowed'
  return utf8Length(name) > 255 ? `domain name "${name}" too long (max 255)` : null
}

/** Labels between dots; the last may be empty (`istio.io.`) and may not be a number. */
function labelsProblem(name: string): string | null {
  const labels = name.split('.')
  const top = labels.at(-1) ?? ''
  if (/^\d+$/.test(top)) return `domain name "${name}" invalid (top level domain "${top}" cannot be all-numeric)`
  const bad = (top === '' ? labels.slice(0, -1) : labels).find(label => !isDnsLabel(label))
  return bad === undefined ? null : `domain name "${name}" invalid (label "${bad}" invalid)`
}

/** Null, or why this is no fully qualified domain name. */
export const fqdnProblem = (name: string): string | null => lengthProblem(name) ?? labelsProblem(name)

const GENERATED_FORM = 'outbound_.<PORT>_._.<HOSTNAME>'

/**
 * Hosts of VirtualServices bound to gateways. With `sni`, also names that istiod makes for AUTO_PASSTHROUGH:
 * outbound_.PORT_.SUBSET_.HOST, of which only a digit in the port and a letter in the host are asked for.
 */
export function gatewayHostProblem(sni: boolean, name: string): string | null {
  const length = lengthProblem(name)
  if (length !== null || !sni || !name.startsWith('outbound_')) return length ?? wildcardProblem(name)
  const [, port, , host] = name.split('_')
  if (port === undefined || host === undefined) {
    return `domain name ${name} invalid, should follow '${GENERATED_FORM}' format`
  }
  const bad = /\d/.test(port) ? (/[a-zA-Z]/.test(host) ? null : host) : port
  return bad === null
    ? null
    : `domain name "${name}" invalid (label "${bad}" invalid). should follow ${GENERATED_FORM} format`
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
  const length = lengthProblem(name)
  if (length !== null) return length
  const dot = name.indexOf('.')
  const first = dot < 0 ? name : name.slice(0, dot)
  if (first.length > 63 || !WILDCARD_LABEL.test(first))
    return `domain name "${name}" invalid (label "${first}" invalid)`
  return dot < 0 ? null : labelsProblem(name.slice(dot + 1))
}

/** Four decimal numbers without leading zeros, or an IPv6 address, its zone included (Go's netip.ParseAddr). */
export function isIp(text: string): boolean {
  if (!text.includes(':')) return IPV4.test(text) && ipaddr.IPv4.isValidFourPartDecimal(text)
  const mapped = /:([\d.]*\.[\d.]*)(?:%.*)?$/.exec(text)?.[1]
  return ipaddr.IPv6.isValid(text) && (mapped === undefined || IPV4.test(mapped))
}

const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/

/** An address, or a CIDR block (Go's netip.ParsePrefix, which knows no zones). */
export function isSubnet(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  if (bits === undefined) return isIp(address)
  if (more.length > 0 || address.includes('%') || !isIp(address) || !/^(?:0|[1-9]\d{0,2})$/.test(bits)) return false
  return Number(bits) <= (address.includes(':') ? 128 : 32)
}

export const subnetProblem = (text: string): string | null =>
  isSubnet(text) ? null : `${text} is not a valid ${text.split('/').length === 2 ? 'CIDR block' : 'IP'}`
