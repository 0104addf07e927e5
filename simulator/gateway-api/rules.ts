// One rule of an HTTPRoute or GRPCRoute as rules of a VirtualService, one for each match
// (pilot/pkg/config/kube/gateway/conversion.go convertHTTPRoute, convertGRPCRoute).
import { backendDestination, type RuleContext } from './backends.ts'
import { convertFilters, convertHeaders } from './filters.ts'
import { type Fields, fields, list, text } from './types.ts'

export function convertRule(rule: Fields, position: number, context: RuleContext): Fields[] {
  const { route } = context
  const base: Fields = {
    name: `${route.metadata.namespace}.${route.metadata.name}.${position}`,
    ...convertFilters(list(rule.filters), context),
    ...timeouts(fields(rule.timeouts), rule.retry !== undefined),
  }
  const backends = list(rule.backendRefs).map(fields)
  const sum = backends.reduce((total, backend) => total + weightOf(backend), 0)
  if (base.redirect === undefined) {
    if (sum === 0) base.directResponse = { status: 500 }
    else base.route = destinations(backends, context)
  }
  const matches = list(rule.matches).map(fields)
  if (route.kind === 'GRPCRoute') {
    if (matches.length === 0) return [base]
    return matches.map(match => ({ ...base, match: [grpcMatch(match)] }))
  }
  // The API server fills in what the schema defaults to: every path.
  if (matches.length === 0) matches.push({})
  return matches.map(match => ({ ...base, match: [httpMatch({ path: EVERY_PATH, ...match })] }))
}

const EVERY_PATH = { type: 'PathPrefix', value: '/' }
const weightOf = (backend: Fields): number => (typeof backend.weight === 'number' ? backend.weight : 1)

function timeouts(config: Fields, retries: boolean): Fields {
  const out: Fields = {}
  if (text(config.request) !== '' && text(config.request) !== '0s') out.timeout = config.request
  const backend = text(config.backendRequest)
  if (backend !== '' && backend !== '0s') {
    if (retries) out.retries = { perTryTimeout: backend }
    else out.timeout = backend
  }
  return out
}

function destinations(backends: readonly Fields[], context: RuleContext): Fields[] {
  const used = backends.filter(backend => weightOf(backend) > 0)
  return used.map(backend => {
    const out: Fields = { destination: backendDestination(backend, context) }
    if (used.length > 1) out.weight = weightOf(backend)
    const headers = convertHeaders(list(backend.filters))
    if (headers !== null) out.headers = headers
    return out
  })
}

function httpMatch(match: Fields): Fields {
  const out: Fields = {}
  out.uri = pathMatch(fields(match.path))
  if (typeof match.method === 'string') out.method = { exact: match.method }
  const headers = byName(match.headers)
  if (headers !== null) out.headers = headers
  const query = byName(match.queryParams)
  if (query !== null) out.queryParams = query
  return out
}

function pathMatch(path: Fields): Fields {
  const value = text(path.value, '/')
  switch (text(path.type, 'PathPrefix')) {
    case 'Exact':
      return { exact: value }
    case 'RegularExpression':
      return { regex: value }
    default:
      return { prefix: value === '/' ? value : value.replace(/\/$/, '') }
  }
}

function byName(config: unknown): Fields | null {
  const out: Fields = {}
  for (const entry of list(config).map(fields)) {
    const kind = text(entry.type, 'Exact') === 'RegularExpression' ? 'regex' : 'exact'
    // the first of two with one name counts
    out[text(entry.name)] ??= { [kind]: entry.value }
  }
  return Object.keys(out).length === 0 ? null : out
}

/** Service and method of gRPC are the path. */
function grpcMatch(match: Fields): Fields {
  const out: Fields = {}
  const method = fields(match.method)
  const service = text(method.service)
  const name = text(method.method)
  const regex = text(method.type, 'Exact') === 'RegularExpression'
  if (service !== '' || name !== '') {
    if (regex) out.uri = { regex: `/${service || '[^/]+'}/${name || '[^/]+'}` }
    else if (service === '') out.uri = { regex: `/[^/]+/${name}` }
    else if (name === '') out.uri = { prefix: `/${service}/` }
    else out.uri = { exact: `/${service}/${name}` }
  }
  const headers = byName(match.headers)
  if (headers !== null) out.headers = headers
  return out
}
