// From results and logs to the `observed` of a step, in the format of the recorded cases.
import type { Hit } from './app.ts'
import type { Case, CaseWorkload, Observed, Step, Traffic } from './case.ts'
import type { Echo, Result } from './client.ts'
import type { Log } from './logs.ts'

const ADDRESS = /\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g
const words = (text: string) => new Set(text.split(/\s+/))
const VOLATILE_REQUEST = words(
  'x-request-id x-forwarded-client-cert x-envoy-attempt-count x-envoy-peer-metadata x-envoy-peer-metadata-id ' +
    'content-length accept-encoding user-agent x-forwarded-proto x-envoy-decorator-operation x-envoy-internal te ' +
    'x-envoy-external-address content-type upgrade connection sec-websocket-key sec-websocket-version',
)
const VOLATILE_RESPONSE = words(
  'date x-envoy-upstream-service-time content-length content-type x-app-name server trailer grpc-status ' +
    'grpc-message x-content-type-options',
)

export interface Seen {
  /** A counter of a workload's proxy. */
  stat: (workload: string, name: string) => number
  step: Step
  traffic: Traffic
  sender: CaseWorkload
  results: Result[]
  logs: Map<string, Log[]>
  hits: Map<string, { seen: number; hits: Hit[] }>
}

type Counts = Record<string, number>

function count(values: Iterable<unknown>): Counts {
  const out: Counts = {}
  for (const v of values) {
    if (v === null || v === undefined) continue
    const key = String(v)
    out[key] = (out[key] ?? 0) + 1
  }
  return out
}

function isEmpty(o: object): boolean {
  return Object.keys(o).length === 0
}

function mask(text: string): string {
  return text.replace(ADDRESS, 'ADDR')
}

function present(values: string[]): Counts {
  return count(values.filter(v => v !== '').map(mask))
}

/** The entries of one proxy, counted. */
function summarize(c: Case, logs: readonly Log[]): Observed {
  const out: Observed = {}
  const http = logs.filter(l => l.kind === 'http')
  const tcp = logs.filter(l => l.kind === 'tcp')
  const listener = logs.filter(l => l.kind === 'listener')
  if (http.length > 0) {
    out.response_flags = count(http.map(l => l.flags || '-'))
    out.response_code_details = count(http.map(l => mask(l.details || '-')))
    out.upstream_cluster = count(http.map(l => l.cluster || '-'))
    out.route_name = count(http.map(l => l.route || '-'))
    out.attempts = count(http.map(l => l.attempts))
    const failures = present(http.map(l => l.upstreamFailure))
    if (!isEmpty(failures)) out.upstream_transport_failure = failures
    const protocols = present(http.map(l => l.upstreamProtocol))
    if (Object.keys(protocols).some(p => p !== 'HTTP/1.1')) out.upstream_protocol = protocols
  }
  if (tcp.length > 0) {
    const t: Observed = {
      connections: tcp.length,
      response_flags: count(tcp.map(l => l.flags || '-')),
      upstream_cluster: count(tcp.map(l => l.cluster || '-')),
    }
    const optional = {
      upstream_host: count(tcp.filter(l => l.upstreamHost !== '').map(l => hostName(c, l.upstreamHost))),
      connection_termination_details: present(tcp.map(l => l.details)),
      sni: present(tcp.map(l => l.sni)),
      upstream_transport_failure: present(tcp.map(l => l.upstreamFailure)),
    }
    for (const [key, value] of Object.entries(optional)) if (!isEmpty(value)) t[key] = value
    out.tcp_proxy = t
  }
  if (listener.length > 0) {
    out.listener = {
      response_flags: count(listener.map(l => l.flags || '-')),
      details: count(listener.map(l => l.details || '-')),
    }
  }
  return out
}

function hostName(c: Case, address: string): string {
  const ip = address.slice(0, address.lastIndexOf(':'))
  return c.workloads.find(w => w.ip === ip)?.name ?? address
}

function isOdd(l: Log): boolean {
  return l.kind === 'listener' || l.flags !== '' || (l.kind === 'http' && l.code >= 400 && l.details !== 'via_upstream')
}

/** Errors named so that they do not depend on timing: cut off is `reset`, or `tls` with https. */
function normalize(results: readonly Result[], https: boolean): Result[] {
  return results.map(r => {
    const { error } = r
    if (https && (error.startsWith('tls') || error === 'closed' || error === 'reset')) return { ...r, error: 'tls' }
    return error === 'closed' ? { ...r, error: 'reset' } : r
  })
}

const outcome = (r: Result) => r.error || String(r.status)
const outcomeBy = (r: Result) => outcome(r) + (r.by === '' ? '' : ` ${r.by}`)

/** The observation of one step. */
export function observe(c: Case, seen: Seen): Observed {
  const { traffic, step } = seen
  const recorded = step.observed ?? {}
  const wanted = new Set(step.detail ?? [])
  for (const d of ['hits', 'latency_ms', 'sequence']) if (d in recorded) wanted.add(d)
  const https = traffic.url.startsWith('https')
  const results = normalize(seen.results, https)
  const out: Observed = { status: count(results.map(outcome)) }
  const by = count(results.filter(r => r.by !== '').map(r => r.by))
  if (!isEmpty(by)) out.served_by = by
  if (traffic.grpc === true) out.grpc_status = count(results.map(r => r.grpc || '-'))
  Object.assign(out, proxies(c, seen, wanted, recorded))
  const atServer = headersAtServer(seen, recorded)
  if (!isEmpty(atServer)) out.request_headers_at_server = atServer
  const atClient = headersAtClient(results, recorded)
  if (!isEmpty(atClient)) out.response_headers_at_client = atClient
  const bodies = count(results.filter(r => r.body !== '' && r.error === '').map(r => mask(r.body.slice(0, 200))))
  const kinds = Object.keys(bodies).length
  if (kinds > 0 && kinds <= 6) out.body = bodies
  if (traffic.each !== undefined) out.by_value = byValue(results)
  if (wanted.has('sequence')) {
    out.sequence = results.map(outcomeBy)
    if (seen.sender.sidecar === true) {
      const logs = (seen.logs.get(seen.sender.name) ?? []).filter(l => l.kind === 'http' && !l.inbound)
      out.proxy_sequence = logs.map(l => `${l.code} ${l.flags || '-'} ${l.attempts}`)
    }
  }
  const trees = count(results.flatMap(r => (r.echo?.calls === undefined ? [] : [tree(r.echo)])))
  if (!isEmpty(trees)) out.call_trees = trees
  const others = outboundOfOthers(c, seen)
  if (!isEmpty(others)) out.outbound_of_others = others
  if (wanted.has('latency_ms')) out.latency_ms = latencies(results.map(r => r.ms))
  if (wanted.has('hits')) out.hits = hitsOf(seen)
  if (recorded.stats !== undefined) out.stats = statsOf(recorded.stats as Observed, seen)
  return out
}

/** The counters that the recording names, by proxy. */
function statsOf(recorded: Observed, seen: Seen): Observed {
  const out: Observed = {}
  for (const [proxy, stats] of Object.entries(recorded)) {
    const values: Observed = {}
    for (const name of Object.keys(stats as Observed)) values[name] = seen.stat(proxy, name)
    out[proxy] = values
  }
  return out
}

function byValue(results: readonly Result[]): Observed {
  const values = new Map<string, string[]>()
  for (const r of results) values.set(r.value, [...(values.get(r.value) ?? []), outcomeBy(r)])
  const out: Observed = {}
  for (const [key, list] of values) out[key] = new Set(list).size === 1 ? list[0] : count(list)
  return out
}

function latencies(ms: number[]): Observed {
  const ordered = ms.sort((a, b) => a - b)
  const at = (p: number) => Math.round(ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * p))] ?? 0)
  return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

function proxies(c: Case, seen: Seen, wanted: ReadonlySet<string>, recorded: Observed): Observed {
  const out: Observed = {}
  const logsOf = (w: CaseWorkload) => seen.logs.get(w.name) ?? []
  let gateways = c.workloads.filter(w => w.gateway === true && logsOf(w).length > 0)
  if (seen.sender.sidecar === true) {
    Object.assign(
      out,
      summarize(
        c,
        logsOf(seen.sender).filter(l => !l.inbound),
      ),
    )
  } else if (gateways[0] !== undefined) {
    const first = gateways[0]
    gateways = gateways.slice(1)
    Object.assign(out, { first_hop: first.name }, summarize(c, logsOf(first)))
  }
  if (gateways.length > 0) out.gateways = Object.fromEntries(gateways.map(w => [w.name, summarize(c, logsOf(w))]))
  const inbound: Observed = {}
  const peers: string[] = []
  const asked = new Set(Object.keys((recorded.inbound as object | undefined) ?? {}))
  for (const w of c.workloads) {
    const logs = w.sidecar === true ? logsOf(w).filter(l => l.inbound) : []
    for (const l of logs) if (l.kind !== 'listener') peers.push(l.peer)
    const shown = wanted.has('inbound') || asked.has(w.name)
    if (logs.length > 0 && (shown || logs.some(isOdd))) inbound[w.name] = receiver(c, logs)
  }
  if (!isEmpty(inbound)) out.inbound = inbound
  if (peers.length > 0) out.tls = tlsOf(peers)
  return out
}

function receiver(c: Case, logs: readonly Log[]): Observed {
  const s = summarize(c, logs)
  const codes = count(logs.filter(l => l.kind === 'http').map(l => l.code))
  if (!isEmpty(codes)) s.status = codes
  delete s.attempts
  if (Object.keys((s.route_name as object | undefined) ?? {}).every(r => r === 'default' || r === '-'))
    delete s.route_name
  return s
}

function outboundOfOthers(c: Case, seen: Seen): Observed {
  const out: Observed = {}
  for (const w of c.workloads) {
    const logs = (seen.logs.get(w.name) ?? []).filter(l => !l.inbound)
    if (logs.length > 0 && w.sidecar === true && w.name !== seen.sender.name) out[w.name] = summarize(c, logs)
  }
  return out
}

function tlsOf(peers: readonly string[]): Observed {
  const known = peers.filter(p => p.startsWith('spiffe://'))
  if (known.length === 0) return { mtls: false }
  if (known.length < peers.length) return { mtls: 'mixed', peer: count(peers.map(p => p || 'none')) }
  return { mtls: true, peer: new Set(peers).size === 1 ? peers[0] : count(peers) }
}

interface CallNode {
  by?: string
  status: number
  tries: number
  calls?: unknown
}

function tree(echo: Echo): string {
  const below = (calls: unknown): string =>
    Array.isArray(calls) && calls.length > 0 ? ` > ${(calls as CallNode[]).map(node).join(' & ')}` : ''
  const node = (call: CallNode): string => {
    const tries = call.tries > 1 ? ` (try ${call.tries})` : ''
    return `${call.by || '-'} ${call.status}${tries}${below(call.calls)}`
  }
  return echo.workload + below(echo.calls)
}

/** What a server received that the client did not send, and the reverse. */
function headersAtServer(seen: Seen, recorded: Observed): Observed {
  const echoes = seen.results.flatMap(r => (r.echo === null ? [] : [r.echo]))
  const first = echoes[0]
  if (first === undefined) return {}
  const { traffic } = seen
  const { each } = traffic
  const asked = new Set(Object.keys((recorded.request_headers_at_server as object | undefined) ?? {}))
  const out: Observed = {}
  const paths = [...new Set(echoes.map(e => e.path))].sort((a, b) => (a < b ? -1 : 1))
  if (paths.length <= 4 && each?.path !== true && each?.query === undefined)
    out[':path'] = paths.length === 1 ? paths[0] : paths
  if (new Set(echoes.map(e => e.host)).size === 1) out[':authority'] = first.host
  if (first.method !== (traffic.method ?? 'GET') && traffic.grpc !== true && each?.method !== true)
    out[':method'] = first.method
  const sent = new Map<string, string>()
  for (const [name, value] of Object.entries(traffic.headers ?? {})) sent.set(name.toLowerCase(), String(value))
  for (const [name, value] of Object.entries(first.headers)) {
    const own = name === (each?.header ?? '').toLowerCase()
    if (asked.has(name) || (!VOLATILE_REQUEST.has(name) && !own && sent.get(name) !== value)) out[name] = value
  }
  const gone = [...sent.keys()].filter(k => first.headers[k] === undefined && k !== 'host')
  if (gone.length > 0) out['(removed)'] = gone.sort((a, b) => (a < b ? -1 : 1))
  const xfcc = out['x-forwarded-client-cert']
  if (typeof xfcc === 'string') out['x-forwarded-client-cert'] = xfcc.replace(/Hash=[0-9a-f]+/g, 'Hash=*')
  if (asked.has('x-envoy-attempt-count'))
    out['x-envoy-attempt-count'] = count(echoes.map(e => e.headers['x-envoy-attempt-count']))
  if (first.proto !== 'HTTP/1.1') out['(protocol)'] = first.proto
  if (first.sni !== undefined && first.sni !== '') out['(sni)'] = first.sni
  return out
}

function headersAtClient(results: readonly Result[], recorded: Observed): Observed {
  const asked = new Set(Object.keys((recorded.response_headers_at_client as object | undefined) ?? {}))
  const headers = results.flatMap(r => (r.header === null ? [] : [r.header]))
  const out: Observed = {}
  for (const name of new Set(headers.flatMap(h => Object.keys(h)))) {
    if (VOLATILE_RESPONSE.has(name) && !asked.has(name)) continue
    const values = count(headers.map(h => h[name]))
    const [first] = Object.keys(values)
    if (Object.keys(values).length === 1 && first !== undefined && values[first] === headers.length) out[name] = first
    else out[name] = Object.keys(values).length <= 4 ? values : 'varies'
  }
  return out
}

function hitsOf(seen: Seen): Observed {
  const out: Observed = {}
  for (const [name, { seen: n, hits }] of seen.hits) {
    if (n === 0) continue
    const one: Observed = { requests: n }
    const authority = count(hits.map(h => h.host))
    if (!isEmpty(authority)) one.authority = authority
    const paths = count(hits.map(h => h.path))
    const kinds = Object.keys(paths).length
    if (kinds > 0 && kinds < 4) one.path = paths
    out[name] = one
  }
  return out
}
