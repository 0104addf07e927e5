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
  return bad === undefined ? null : `domain name "${name}" invalid (label "${bad}" invalid)`
}

export const isIp = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(':') && ipaddr.IPv6.isValid(text))

export function isSubnet(text: string): boolean {
  if (!text.includes('/')) return isIp(text)
  const [address = '', bits = ''] = text.split('/')
  return isIp(address) && /^\d{1,3}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32)
}
