// Values that an AuthorizationPolicy may compare with (istio: pkg/config/security/security.go).
import { isSubnet } from './hosts.ts'

const emptyProblem = (key: string, values: readonly string[]): string | null =>
  values.includes('') ? `empty value not allowed, found in ${key}` : null

const first = (values: readonly string[], problem: (value: string) => string | null): string | null =>
  values.map(problem).find(found => found !== null) ?? null

const addressProblem = (values: readonly string[]): string | null =>
  first(values, value => {
    if (isSubnet(value)) return null
    return value.includes('/') ? `bad CIDR range (${value})` : `bad IP address (${value})`
  })

/** 0 passes, as it does in istiod. */
const portProblem = (values: readonly string[]): string | null =>
  first(values, value => (/^\d+$/.test(value) && Number(value) <= 65535 ? null : `bad port (${value})`))

/** One star at most, at the begin or the end. */
function wildcardProblem(key: string, values: readonly string[]): string | null {
  return (
    emptyProblem(key, values) ??
    first(values, value => {
      const stars = value.split('*').length - 1
      if (stars > 1) return `at most one wildcard is allowed, found in ${key}: "${value}"`
      if (stars === 0 || value.startsWith('*') || value.endsWith('*')) return null
      return `wildcard is only allowed at the start or end, found in ${key}: "${value}"`
    })
  )
}

function trustDomainProblem(key: string, values: readonly string[]): string | null {
  const slash = (value: string): string | null =>
    value.includes('/') ? `trust domain must not contain '/', found in ${key}: "${value}"` : null
  return wildcardProblem(key, values) ?? first(values, slash)
}

/** NAME or NAMESPACE/NAME. */
function serviceAccountProblem(key: string, values: readonly string[]): string | null {
  if (values.length > 16) return 'may not have more than 16 values'
  return first(values, value => {
    if (value === '') return `empty value not allowed, found in ${key}`
    if (value.includes('*')) return `wildcard not allowed, found in ${key}`
    const parts = value.split('/')
    const form = "expected format 'serviceAccount' or 'namespace/serviceAccount'"
    if (parts.length > 2) return `${form}, found "${value}" in ${key}`
    if (value.length > 320) return `value cannot exceed 320 characters, found "${value}" in ${key}`
    return parts.includes('') ? `${form}, found an empty part "${value}" in ${key}` : null
  })
}

const LITERAL = /^[-a-zA-Z0-9._~%!$&'()+,;:@=]+$/

/** Segments are literals, `{*}` or, as the last operator, `{**}`; with operators literals hold no star. */
function pathProblem(key: string, path: string): string | null {
  const invalid = `invalid or unsupported path ${path}, found in ${key}.`
  const template = path.includes('{*}') || path.includes('{**}')
  let deep = false
  for (const segment of path.replace(/^\/+|\/+$/g, '').split('/')) {
    if (segment === '{*}' || segment === '{**}') {
      if (deep) return `${invalid} {**} is not the last operator`
      deep = segment === '{**}'
    } else if (/[{}]/.test(segment)) return `${invalid} Contains '{' or '}' beyond a supported path template`
    else if (template && !LITERAL.test(segment)) {
      return `${invalid} Contains segment ${segment} with invalid string literal`
    }
  }
  return null
}

/** What is wrong with the values of one field of a source or an operation. */
export function valueProblems(field: string, values: readonly string[]): (string | null)[] {
  if (/^(?:notS|s)erviceAccounts$/.test(field)) return [serviceAccountProblem(field, values)]
  if (/^(?:notT|t)rustDomains$/.test(field)) return [trustDomainProblem(field, values)]
  const found = [emptyProblem(field, values)]
  if (/ipBlocks$/i.test(field)) found.push(addressProblem(values))
  if (/^(?:notP|p)orts$/.test(field)) found.push(portProblem(values))
  if (/^(?:notP|p)aths$/.test(field)) found.push(first(values, value => pathProblem(field, value)))
  return found
}

/** NAME[KEY] with a key. */
function mapKeyProblem(key: string): string | null {
  const open = key.indexOf('[')
  return key.endsWith(']') && open > 0 && open < key.length - 2 ? null : `bad key (${key}): should have format a[b]`
}

const PLAIN: ReadonlySet<string> = new Set([
  'source.namespace',
  'source.principal',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'connection.sni',
])
const ADDRESSES: ReadonlySet<string> = new Set(['source.ip', 'remote.ip', 'destination.ip'])
const KEYED = ['request.headers', 'request.auth.claims', 'experimental.envoy.filters.']

/** What is wrong with a condition's key or with its values. */
export function attributeProblem(key: string, values: readonly string[]): string | null {
  const empty = emptyProblem(key, values)
  if (empty !== null) return empty
  if (KEYED.some(prefix => key.startsWith(prefix))) return mapKeyProblem(key)
  if (ADDRESSES.has(key)) return addressProblem(values)
  if (key === 'source.serviceAccount') return serviceAccountProblem(key, values)
  if (key === 'source.trustDomain') return wildcardProblem(key, values)
  if (key === 'destination.port') return portProblem(values)
  if (PLAIN.has(key)) return null
  if (key === 'destination.namespace') return `attribute ${key} is replaced by the metadata.namespace`
  if (key.startsWith('destination.labels')) return `attribute ${key} is replaced by the workload selector`
  if (key === 'destination.name' || key === 'destination.user') {
    return `deprecated attribute ${key}: only supported in v1alpha1`
  }
  return `unknown attribute: ${key}`
}
