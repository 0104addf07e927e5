// What istiod's webhook refuses of a VirtualService (istio: pkg/config/validation/virtualservice.go).

import type { Path } from '../diagnostics/types.ts'
import type { Destination } from '../resources/common.ts'
import { hostMatches, hostSubsetOf } from '../resources/host-names.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  Headers,
  HTTPFaultInjection,
  HTTPMatchRequest,
  HTTPRetry,
  HTTPRoute,
  StringMatch,
  VirtualService,
} from '../resources/networking/virtual-service.ts'
import { exportTo, labelProblems, portProblem, report } from './common.ts'
import { fqdnProblem, gatewayHostProblem, isDnsLabel, isIp, isSubnet, wildcardProblem } from './hosts.ts'
import { checkDuration, checkPercent, type Refusals, regexProblem } from './refusals.ts'
import { unreachableRules } from './unreachable.ts'

const METHODS = 'GET HEAD POST PUT PATCH DELETE CONNECT OPTIONS TRACE *'.split(' ')
const RETRY_ON =
  '5xx gateway-error reset reset-before-request connect-failure retriable-4xx refused-stream retriable-status-codes retriable-headers envoy-ratelimited http3-post-connect-failure cancelled deadline-exceeded internal resource-exhausted unavailable'.split(
    ' ',
  )
const GRPC =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED UNAUTHENTICATED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS'.split(
    ' ',
  )

export function validateVirtualService(spec: Loose<VirtualService>, out: Refusals): void {
  const { hosts = [], gateways = [], http = [], tls = [], tcp = [] } = spec
  const delegate = hosts.length === 0
  if (delegate) {
    out.errorIf(gateways.length > 0, ['spec', 'gateways'], 'delegate virtual service must have no gateways specified')
    out.errorIf(tls.length > 0, ['spec', 'tls'], 'delegate virtual service must have no tls route specified')
    out.errorIf(tcp.length > 0, ['spec', 'tcp'], 'delegate virtual service must have no tcp route specified')
  }
  gatewayNames(gateways, ['spec', 'gateways'], out)
  const gatewayOnly = gateways.length > 0 && !gateways.includes('mesh')
  if (!gatewayOnly) claimRoutes(spec, out)
  virtualHosts(spec, gatewayOnly, out)
  const rules = http.length + tls.length + tcp.length
  out.errorIf(rules === 0, ['spec'], 'http, tcp or tls must be provided in virtual service')
  for (const [i, route] of http.entries()) httpRoute(route, ['spec', 'http', i], delegate, out)
  for (const [i, route] of tls.entries()) {
    const path: Path = ['spec', 'tls', i]
    out.errorIf((route.match ?? []).length === 0, path, 'TLS route must have at least one match condition')
    for (const match of route.match ?? []) {
      const names = match.sniHosts ?? []
      out.errorIf(names.length === 0, path, 'TLS match must have at least one SNI host')
      for (const name of names) sniHost(name, hosts, !gateways.includes('mesh'), path, out)
      l4Match(match, path, out)
    }
    out.errorIf((route.route ?? []).length === 0, path, 'TLS route is required')
    weighted(route.route ?? [], [...path, 'route'], out)
  }
  for (const [i, route] of tcp.entries()) {
    const path: Path = ['spec', 'tcp', i]
    for (const match of route.match ?? []) l4Match(match, path, out)
    out.errorIf((route.route ?? []).length === 0, path, 'TCP route is required')
    weighted(route.route ?? [], [...path, 'route'], out)
  }
  exportTo(spec.exportTo, out)
  unreachableRules(spec, out)
}

/** A header match that means a claim of the request's token. */
export const isClaim = (header: string): boolean => /^@request\.auth\.claims[.[]/i.test(header)

function claimRoutes(spec: Loose<VirtualService>, out: Refusals): void {
  for (const [i, route] of (spec.http ?? []).entries()) {
    for (const match of route.match ?? []) {
      for (const key of [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})]) {
        const found = `found no gateways: [${(spec.gateways ?? []).join(' ')}]`
        const message = `JWT claim based routing (key: ${key}) is only supported for gateway, ${found}`
        out.errorIf(isClaim(key), ['spec', 'http', i, 'match'], message)
      }
    }
  }
}

function virtualHosts(spec: Loose<VirtualService>, gatewayOnly: boolean, out: Refusals): void {
  const hosts = spec.hosts ?? []
  const sni = (spec.tls ?? []).some(route => (route.match ?? []).some(match => (match.sniHosts ?? []).length > 0))
  let valid = true
  for (const [i, host] of hosts.entries()) {
    const path: Path = ['spec', 'hosts', i]
    const problem = gatewayOnly ? gatewayHostProblem(sni, host) : wildcardProblem(host)
    if (problem !== null && !isIp(host)) {
      out.error(path, problem)
      valid = false
    } else if (!gatewayOnly && host === '*') {
      out.error(path, 'wildcard host * is not allowed for virtual services bound to the mesh gateway')
      valid = false
    }
  }
  if (!valid) return
  for (const [i, left] of hosts.entries()) {
    for (const right of hosts.slice(i + 1)) {
      const message = `duplicate hosts in virtual service: ${left} & ${right}`
      out.errorIf(hostMatches(left, right), ['spec', 'hosts', i], message)
    }
  }
}

function sniHost(name: string, hosts: readonly string[], gateway: boolean, path: Path, out: Refusals): void {
  const problem = gateway ? gatewayHostProblem(true, name) : wildcardProblem(name)
  if (problem !== null) {
    if (isIp(name))
      out.warn(path, `using an IP address ("${name}") goes against SNI spec and most clients do not support this`)
    else out.error(path, problem)
    return
  }
  const what = 'is not a compatible subset of any of the virtual service hosts'
  const known = hosts.some(host => hostSubsetOf(name, host))
  out.errorIf(!known, path, `SNI host "${name}" ${what}: [${hosts.join(', ')}]`)
}

interface L4Match {
  destinationSubnets?: readonly string[] | undefined
  port?: number | undefined
  sourceLabels?: Readonly<Record<string, string | undefined>> | undefined
  gateways?: readonly string[] | undefined
}

function l4Match(match: L4Match, path: Path, out: Refusals): void {
  for (const subnet of match.destinationSubnets ?? []) {
    out.errorIf(!isSubnet(subnet), path, `${subnet} is not a valid ${subnet.includes('/') ? 'CIDR block' : 'IP'}`)
  }
  if ((match.port ?? 0) !== 0) report(out, path, portProblem(match.port ?? 0))
  report(out, path, ...labelProblems(match.sourceLabels))
  gatewayNames(match.gateways ?? [], path, out)
}

/** Up to the first name without a namespace, which ends the check. */
function gatewayNames(names: readonly string[], path: Path, out: Refusals): void {
  for (const name of names) {
    const slash = name.indexOf('/')
    if (slash < 0) {
      const [first = '', second = ''] = name.split('.')
      const better = `prefer the <namespace>/<name> format: "${second}/${first}"`
      if (name.includes('.')) out.warn(path, `using legacy gatewayName format "${name}"; ${better}`)
      report(out, path, fqdnProblem(name))
      return
    }
    const [namespace, own] = [name.slice(0, slash), name.slice(slash + 1)]
    out.errorIf(namespace === '' || own === '', path, 'config namespace and gateway name cannot be empty')
    out.errorIf(!isDnsLabel(namespace), path, `invalid value for namespace: "${namespace}"`)
    out.errorIf(!isDnsLabel(own), path, `invalid value for gateway name: "${own}"`)
  }
}

function httpRoute(route: Loose<HTTPRoute>, path: Path, delegate: boolean, out: Refusals): void {
  const { redirect, directResponse, rewrite, fault } = route
  const hasRoute = (route.route ?? []).length > 0
  if (delegate) out.errorIf(route.delegate !== undefined, path, 'delegate HTTP route cannot contain delegate')
  if (route.delegate !== undefined && !delegate) {
    out.errorIf(hasRoute, path, 'root HTTP route must not specify route')
    out.errorIf(redirect !== undefined, path, 'root HTTP route must not specify redirect')
  } else if (redirect !== undefined) {
    out.errorIf(hasRoute, path, 'HTTP route cannot contain both route and redirect')
    out.errorIf(fault !== undefined, path, 'HTTP route cannot contain both fault and redirect')
    out.errorIf(rewrite !== undefined, path, 'HTTP route rule cannot contain both rewrite and redirect')
    out.errorIf(directResponse !== undefined, path, 'HTTP route cannot contain both direct_response and redirect')
  } else if (directResponse !== undefined) {
    out.errorIf(hasRoute, path, 'HTTP route cannot contain both route and direct_response')
    out.errorIf(fault !== undefined, path, 'HTTP route cannot contain both fault and direct_response')
    out.errorIf(rewrite !== undefined, path, 'HTTP route rule cannot contain both rewrite and direct_response')
  } else out.errorIf(!hasRoute, path, 'HTTP route, redirect or direct_response is required')
  for (const [i, match] of (route.match ?? []).entries()) httpMatch(match, [...path, 'match', i], out)
  if (redirect !== undefined) {
    const code = redirect.redirectCode
    out.errorIf(
      code !== undefined && code !== 0 && (code < 300 || code > 399),
      [...path, 'redirect', 'redirectCode'],
      `${code} is not a valid redirect code, must be 3xx`,
    )
    const both = (redirect.uri ?? '') !== '' && (redirect.prefixRewrite ?? '') !== ''
    out.errorIf(both, [...path, 'redirect'], 'redirect may only specify one of uri or prefix_rewrite')
    const some = redirect.uri || redirect.prefixRewrite || redirect.authority || redirect.scheme
    const port = redirect.port !== undefined || redirect.derivePort !== undefined
    out.errorIf(!some && !port, [...path, 'redirect'], 'redirect must specify URI, authority, scheme, or port')
    const onlyPrefix = (route.match ?? []).every(m => m.uri === undefined || m.uri.prefix !== undefined)
    const prefix = (redirect.prefixRewrite ?? '') !== ''
    const message = 'redirect prefix_rewrite requires all URI matches to use prefix match type'
    out.errorIf(prefix && !onlyPrefix, [...path, 'redirect'], message)
    const scheme = redirect.scheme ?? ''
    out.errorIf(!['', 'http', 'https'].includes(scheme), [...path, 'redirect', 'scheme'], 'invalid redirect scheme')
  }
  if (directResponse !== undefined) {
    status(directResponse.status, [...path, 'directResponse', 'status'], out)
    responseSize(directResponse.body, [...path, 'directResponse', 'body'], out)
  }
  if (rewrite !== undefined) {
    const regex = rewrite.uriRegexRewrite
    const uri = (rewrite.uri ?? '') !== ''
    out.errorIf(uri && regex !== undefined, path, 'rewrite may only contain one of URI or UriRegexRewrite')
    out.errorIf(!uri && regex === undefined && !rewrite.authority, path, 'rewrite must specify URI or authority')
    if (regex !== undefined) {
      const missing = !regex.match || !regex.rewrite
      out.errorIf(missing, path, 'UriRegexRewrite requires both Rewrite and Match fields to be specified')
      const problem = regexProblem(regex.match ?? '')
      if (problem !== null) out.error([...path, 'rewrite', 'uriRegexRewrite', 'match'], problem)
    }
  }
  checkDuration(out, [...path, 'timeout'], route.timeout)
  if (fault !== undefined) faults(fault, [...path, 'fault'], out)
  if (route.retries !== undefined) retries(route.retries, [...path, 'retries'], out)
  const mirrors = route.mirrors ?? []
  const both = route.mirror !== undefined && mirrors.length > 0
  out.errorIf(both, path, 'HTTP route cannot contain both mirror and mirrors')
  if (route.mirrorPercent !== undefined) {
    out.warn([...path, 'mirrorPercent'], 'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead')
    out.errorIf(route.mirrorPercent > 100, path, 'mirror_percent must have a max value of 100')
  }
  out.errorIf((route.mirrorPercentage?.value ?? 0) > 100, path, 'mirror_percentage must have a max value of 100')
  for (const mirror of mirrors) {
    out.errorIf((mirror.percentage?.value ?? 0) > 100, path, 'mirror percentage must have a max value of 100')
    if (mirror.destination !== undefined) destination(mirror.destination, [...path, 'mirrors'], out)
  }
  if (route.mirror !== undefined) destination(route.mirror, [...path, 'mirror'], out)
  if (route.corsPolicy !== undefined) {
    const cors = route.corsPolicy
    for (const [i, origin] of (cors.allowOrigins ?? []).entries()) {
      stringMatch(origin, 'corsPolicy.allowOrigins', [...path, 'corsPolicy', 'allowOrigins', i], out)
    }
    for (const name of cors.allowMethods ?? []) {
      out.errorIf(!METHODS.includes(name), [...path, 'corsPolicy'], `"${name}" is not a supported HTTP method`)
    }
    for (const name of [...(cors.allowHeaders ?? []), ...(cors.exposeHeaders ?? [])]) headerName(name, path, out)
    checkDuration(out, [...path, 'corsPolicy', 'maxAge'], cors.maxAge)
    const sub = /\.\d|[^\d.hms]|ms/.test(cors.maxAge ?? '')
    out.errorIf(sub, [...path, 'corsPolicy', 'maxAge'], 'max_age duration is accurate only to seconds precision')
  }
  headers(route.headers, [...path, 'headers'], out)
  for (const [i, item] of (route.route ?? []).entries()) headers(item.headers, [...path, 'route', i, 'headers'], out)
  weighted(route.route ?? [], [...path, 'route'], out)
}

function responseSize(
  body: { string?: string | undefined; bytes?: string | undefined } | undefined,
  path: Path,
  out: Refusals,
): void {
  const bytes = body?.bytes === undefined ? (body?.string ?? '').length : Math.floor((body.bytes.length * 3) / 4)
  const message = 'large direct_responses may impact control plane performance'
  if (bytes > 1024 * 1024) out.error(path, `${message}, must be less than 1MB`)
  else if (bytes > 100 * 1024) out.warn(path, message)
}

function httpMatch(match: Loose<HTTPMatchRequest>, path: Path, out: Refusals): void {
  for (const key of ['uri', 'scheme', 'method', 'authority'] as const) {
    const value = match[key]
    if (value !== undefined) stringMatch(value, key, [...path, key], out)
  }
  for (const key of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, value] of Object.entries(match[key] ?? {})) {
      if (key !== 'queryParams') headerName(name, [...path, key], out)
      if (value !== undefined) stringMatch(value, key, [...path, key, name], out)
    }
  }
  l4Match({ port: match.port, sourceLabels: match.sourceLabels, gateways: match.gateways }, path, out)
  const source = match.sourceNamespace ?? ''
  out.errorIf(source !== '' && !isDnsLabel(source), path, `sourceNamespace match ${source} is invalid`)
}

function stringMatch(match: Loose<StringMatch>, where: string, path: Path, out: Refusals): void {
  // an empty prefix of a path is the whole tree
  out.errorIf(match.prefix === '' && where !== 'uri', path, `"${where}": prefix string match should not be empty`)
  if (match.regex === undefined) return
  out.errorIf(match.regex === '', path, `"${where}": regex string match should not be empty`)
  // presence of a header may be written as a lone star
  const star = match.regex === '*' && where.toLowerCase().endsWith('headers')
  const problem = star ? null : regexProblem(match.regex)
  if (problem !== null) out.error(path, `"${where}": ${problem}`)
}

export function headerName(name: string, path: Path, out: Refusals): void {
  if (name === '') out.error(path, 'header name cannot be empty')
  else if (!/^(:?[-!#$%&'*+.^_`|~0-9A-Za-z]+|@request\.auth\.claims.*)$/.test(name)) {
    out.error(path, `header name ${name} is not a valid header name`)
  }
}

/** A `%` opens a variable that must be closed, `%%` stands for itself. */
export function headerValueProblem(value: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no header may hold
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return `header value configuration ${value} is invalid`
  const rest = value.replaceAll('%%', '').replace(/%[A-Z_0-9]+(?:\([^)]*\))?(?::\d+)?%/g, '')
  return rest.includes('%') ? `header value configuration: un-terminated variable expression '${rest}'` : null
}

function headerValue(value: string | undefined, path: Path, out: Refusals): void {
  const problem = headerValueProblem(value ?? '')
  if (problem !== null) out.error(path, problem)
}

function headers(operations: Loose<Headers> | undefined, path: Path, out: Refusals): void {
  for (const side of ['request', 'response'] as const) {
    const given = operations?.[side]
    for (const key of ['set', 'add'] as const) {
      for (const [name, value] of Object.entries(given?.[key] ?? {})) {
        headerName(name, [...path, side, key], out)
        headerValue(value, [...path, side, key, name], out)
        const pseudo = name.startsWith(':') && (side === 'response' || name.toLowerCase() !== ':authority')
        out.errorIf(pseudo, [...path, side, key, name], `header "${name}" must not be changed`)
      }
    }
    for (const name of given?.remove ?? []) {
      headerName(name, [...path, side, 'remove'], out)
      const kept = name.startsWith(':') || name.toLowerCase() === 'host'
      out.errorIf(kept, [...path, side, 'remove'], `header "${name}" must not be removed`)
    }
  }
}

export const statusProblem = (code: number): string | null =>
  code < 200 || code > 599 ? `HTTP status ${code} is not in range 200-599` : null

function status(code: number | undefined, path: Path, out: Refusals): void {
  if (code !== undefined) report(out, path, statusProblem(code))
}

function faults(fault: Loose<HTTPFaultInjection>, path: Path, out: Refusals): void {
  const { delay, abort } = fault
  out.errorIf(!delay && !abort, path, 'HTTP fault injection must have an abort and/or a delay')
  if (delay !== undefined) {
    checkPercent(out, [...path, 'delay'], delay.percentage?.value)
    checkDuration(out, [...path, 'delay', 'fixedDelay'], delay.fixedDelay)
    out.errorIf(delay.exponentialDelay !== undefined, path, 'exponentialDelay not supported yet')
    const percent = delay.percent ?? 0
    out.errorIf(percent < 0 || percent > 100, path, `percentage ${percent} is not in range 0..100`)
  }
  if (abort !== undefined) {
    checkPercent(out, [...path, 'abort'], abort.percentage?.value)
    out.errorIf(abort.http2Error !== undefined, path, 'HTTP/2 abort fault injection not supported yet')
    status(abort.httpStatus, [...path, 'abort'], out)
    const name = abort.grpcStatus
    out.errorIf(name !== undefined && !GRPC.includes(name), path, `gRPC status "${name}" is not supported`)
  }
}

export function retries(retry: Loose<HTTPRetry>, path: Path, out: Refusals): void {
  const attempts = retry.attempts ?? 0
  out.errorIf(attempts < 0, path, 'attempts cannot be negative')
  const others = retry.perTryTimeout || retry.retryOn || retry.retryRemoteLocalities !== undefined
  const message = 'http retry policy configured when attempts are set to 0 (disabled)'
  out.errorIf(attempts === 0 && Boolean(others), path, message)
  checkDuration(out, [...path, 'perTryTimeout'], retry.perTryTimeout)
  checkDuration(out, [...path, 'backoff'], retry.backoff)
  for (const item of (retry.retryOn ?? '').split(',').map(text => text.trim())) {
    const code = /^\d+$/.test(item) && Number(item) >= 100 && Number(item) < 600
    const known = item === '' || RETRY_ON.includes(item) || code
    out.errorIf(!known, [...path, 'retryOn'], `"${item}" is not a valid retryOn policy`)
  }
}

export function destination(target: Loose<Destination>, path: Path, out: Refusals): void {
  if (target.host === '*') out.error([...path, 'host'], 'invalid destination host *')
  else {
    const problem = isIp(target.host ?? '') ? null : wildcardProblem(target.host ?? '')
    if (problem !== null) out.error([...path, 'host'], problem)
  }
  const subset = target.subset ?? ''
  out.errorIf(subset !== '' && !isDnsLabel(subset), [...path, 'subset'], `subset name is invalid: ${subset}`)
  const port = target.port?.number
  out.errorIf(target.port !== undefined && !port, [...path, 'port'], 'port number 0 must be in the range 1..65535')
}

function weighted(
  items: readonly { destination?: Loose<Destination> | undefined; weight?: number | undefined }[],
  path: Path,
  out: Refusals,
): void {
  let total = 0
  for (const [i, item] of items.entries()) {
    if (item.destination === undefined) out.error([...path, i], 'destination is required')
    else destination(item.destination, [...path, i, 'destination'], out)
    const weight = item.weight ?? 0
    out.errorIf(weight < 0, [...path, i, 'weight'], `weight ${weight} < 0`)
    total += weight
  }
  out.errorIf(items.length > 1 && total === 0, path, `total destination weight = ${total}`)
}
