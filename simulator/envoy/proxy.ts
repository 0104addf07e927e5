// The simulated Envoy: takes xDS, owns listeners, routes and clusters, accepts connections.
import type { RandomStream } from '../engine/types.ts'
import type {
  Acceptor,
  AcceptResult,
  ClientConnection,
  ConnectionAttempt,
  HttpRequest,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
} from '../wire/types.ts'
import type { JsonObject, ProxyConfiguration } from '../xds/types.ts'
import { UpstreamCluster } from './cluster.ts'
import { HttpStream } from './http.ts'
import { list, number, object, text } from './json.ts'
import { type Chain, type CompiledListener, chooseChain, compileListener } from './listener.ts'
import type { ProxyOptions } from './options.ts'
import { compileRbac, type RbacCheck } from './rbac.ts'
import { compileRouteTable, type RouteTable } from './route.ts'
import { TcpSession } from './tcp.ts'

/** What streams know of the connection they came in on. */
export interface Downstream {
  ip: string
  port: number
  sourceIp: string
  tls: boolean
  sni: string
  peer: string
  listener: string
  chain: string
  direction: 'inbound' | 'outbound' | 'gateway'
  server: string
  filters: { check: RbacCheck }
}

/** What streams and sessions need of their proxy. */
export interface ProxyCore {
  readonly options: ProxyOptions
  readonly dice: RandomStream
  cluster(name: string): UpstreamCluster | null
  uuid(): string
}

// biome-ignore lint/suspicious/noShadowRestrictedNames: Envoy's own word for it.
export class Proxy implements ProxyCore {
  readonly options: ProxyOptions
  readonly dice: RandomStream
  readonly outbound: Acceptor
  readonly inbound: Acceptor
  readonly gateway: Acceptor
  private readonly ids: RandomStream
  private listeners = new Map<string, { json: string; compiled: CompiledListener }>()
  private routes = new Map<string, { json: string; compiled: RouteTable }>()
  private clusters = new Map<string, { json: string; compiled: UpstreamCluster }>()
  private readonly inline = new WeakMap<object, RouteTable>()
  private readonly checks = new WeakMap<object, RbacCheck>()

  constructor(options: ProxyOptions) {
    this.options = options
    this.dice = options.random.stream(`envoy/${options.id}/streams`)
    this.ids = options.random.stream(`envoy/${options.id}/ids`)
    this.outbound = { accept: (a, c) => this.enter(this.outboundListener(a), a, c) }
    this.inbound = { accept: (a, c) => this.enter(this.named('virtualInbound'), a, c) }
    this.gateway = { accept: (a, c) => this.enter(this.bound(a.destinationPort), a, c) }
  }

  /** Takes a configuration; returns why resources were rejected (those keep their old form). */
  apply(config: ProxyConfiguration): string[] {
    const nacks: string[] = []
    this.clusters = renew(this.clusters, config.clusters, c => new UpstreamCluster(c, this.options), nacks)
    const endpoints = new Map(config.endpoints.map(e => [e.cluster_name, e]))
    for (const { compiled } of this.clusters.values()) {
      if (compiled.type === 'ORIGINAL_DST') continue
      const service = text(object(compiled.config.eds_cluster_config).service_name) || compiled.name
      compiled.assign(compiled.type === 'EDS' ? (endpoints.get(service) ?? { cluster_name: service }) : null)
    }
    this.routes = renew(this.routes, config.routes, compileRouteTable, nacks)
    this.listeners = renew(
      this.listeners,
      config.listeners,
      l => compileListener(l, this.options.type === 'router'),
      nacks,
    )
    return nacks
  }

  cluster(name: string): UpstreamCluster | null {
    return this.clusters.get(name)?.compiled ?? null
  }

  uuid(): string {
    let hex = ''
    for (let i = 0; i < 4; i++) hex += this.ids.below(0x7fffffff).toString(16).padStart(8, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  private named(name: string): CompiledListener | null {
    return this.listeners.get(name)?.compiled ?? null
  }
  private outboundListener(a: ConnectionAttempt): CompiledListener | null {
    return (
      this.named(`${a.destinationIp}_${a.destinationPort}`) ??
      this.named(`0.0.0.0_${a.destinationPort}`) ??
      this.named('virtualOutbound')
    )
  }
  private bound(port: number): CompiledListener | null {
    for (const { compiled } of this.listeners.values()) if (compiled.port === port) return compiled
    return null
  }

  private enter(
    listener: CompiledListener | null,
    attempt: ConnectionAttempt,
    connection: ServerConnection,
  ): AcceptResult {
    if (!listener) return { kind: 'refused' }
    const chain = chooseChain(listener, attempt)
    if (!chain) {
      this.refuse(listener, attempt)
      return { kind: 'reset' }
    }
    const context = object(chain.config.transport_socket?.typed_config)
    const terminates = text(context['@type']).endsWith('DownstreamTlsContext')
    const filters = chain.config.filters
    const last = object(filters[filters.length - 1]?.typed_config)
    const isHttp = text(last['@type']).endsWith('HttpConnectionManager')
    if (terminates && !attempt.tls) return { kind: 'reset' }
    const common = object(context.common_tls_context)
    let alpn: string | null = null
    let peer = ''
    if (terminates && attempt.tls) {
      const offered = attempt.tls.alpn
      alpn =
        list(common.alpn_protocols)
          .map(p => text(p))
          .find(p => offered.includes(p)) ?? null
      const client = attempt.tls.certificate
      if (context.require_client_certificate === true && !client)
        return { kind: 'tls-failure', detail: 'PEER_DID_NOT_RETURN_A_CERTIFICATE' }
      if (context.require_client_certificate === true && client && !this.options.trustRoots().includes(client.issuer))
        return { kind: 'tls-failure', detail: 'CERTIFICATE_VERIFY_FAILED' }
      peer = client?.sans[0] ?? ''
    }
    const sds = text(object(list(common.tls_certificate_sds_secret_configs)[0]).name)
    const certificate = sds === 'default' || sds === '' ? this.options.certificate() : this.options.secret(sds)
    if (terminates && !certificate) return { kind: 'reset' }
    const down: Downstream = {
      ip: attempt.destinationIp,
      port: attempt.destinationPort,
      sourceIp: attempt.sourceIp,
      tls: terminates,
      sni: attempt.tls?.sni ?? '',
      peer,
      listener: listener.name,
      chain: chain.name,
      direction: listener.direction,
      server: text(last.server_name, 'envoy'),
      filters: { check: this.check(isHttp ? list(last.http_filters) : filters.slice(0, -1), last) },
    }
    const hello = terminates ? { alpn, certificate } : null
    if (isHttp) return { kind: 'accepted', hello, handler: this.http(chain, last, down) }
    const session = new TcpSession(this, down, last, connection, attempt, terminates)
    return { kind: 'accepted', hello, handler: session, ...(attempt.tls && !terminates ? { deferHello: true } : {}) }
  }

  private check(filters: unknown[], key: object): RbacCheck {
    let check = this.checks.get(key)
    if (!check) {
      check = compileRbac(filters.map(f => object(object(f).typed_config)))
      this.checks.set(key, check)
    }
    return check
  }

  private http(_chain: Chain, manager: JsonObject, down: Downstream): ServerConnectionHandler {
    return {
      onRequest: (request: HttpRequest, responder: Responder) => {
        new HttpStream(this, down, request, responder).begin(this.table(manager))
      },
      onData: () => {},
      onClosed: () => {},
    }
  }

  private table(manager: JsonObject): RouteTable | null {
    if (manager.rds) return this.routes.get(text(object(manager.rds).route_config_name))?.compiled ?? null
    const config = object(manager.route_config)
    let table = this.inline.get(config)
    if (!table) {
      table = compileRouteTable({ name: text(config.name), ...config })
      this.inline.set(config, table)
    }
    return table
  }

  private refuse(listener: CompiledListener, a: ConnectionAttempt): void {
    const { recorder, scheduler, id, pod, nextSpan } = this.options
    if (!recorder.wants('connection')) return
    recorder.record({
      kind: 'connection',
      span: nextSpan(),
      proxy: id,
      pod,
      direction: listener.direction,
      start: scheduler.now,
      end: scheduler.now,
      listener: listener.name,
      filterChain: '',
      cluster: '',
      upstreamHost: '',
      flags: ['NR'],
      details: 'filter_chain_not_found',
      upstreamTransportFailure: '',
      downstreamTransportFailure: '',
      mtls: false,
      downstreamPeer: '',
      sni: a.tls?.sni ?? '',
      bytesReceived: 0,
      bytesSent: 0,
      attempts: number(0),
    })
  }
}

export type { ClientConnection }

/** Compiles what changed, keeps what did not; what fails to compile keeps its old form. */
function renew<C extends { name: string }, T>(
  old: Map<string, { json: string; compiled: T }>,
  configs: C[],
  compile: (c: C) => T,
  nacks: string[],
): Map<string, { json: string; compiled: T }> {
  const next = new Map<string, { json: string; compiled: T }>()
  for (const config of configs) {
    const json = JSON.stringify(config)
    const before = old.get(config.name)
    if (before?.json === json) {
      next.set(config.name, before)
      continue
    }
    try {
      next.set(config.name, { json, compiled: compile(config) })
    } catch (error) {
      nacks.push(`${config.name}: ${error instanceof Error ? error.message : 'rejected'}`)
      if (before) next.set(config.name, before)
    }
  }
  return next
}
