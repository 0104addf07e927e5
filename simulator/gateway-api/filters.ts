// Filters of a rule (pilot/pkg/config/kube/gateway/conversion.go createHeadersFilter, createRedirectFilter,
// createRewriteFilter, createMirrorFilter).
import { backendDestination, type RuleContext } from './backends.ts'
import { type Fields, fields, list, text } from './types.ts'

export function convertFilters(filters: readonly unknown[], context: RuleContext): Fields {
  const out: Fields = {}
  const headers = convertHeaders(filters)
  if (headers !== null) out.headers = headers
  const mirrors: Fields[] = []
  for (const filter of filters.map(fields)) {
    switch (text(filter.type)) {
      case 'RequestRedirect':
        out.redirect = redirect(fields(filter.requestRedirect))
        break
      case 'URLRewrite':
        out.rewrite = rewrite(fields(filter.urlRewrite))
        break
      case 'RequestMirror':
        mirrors.push(mirror(fields(filter.requestMirror), context))
        break
      case 'CORS':
        out.corsPolicy = cors(fields(filter.cors))
        break
    }
  }
  if (mirrors.length > 0) out.mirrors = mirrors
  return out
}

/** Header filters of a rule or of one backend; null = none. */
export function convertHeaders(filters: readonly unknown[]): Fields | null {
  const out: Fields = {}
  for (const filter of filters.map(fields)) {
    if (filter.type === 'RequestHeaderModifier') out.request = operations(fields(filter.requestHeaderModifier))
    if (filter.type === 'ResponseHeaderModifier') out.response = operations(fields(filter.responseHeaderModifier))
  }
  return Object.keys(out).length === 0 ? null : out
}

function operations(config: Fields): Fields {
  const out: Fields = {}
  for (const kind of ['add', 'set']) {
    const lines = list(config[kind]).map(fields)
    if (lines.length > 0) out[kind] = Object.fromEntries(lines.map(line => [text(line.name), line.value]))
  }
  if (list(config.remove).length > 0) out.remove = config.remove
  return out
}

function redirect(config: Fields): Fields {
  const out: Fields = { redirectCode: config.statusCode ?? 302 }
  if (config.hostname !== undefined) out.authority = config.hostname
  if (config.scheme !== undefined) out.scheme = config.scheme
  if (config.port !== undefined) out.port = config.port
  else out.derivePort = config.scheme === undefined ? 'FROM_REQUEST_PORT' : 'FROM_PROTOCOL_DEFAULT'
  const path = fields(config.path)
  if (path.type === 'ReplaceFullPath') out.uri = path.replaceFullPath
  if (path.type === 'ReplacePrefixMatch') out.uri = `%PREFIX()%${text(path.replacePrefixMatch)}`
  return out
}

function rewrite(config: Fields): Fields {
  const out: Fields = {}
  if (config.hostname !== undefined) out.authority = config.hostname
  const path = fields(config.path)
  if (path.type === 'ReplacePrefixMatch') out.uri = text(path.replacePrefixMatch).replace(/\/$/, '') || '/'
  if (path.type === 'ReplaceFullPath') out.uriRegexRewrite = { match: '/.*', rewrite: path.replaceFullPath }
  return out
}

function mirror(config: Fields, context: RuleContext): Fields {
  const fraction = fields(config.fraction)
  const share =
    typeof config.percent === 'number'
      ? config.percent
      : typeof fraction.numerator === 'number'
        ? (100 * fraction.numerator) / Number(fraction.denominator ?? 100)
        : null
  const destination = backendDestination(fields(config.backendRef), context)
  return share === null ? { destination } : { destination, percentage: { value: share } }
}

function cors(config: Fields): Fields {
  const origins = list(config.allowOrigins).map(origin => {
    const value = text(origin)
    if (value === '*') return { regex: '.*' }
    if (!value.includes('*')) return { exact: value }
    return { regex: value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*') }
  })
  const out: Fields = { allowOrigins: origins }
  for (const name of ['allowMethods', 'allowHeaders', 'exposeHeaders', 'allowCredentials'])
    if (config[name] !== undefined) out[name] = config[name]
  if (typeof config.maxAge === 'number') out.maxAge = `${config.maxAge}s`
  return out
}
