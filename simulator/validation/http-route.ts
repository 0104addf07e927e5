// What istiod's webhook refuses of one HTTP rule (istio: pkg/config/validation/virtualservice.go).
import type { Path } from '../diagnostics/types.ts'
import type { Destination } from '../resources/common.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  CorsPolicy,
  HTTPDirectResponse,
  HTTPFaultInjection,
  HTTPMatchRequest,
  HTTPRedirect,
  HTTPRetry,
  HTTPRewrite,
  HTTPRoute,
  StringMatch,
} from '../resources/networking/virtual-service.ts'
import { parseProtoDuration } from '../resources/proto-duration.ts'
import { utf8Length } from '../resources/utf8.ts'
import { portProblem, report } from './common.ts'
import { isDnsLabel, wildcardProblem } from './hosts.ts'
import { authorityProblem, corsHeaderProblem, headerOperations, matchHeaderProblem } from './http-headers.ts'
import { NAMED_STATUS } from './http-status.ts'
import { l4Match } from './l4-match.ts'
import { checkDuration, checkPercent, type Refusals, regexProblem } from './refusals.ts'

const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT PATCH DELETE CONNECT OPTIONS TRACE *'.split(' '))
const RETRY_ON: ReadonlySet<string> = new Set(
  `5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream retriable-status-codes
  retriable-headers envoy-ratelimited http3-post-connect-failure cancelled deadline-exceeded internal
  resource-exhausted unavailable`.split(/\s+/),
)
const GRPC: ReadonlySet<string> = new Set(
  `OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED UNAUTHENTICATED
  RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS`.split(
    /\s+/,
  ),
)

/** Where a rule stands: of a VirtualService without hosts, or made from a route of the Gateway API. */
export interface RuleContext {
  delegate: boolean
  gatewayApi: boolean
}

export function httpRoute(route: Loose<HTTPRoute>, path: Path, context: RuleContext, out: Refusals): void {
  report(out, path, ...conflicts(route, context.delegate))
  for (const [i, match] of (route.match ?? []).entries()) httpMatch(match, [...path, 'match', i], out)
  headerOperations(route.headers, [...path, 'headers'], out)
  if (route.corsPolicy !== undefined) corsPolicy(route.corsPolicy, [...path, 'corsPolicy'], out)
  if (route.fault !== undefined) faults(route.fault, [...path, 'fault'], out)
  mirroring(route, path, out)
  if (route.redirect !== undefined) {
    report(out, [...path, 'redirect'], redirectProblem(route.redirect, route.match ?? []))
  }
  if (route.directResponse !== undefined) directResponse(route.directResponse, [...path, 'directResponse'], out)
  if (route.retries !== undefined) retries(route.retries, [...path, 'retries'], out)
  if (route.rewrite !== undefined) report(out, [...path, 'rewrite'], rewriteProblem(route.rewrite))
  report(out, path, authorityProblem(route.rewrite?.authority ?? '', route.headers))
  for (const [i, item] of (route.route ?? []).entries()) {
    headerOperations(item.headers, [...path, 'route', i, 'headers'], out)
  }
  weighted(route.route ?? [], [...path, 'route'], context, out)
  checkDuration(out, [...path, 'timeout'], route.timeout)
}

/** Actions that exclude each other. */
function conflicts(route: Loose<HTTPRoute>, delegate: boolean): string[] {
  const { redirect, directResponse: response, fault, rewrite, name = '' } = route
  const hasRoute = (route.route ?? []).length > 0
  if (!delegate && route.delegate !== undefined) {
    return [
      ...(redirect === undefined ? [] : [`root HTTP route ${name} must not specify redirect`]),
      ...(hasRoute ? [`root HTTP route ${name} must not specify route`] : []),
    ]
  }
  const found: string[] = []
  if (delegate && route.delegate !== undefined) found.push('delegate HTTP route cannot contain delegate')
  const action = redirect === undefined ? (response === undefined ? null : 'direct_response') : 'redirect'
  if (action === null && !hasRoute) found.push('HTTP route, redirect or direct_response is required')
  if (action !== null) {
    if (hasRoute) found.push(`HTTP route cannot contain both route and ${action}`)
    if (fault !== undefined) found.push(`HTTP route cannot contain both fault and ${action}`)
    if (rewrite !== undefined) found.push(`HTTP route rule cannot contain both rewrite and ${action}`)
    if (redirect !== undefined && response !== undefined) {
      found.push('HTTP route rule cannot contain both direct_response and redirect')
    }
  }
  if (route.mirror !== undefined && (route.mirrors ?? []).length > 0) {
    found.push('HTTP route cannot contain both mirror and mirrors')
  }
  return found
}

function httpMatch(match: Loose<HTTPMatchRequest>, path: Path, out: Refusals): void {
  for (const key of ['headers', 'withoutHeaders'] as const) {
    for (const [name, value] of Object.entries(match[key] ?? {})) {
      report(out, [...path, key], matchHeaderProblem(name))
      // a lone star is presence, not a pattern
      const presence = key === 'withoutHeaders' && value?.regex === '*'
      if (value !== undefined && !presence) report(out, [...path, key, name], stringProblem(value, key))
    }
  }
  if (match.uri !== undefined) report(out, [...path, 'uri'], patternProblem(match.uri, 'uri'))
  for (const key of ['scheme', 'method', 'authority'] as const) {
    const value = match[key]
    if (value !== undefined) report(out, [...path, key], stringProblem(value, key))
  }
  for (const [name, value] of Object.entries(match.queryParams ?? {})) {
    if (value !== undefined) report(out, [...path, 'queryParams', name], stringProblem(value, 'queryParams'))
  }
  l4Match({ port: match.port, sourceLabels: match.sourceLabels, gateways: match.gateways }, path, out)
  const source = match.sourceNamespace ?? ''
  out.errorIf(source !== '' && !isDnsLabel(source), path, `sourceNamespace match ${source} is invalid`)
}

const quoted = (where: string, problem: string | null): string | null =>
  problem === null ? null : `"${where}": ${problem}`

const patternProblem = ({ regex }: Loose<StringMatch>, where: string): string | null => {
  if (regex === undefined) return null
  return quoted(where, regex === '' ? 'regex string match should not be empty' : regexProblem(regex))
}

/** Unlike that of a path, a prefix of anything else is not empty. */
function stringProblem(match: Loose<StringMatch>, where: string): string | null {
  if (match.prefix === '') return quoted(where, 'prefix string match should not be empty')
  return patternProblem(match, where)
}

function corsPolicy(policy: Loose<CorsPolicy>, path: Path, out: Refusals): void {
  for (const [i, origin] of (policy.allowOrigins ?? []).entries()) {
    const some = Boolean(origin.exact || origin.prefix || origin.regex)
    const problem = patternProblem(origin, 'corsPolicy.allowOrigins')
    report(out, [...path, 'allowOrigins', i], some ? problem : "'' is not a valid match type for CORS allow origins")
  }
  for (const [i, method] of (policy.allowMethods ?? []).entries()) {
    out.errorIf(!METHODS.has(method), [...path, 'allowMethods', i], `"${method}" is not a supported HTTP method`)
  }
  for (const key of ['allowHeaders', 'exposeHeaders'] as const) {
    for (const [i, name] of (policy[key] ?? []).entries()) report(out, [...path, key, i], corsHeaderProblem(name))
  }
  checkDuration(out, [...path, 'maxAge'], policy.maxAge)
  const whole = (parseProtoDuration(policy.maxAge ?? '0s') ?? 0) % 1_000_000_000 === 0
  out.errorIf(!whole, [...path, 'maxAge'], 'max_age duration is accurate only to seconds precision')
}

/** As istiod has it: 600 passes, though the message denies it. */
export const statusProblem = (code: number): string | null =>
  code < 200 || code > 600 ? `HTTP status ${code} is not in range 200-599` : null

function faults({ delay, abort }: Loose<HTTPFaultInjection>, path: Path, out: Refusals): void {
  out.errorIf(!delay && !abort, path, 'HTTP fault injection must have an abort and/or a delay')
  if (abort !== undefined) {
    const at = [...path, 'abort']
    checkPercent(out, at, abort.percentage?.value)
    const { grpcStatus, http2Error, httpStatus } = abort
    if (grpcStatus !== undefined) {
      const list = 'https://github.com/grpc/grpc/blob/master/doc/statuscodes.md'
      const see = `See ${list} for a list of supported codes, for example 'NOT_FOUND'`
      out.errorIf(!GRPC.has(grpcStatus), at, `gRPC status "${grpcStatus}" is not supported. ${see}`)
    } else if (http2Error !== undefined) out.error(at, 'HTTP/2 abort fault injection not supported yet')
    else if (httpStatus !== undefined) report(out, at, statusProblem(httpStatus))
    // istiod's warning that no error type is set gets lost on its way (validateHTTPFaultInjection keeps errors only)
  }
  if (delay === undefined) return
  const at = [...path, 'delay']
  checkPercent(out, at, delay.percentage?.value)
  checkDuration(out, [...at, 'fixedDelay'], delay.fixedDelay)
  checkDuration(out, [...at, 'exponentialDelay'], delay.exponentialDelay)
  out.errorIf(delay.exponentialDelay !== undefined, at, 'exponentialDelay not supported yet')
}

function shareProblem(name: string, value: number): string | null {
  if (value > 100) return `${name} must have a max value of 100 (it has ${value})`
  return value < 0 ? `${name} must have a min value of 0 (it has ${value})` : null
}

function mirroring(route: Loose<HTTPRoute>, path: Path, out: Refusals): void {
  const { mirror, mirrors = [], mirrorPercent, mirrorPercentage } = route
  if (mirrorPercent !== undefined) {
    report(out, path, shareProblem('mirror_percent', mirrorPercent))
    out.warn([...path, 'mirrorPercent'], 'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead')
  }
  report(out, path, shareProblem('mirror_percentage', mirrorPercentage?.value ?? 0))
  if (mirror !== undefined) destination(mirror, [...path, 'mirror'], out)
  for (const [i, policy] of mirrors.entries()) {
    const at = [...path, 'mirrors', i]
    if (policy.destination === undefined) out.error(at, 'destination is required for mirrors')
    else {
      destination(policy.destination, [...at, 'destination'], out)
      report(out, at, shareProblem('mirror percentage', policy.percentage?.value ?? 0))
    }
  }
}

function redirectProblem(redirect: Loose<HTTPRedirect>, matches: readonly Loose<HTTPMatchRequest>[]): string | null {
  const {
    uri = '',
    prefixRewrite = '',
    authority = '',
    scheme = '',
    redirectCode: code = 0,
    port,
    derivePort,
  } = redirect
  if (uri !== '' && prefixRewrite !== '') return 'redirect may only specify one of uri or prefix_rewrite'
  const onlyPrefixes = matches.every(match => match.uri === undefined || match.uri.prefix !== undefined)
  if (prefixRewrite !== '' && !onlyPrefixes) {
    return 'redirect prefix_rewrite requires all URI matches to use prefix match type'
  }
  const some = uri || prefixRewrite || authority || scheme
  if (!some && port === undefined && derivePort === undefined) {
    return 'redirect must specify URI, authority, scheme, or port'
  }
  if (code !== 0 && (code < 300 || code > 399)) return `${code} is not a valid redirect code, must be 3xx`
  if (!['', 'http', 'https'].includes(scheme)) return 'invalid redirect scheme, must be "http" or "https"'
  return port === undefined || port === 0 ? null : portProblem(port)
}

/** Bytes that base64 text stands for. */
const decodedLength = (base64: string): number => Math.floor((base64.replace(/=+$/, '').length * 3) / 4)

function directResponse({ body, status = 0 }: Loose<HTTPDirectResponse>, path: Path, out: Refusals): void {
  const size = body?.bytes === undefined ? utf8Length(body?.string ?? '') : decodedLength(body.bytes)
  const message = 'large direct_responses may impact control plane performance'
  if (size > 1024 * 1024) out.error([...path, 'body'], `${message}, must be less than 1MB`)
  else if (size > 100 * 1024) out.warn([...path, 'body'], message)
  report(out, [...path, 'status'], statusProblem(status))
}

function rewriteProblem({ uri = '', authority = '', uriRegexRewrite: regex }: Loose<HTTPRewrite>): string | null {
  if (uri !== '' && regex !== undefined) return 'rewrite may only contain one of URI or UriRegexRewrite'
  if (uri === '' && regex === undefined && authority === '') {
    return 'rewrite must specify at least one of URI, UriRegexRewrite, or authority'
  }
  if (regex === undefined) return null
  if (!regex.match || !regex.rewrite) return 'UriRegexRewrite requires both Rewrite and Match fields to be specified'
  return quoted('HTTPRewrite.UriRegexRewrite.Match', regexProblem(regex.match))
}

export function retries(retry: Loose<HTTPRetry>, path: Path, out: Refusals): void {
  const { attempts = 0, perTryTimeout, retryOn = '', retryRemoteLocalities, backoff } = retry
  out.errorIf(attempts < 0, path, 'attempts cannot be negative')
  const others = perTryTimeout !== undefined || retryOn !== '' || retryRemoteLocalities !== undefined
  const message = 'http retry policy configured when attempts are set to 0 (disabled)'
  out.errorIf(attempts === 0 && others, path, message)
  checkDuration(out, [...path, 'perTryTimeout'], perTryTimeout)
  for (const item of retryOn === '' ? [] : retryOn.split(',')) {
    const known = RETRY_ON.has(item) || (/^\+?\d+$/.test(item) && NAMED_STATUS.has(Number(item)))
    out.errorIf(!known, [...path, 'retryOn'], `"${item}" is not a valid retryOn policy`)
  }
  checkDuration(out, [...path, 'backoff'], backoff)
}

export function subsetNameProblem(name: string): string | null {
  if (name === '') return 'subset name cannot be empty'
  return isDnsLabel(name) ? null : `subset name is invalid: ${name}`
}

export function destination(target: Loose<Destination>, path: Path, out: Refusals): void {
  const { host = '', subset = '', port } = target
  report(out, [...path, 'host'], host === '*' ? 'invalid destination host *' : wildcardProblem(host))
  if (subset !== '') report(out, [...path, 'subset'], subsetNameProblem(subset))
  if (port !== undefined) report(out, [...path, 'port'], portProblem(port.number ?? 0))
}

/** Destinations of a rule. Those of the Gateway API may name what only istiod knows. */
export function weighted(
  items: readonly { destination?: Loose<Destination> | undefined; weight?: number | undefined }[],
  path: Path,
  { gatewayApi }: Pick<RuleContext, 'gatewayApi'>,
  out: Refusals,
): void {
  let total = 0
  for (const [i, item] of items.entries()) {
    if (item.destination === undefined) out.error([...path, i], 'destination is required')
    else if (!gatewayApi) destination(item.destination, [...path, i, 'destination'], out)
    const weight = item.weight ?? 0
    out.errorIf(weight < 0, [...path, i, 'weight'], `weight ${weight} < 0`)
    total += weight
  }
  out.errorIf(items.length > 1 && total === 0, path, 'total destination weight = 0')
}
