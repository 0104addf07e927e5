// Route tables: virtual host by domain, then the first route whose conditions all hold
// (envoy: source/common/router/config_impl.cc).
import { RE2JS } from 're2js'
import type { HttpRequest } from '../wire/types.ts'
import type { Json, JsonObject, Route, RouteConfiguration, VirtualHost } from '../xds/types.ts'
import { duration, fraction, list, number, object, text } from './json.ts'
import { compileHeader, compileHeaders, compileRegex, compileString } from './matchers.ts'

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
}
export interface CompiledRoute {
  name: string
  host: CompiledHost
  test: (request: HttpRequest, path: string, roll: number) => boolean
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
  retry: RetryPolicy | null
  request: HeaderChange[]
  response: HeaderChange[]
  matchedPrefix: string
  rewriteRegex: { pattern: RE2JS; substitution: string } | null
  perFilter: JsonObject
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

function changes(level: JsonObject, side: 'request' | 'response'): HeaderChange {
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
  }
}

function queryTest(config: Json): (query: Map<string, string>) => boolean {
  const m = object(config)
  const name = text(m.name)
  const test = m.string_match ? compileString(m.string_match) : null
  return query => {
    const value = query.get(name)
    return value !== undefined && (test === null || test(value))
  }
}

export function parseQuery(path: string): Map<string, string> {
  const found = new Map<string, string>()
  const at = path.indexOf('?')
  if (at < 0) return found
  for (const part of path.slice(at + 1).split('&')) {
    const eq = part.indexOf('=')
    const name = eq < 0 ? part : part.slice(0, eq)
    if (!found.has(name)) found.set(name, eq < 0 ? '' : part.slice(eq + 1))
  }
  return found
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

function compileRoute(config: Route, host: CompiledHost, table: RouteConfiguration): CompiledRoute {
  const match = object(config.match)
  const action = object(config.route)
  const byPath = pathTest(match)
  const headers = compileHeaders(match.headers).concat(
    match.grpc ? [compileHeader({ name: 'content-type', string_match: { prefix: 'application/grpc' } })] : [],
  )
  const queries = list(match.query_parameters).map(queryTest)
  const share = match.runtime_fraction ? fraction(object(match.runtime_fraction).default_value) : 1_000_000
  const connect = match.connect_matcher !== undefined
  const clusters: CompiledRoute['clusters'] = []
  let total = 0
  const none = { request: { remove: [], add: [] }, response: { remove: [], add: [] } }
  if (action.weighted_clusters) {
    for (const entry of list(object(action.weighted_clusters).clusters)) {
      const c = object(entry)
      total += number(c.weight)
      clusters.push({
        name: text(c.name),
        until: total,
        change: { request: changes(c, 'request'), response: changes(c, 'response') },
        config: c,
      })
    }
  } else if (typeof action.cluster === 'string') {
    total = 1
    clusters.push({ name: action.cluster, until: 1, change: none, config: {} })
  }
  const rewrite = object(action.regex_rewrite)
  return {
    name: text(config.name),
    host,
    config,
    clusters,
    clusterHeader: text(action.cluster_header).toLowerCase(),
    total,
    action,
    timeout: duration(action.timeout, 15_000_000),
    maxGrpcTimeout:
      action.max_grpc_timeout === undefined
        ? -1
        : duration(object(action.max_stream_duration).grpc_timeout_header_max ?? action.max_grpc_timeout),
    retry: compileRetry(action.retry_policy ?? object(host.config).retry_policy),
    request: [changes(config, 'request'), changes(host.config, 'request'), changes(table, 'request')],
    response: [changes(config, 'response'), changes(host.config, 'response'), changes(table, 'response')],
    matchedPrefix: text(match.prefix ?? match.path_separated_prefix ?? match.path),
    rewriteRegex: rewrite.pattern
      ? {
          pattern: RE2JS.compile(text(object(rewrite.pattern).regex)),
          substitution: text(rewrite.substitution)
            .replaceAll('$', '\\$')
            .replaceAll(/\\(\d)/g, '$$$1'),
        }
      : null,
    perFilter: { ...object(host.config.typed_per_filter_config), ...object(config.typed_per_filter_config) },
    test: (request, path, roll) => {
      if (connect !== (request.method === 'CONNECT')) return false
      if (!connect && !byPath(path)) return false
      for (const h of headers) if (!h(request.headers, request.authority, request.path, request.method)) return false
      if (queries.length > 0) {
        const query = parseQuery(request.path)
        for (const q of queries) if (!q(query)) return false
      }
      return share >= 1_000_000 || roll % 1_000_000 < share
    },
  }
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

/** Path without query and fragment. */
export function barePath(path: string): string {
  const q = path.indexOf('?')
  const bare = q < 0 ? path : path.slice(0, q)
  const h = bare.indexOf('#')
  return h < 0 ? bare : bare.slice(0, h)
}
