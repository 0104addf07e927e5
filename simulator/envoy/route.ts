// Route tables: virtual host by domain, then the first route whose conditions all hold
// (envoy: source/common/router/config_impl.cc).
import { RE2JS } from 're2js'
import type { HttpRequest } from '../wire/types.ts'
import type { Json, JsonObject, Route, RouteConfiguration, VirtualHost } from '../xds/types.ts'
import { compileHashPolicies, type HashPolicy } from './hash-policy.ts'
import { duration, fraction, list, number, object, text } from './json.ts'
import { compileHeader, compileQuery, compileRegex } from './matchers.ts'
import { parseQuery } from './query.ts'
import { compileMetadata, type Metadata } from './value-matcher.ts'

export interface HeaderChange {
  remove: string[]
  add: { name: string; value: string; mode: string; keepEmpty: boolean }[]
}
export interface RetryPolicy {
  on: Set<string>
  codes: number[]
  retries: number
  perTry: number
  avoidHosts: boolean
  picks: number
  base: number
  max: number
  /** After so many tries other priorities are asked for (previous_priorities); 0 = never. */
  priorityEvery: number
}
export interface CompiledRoute {
  name: string
  host: CompiledHost
  /** All must hold; in the order in which Envoy looks. */
  conditions: RouteCondition[]
  /** `/apis/.../virtual-service/<name>` of the resource that made it. */
  origin: string
  config: Route
  clusters: {
    name: string
    until: number
    change: { request: HeaderChange; response: HeaderChange }
    config: JsonObject
  }[]
  clusterHeader: string
  total: number
  action: JsonObject
  timeout: number
  maxGrpcTimeout: number
  /** Microseconds that a stream may be idle; -1 = the connection manager decides. */
  idleTimeout: number
  /** The route's own word on how long a stream may last; null = it leaves that to others. */
  streamLimit: StreamLimit | null
  retry: RetryPolicy | null
  request: HeaderChange[]
  response: HeaderChange[]
  /** The prefix that was asked for; null = the whole path was (exact, regex). */
  matchedPrefix: string | null
  rewriteRegex: { pattern: RE2JS; substitution: string } | null
  perFilter: JsonObject
  mirrors: MirrorPolicy[]
  hash: HashPolicy[]
}

/** One thing that a route asks for, and its words for the trail. */
export interface RouteCondition {
  /** What it looks at: `path`, `header NAME`, `query NAME`, `share` or `claims`. */
  on: string
  words: string
  holds: (request: HttpRequest, path: string, roll: number, metadata: Metadata) => boolean
}

export interface MirrorPolicy {
  cluster: string
  /** Per million. */
  share: number
  /** `-shadow` is appended to the host. */
  suffix: boolean
}

export interface CompiledHost {
  name: string
  attemptCount: boolean
  tls: boolean
  config: VirtualHost
  routes: CompiledRoute[]
}
export interface RouteTable {
  name: string
  ignorePort: boolean
  exact: Map<string, CompiledHost>
  suffix: { text: string; host: CompiledHost }[]
  prefix: { text: string; host: CompiledHost }[]
  any: CompiledHost | null
}

/** The header changes of one level: a route, a virtual host, a table, or a filter. */
export function headerChange(level: JsonObject, side: 'request' | 'response'): HeaderChange {
  return {
    remove: list(level[`${side}_headers_to_remove`]).map(n => text(n).toLowerCase()),
    add: list(level[`${side}_headers_to_add`]).map(entry => {
      const option = object(entry)
      const line = object(option.header)
      return {
        name: text(line.key).toLowerCase(),
        value: text(line.value),
        mode: text(option.append_action, 'APPEND_IF_EXISTS_OR_ADD'),
        keepEmpty: option.keep_empty_value === true,
      }
    }),
  }
}

function compileRetry(config: Json | undefined): RetryPolicy | null {
  if (!config) return null
  const policy = object(config)
  const backoff = object(policy.retry_back_off)
  const base = duration(backoff.base_interval, 25_000)
  return {
    on: new Set(
      text(policy.retry_on)
        .split(',')
        .map(s => s.trim()),
    ),
    codes: list(policy.retriable_status_codes).map(c => number(c)),
    retries: number(policy.num_retries, 1),
    perTry: duration(policy.per_try_timeout),
    avoidHosts: list(policy.retry_host_predicate).some(p => text(object(p).name).includes('previous_hosts')),
    picks: 1 + number(policy.host_selection_retry_max_attempts, 0),
    base,
    max: duration(backoff.max_interval, base * 10),
    priorityEvery: policy.retry_priority
      ? number(object(object(policy.retry_priority).typed_config).update_frequency, 2)
      : 0,
  }
}

function pathTest(match: JsonObject): (path: string) => boolean {
  const fold = match.case_sensitive === false
  const low = (s: string) => (fold ? s.toLowerCase() : s)
  if (typeof match.path === 'string') {
    const want = low(match.path)
    return p => low(p) === want
  }
  if (typeof match.path_separated_prefix === 'string') {
    const want = low(match.path_separated_prefix)
    return p => low(p) === want || low(p).startsWith(`${want}/`)
  }
  if (match.safe_regex) return compileRegex(match.safe_regex)
  const want = low(text(match.prefix))
  return want === '/' || want === '' ? () => true : p => low(p).startsWith(want)
}

/** What the path has to be, in words. */
function pathWords(match: JsonObject): string {
  if (typeof match.path === 'string') return `path is ${match.path}`
  if (match.safe_regex) return `path matches ${text(object(match.safe_regex).regex)}`
  if (match.connect_matcher) return 'method is CONNECT'
  return `path begins with ${text(match.path_separated_prefix ?? match.prefix)}`
}

function headerWords(config: Json): string {
  const matcher = object(config)
  const name = text(matcher.name)
  const want = Object.values(object(matcher.string_match)).find(value => typeof value === 'string')
  const not = matcher.invert_match === true ? 'not ' : ''
  return want === undefined ? `header ${name} is ${not}present` : `header ${name} is ${not}${String(want)}`
}

function compileConditions(match: JsonObject): RouteCondition[] {
  const byPath = pathTest(match)
  const connect = match.connect_matcher !== undefined
  const conditions: RouteCondition[] = [
    {
      on: 'path',
      words: pathWords(match),
      holds: (request, path) => connect === (request.method === 'CONNECT') && (connect || byPath(path)),
    },
  ]
  const header = (config: Json): void => {
    const test = compileHeader(config)
    conditions.push({
      on: `header ${text(object(config).name).toLowerCase()}`,
      words: headerWords(config),
      holds: q => test(q.headers, q.authority, q.path, q.method),
    })
  }
  for (const config of list(match.headers)) header(config)
  if (match.grpc) header({ name: 'content-type', string_match: { prefix: 'application/grpc' } })
  for (const config of list(match.query_parameters)) {
    const test = compileQuery(config)
    const name = text(object(config).name)
    conditions.push({
      on: `query ${name}`,
      words: `query parameter ${name}`,
      holds: q => test(parseQuery(q.path)),
    })
  }
  if (match.runtime_fraction) {
    const share = fraction(object(match.runtime_fraction).default_value)
    conditions.push({
      on: 'share',
      words: `${share / 10_000} % of requests`,
      holds: (_q, _p, roll) => roll % 1_000_000 < share,
    })
  }
  for (const config of list(match.dynamic_metadata)) {
    const test = compileMetadata(config)
    conditions.push({ on: 'claims', words: 'claims of the token', holds: (_q, _p, _r, metadata) => test(metadata) })
  }
  return conditions
}

function compileClusters(action: JsonObject): CompiledRoute['clusters'] {
  const none = { request: { remove: [], add: [] }, response: { remove: [], add: [] } }
  if (typeof action.cluster === 'string') return [{ name: action.cluster, until: 1, change: none, config: {} }]
  let until = 0
  return list(object(action.weighted_clusters).clusters).map(entry => {
    const config = object(entry)
    until += number(config.weight)
    const change = { request: headerChange(config, 'request'), response: headerChange(config, 'response') }
    return { name: text(config.name), until, change, config }
  })
}

function compileRewrite(config: Json | undefined): CompiledRoute['rewriteRegex'] {
  const rewrite = object(config)
  if (!rewrite.pattern) return null
  const substitution = text(rewrite.substitution)
    .replaceAll('$', '\\$')
    .replaceAll(/\\(\d)/g, '$$$1')
  return { pattern: RE2JS.compile(text(object(rewrite.pattern).regex)), substitution }
}

function compileMirrors(action: JsonObject): MirrorPolicy[] {
  return list(action.request_mirror_policies).map(entry => {
    const config = object(entry)
    const share = config.runtime_fraction ? fraction(object(config.runtime_fraction).default_value) : 1_000_000
    return { cluster: text(config.cluster), share, suffix: config.disable_shadow_host_suffix_append !== true }
  })
}

/** Microseconds; -1 = not said. */
export interface StreamLimit {
  most: number
  /** The most that a gRPC caller may ask for; 0 = as much as it likes. */
  grpcMost: number
}

function compileStreamLimit(config: Json | undefined): StreamLimit | null {
  if (config === undefined) return null
  const { max_stream_duration: most, grpc_timeout_header_max: grpcMost } = object(config)
  return {
    most: most === undefined ? -1 : duration(most),
    grpcMost: grpcMost === undefined ? -1 : duration(grpcMost),
  }
}

function compileRoute(config: Route, host: CompiledHost, table: RouteConfiguration): CompiledRoute {
  const match = object(config.match)
  const action = object(config.route)
  const clusters = compileClusters(action)
  const grpcMax = object(action.max_stream_duration).grpc_timeout_header_max ?? action.max_grpc_timeout
  return {
    name: text(config.name),
    host,
    config,
    clusters,
    clusterHeader: text(action.cluster_header).toLowerCase(),
    total: clusters.at(-1)?.until ?? 0,
    action,
    timeout: duration(action.timeout, 15_000_000),
    maxGrpcTimeout: action.max_grpc_timeout === undefined ? -1 : duration(grpcMax),
    idleTimeout: action.idle_timeout === undefined ? -1 : duration(action.idle_timeout),
    streamLimit: compileStreamLimit(action.max_stream_duration),
    retry: compileRetry(action.retry_policy ?? object(host.config).retry_policy),
    request: [headerChange(config, 'request'), headerChange(host.config, 'request'), headerChange(table, 'request')],
    response: [
      headerChange(config, 'response'),
      headerChange(host.config, 'response'),
      headerChange(table, 'response'),
    ],
    matchedPrefix:
      match.prefix === undefined && match.path_separated_prefix === undefined
        ? null
        : text(match.prefix ?? match.path_separated_prefix),
    rewriteRegex: compileRewrite(action.regex_rewrite),
    perFilter: { ...object(host.config.typed_per_filter_config), ...object(config.typed_per_filter_config) },
    conditions: compileConditions(match),
    origin: text(object(object(object(config.metadata).filter_metadata).istio).config),
    mirrors: compileMirrors(action),
    hash: compileHashPolicies(action.hash_policy),
  }
}

/** The first condition that does not hold, null when the route matches. */
export function whyNot(
  route: CompiledRoute,
  request: HttpRequest,
  path: string,
  roll: number,
  metadata: Metadata,
): RouteCondition | null {
  for (const condition of route.conditions) if (!condition.holds(request, path, roll, metadata)) return condition
  return null
}

export function compileRouteTable(config: RouteConfiguration): RouteTable {
  const table: RouteTable = {
    name: text(config.name),
    ignorePort: config.ignore_port_in_host_matching === true,
    exact: new Map(),
    suffix: [],
    prefix: [],
    any: null,
  }
  for (const vhost of config.virtual_hosts ?? []) {
    const host: CompiledHost = {
      name: vhost.name,
      attemptCount: vhost.include_request_attempt_count === true,
      tls: text(vhost.require_tls) === 'ALL',
      config: vhost,
      routes: [],
    }
    host.routes = (vhost.routes ?? []).map(r => compileRoute(r, host, config))
    for (const domain of vhost.domains.map(d => d.toLowerCase())) {
      if (domain === '*') table.any = host
      else if (domain.startsWith('*')) table.suffix.push({ text: domain.slice(1), host })
      else if (domain.endsWith('*')) table.prefix.push({ text: domain.slice(0, -1), host })
      else table.exact.set(domain, host)
    }
  }
  table.suffix.sort((a, b) => b.text.length - a.text.length)
  table.prefix.sort((a, b) => b.text.length - a.text.length)
  return table
}

/** exact, longest suffix wildcard, longest prefix wildcard, then `*`. */
export function findHost(table: RouteTable, authority: string): CompiledHost | null {
  let host = authority.toLowerCase()
  if (table.ignorePort) host = host.replace(/:\d+$/, '')
  const exact = table.exact.get(host)
  if (exact) return exact
  for (const s of table.suffix) if (host.length > s.text.length && host.endsWith(s.text)) return s.host
  for (const p of table.prefix) if (host.length > p.text.length && host.startsWith(p.text)) return p.host
  return table.any
}

/** How much of a path a rewritten prefix replaces (config_impl.cc rewritePathHeader of each kind of match). */
export function matchedLength(route: CompiledRoute, bare: string): number {
  return route.matchedPrefix === null ? bare.length : route.matchedPrefix.length
}
