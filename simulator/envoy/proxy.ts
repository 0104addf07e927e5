// The simulated Envoy: takes xDS, owns listeners, routes and clusters, accepts connections.
import type { RandomStream } from '../engine/types.ts'
import type { Family } from '../observation/metrics.ts'
import type { ConnectionRecord } from '../observation/types.ts'
import type {
  Acceptor,
  AcceptResult,
  CertificateIdentity,
  ConnectionAttempt,
  FirstBytes,
  ServerConnection,
  ServerConnectionHandler,
} from '../wire/types.ts'
import type { FilterChain, ProxyConfiguration } from '../xds/types.ts'
import { writeLogs } from './access-log.ts'
import { NetworkGate, type Terminal } from './filters/network/gate.ts'
import { carriedTls, TcpSession } from './filters/network/tcp-proxy.ts'
import type { TcpReport } from './filters/stats/tcp-report.ts'
import { CutConnection, type FailedHandshake, handshake, inspectionError } from './handshake.ts'
import { recordHandshake } from './handshake-record.ts'
import { NOT_HTTP1, recordCodecError } from './http/codec-error.ts'
import { Inspection, waitsForBytes } from './inspection.ts'
import { type CompiledListener, chooseChain } from './listener.ts'
import { LiveConfiguration } from './live-configuration.ts'
import { proxyMetrics } from './metrics.ts'
import { compileNetworkFilters, type NetworkFilters } from './network-filters.ts'
import { clockOf, type ProxyOptions } from './options.ts'
import type { RouteTable } from './route.ts'
import { Stats } from './stats.ts'
import type { UpstreamCluster } from './upstream/cluster.ts'

/** What streams know of the connection they came in on. */
export interface Downstream {
  ip: string
  port: number
  sourceIp: string
  sourcePort: number
  tls: boolean
  sni: string
  peer: string
  /** The client's certificate where one was asked for and checked. */
  certificate: CertificateIdentity | null
  /** Names of the certificate that this side showed. */
  ownSans: readonly string[]
  listener: string
  chain: string
  direction: 'inbound' | 'outbound' | 'gateway'
  /** The filter chain's state: while it drains, every answer closes its connection. */
  drain: { readonly draining: boolean }
}

/** What streams and sessions need of their proxy. */
export interface ProxyCore {
  readonly options: ProxyOptions
  readonly dice: RandomStream
  readonly stats: Stats
  /** Connections whose metrics are told in intervals. */
  readonly reports: Set<TcpReport>
  cluster(name: string): UpstreamCluster | null
  routeTable(name: string): RouteTable | null
  uuid(): string
  /** Seconds since 1970. */
  wallSeconds(): number
}

/** Two digits for every byte: quicker than formatting each number. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const eightDigits = (word: number): string =>
  HEX[word >>> 24]! + HEX[(word >>> 16) & 255]! + HEX[(word >>> 8) & 255]! + HEX[word & 255]!

// biome-ignore lint/suspicious/noShadowRestrictedNames: Envoy's own word for it.
export class Proxy implements ProxyCore {
  readonly options: ProxyOptions
  readonly dice: RandomStream
  readonly outbound: Acceptor
  readonly inbound: Acceptor
  readonly gateway: Acceptor
  /** The configuration in force, and what is warming. */
  readonly live: LiveConfiguration
  readonly stats = new Stats()
  readonly reports = new Set<TcpReport>()
  private readonly ids: RandomStream
  private readonly network = new WeakMap<object, NetworkFilters>()

  constructor(options: ProxyOptions) {
    this.options = options
    this.live = new LiveConfiguration(options)
    this.dice = options.random.stream(`envoy/${options.id}/streams`)
    this.ids = options.random.stream(`envoy/${options.id}/ids`)
    this.outbound = { accept: (a, c) => this.enter(this.outboundListener(a), a, c) }
    this.inbound = { accept: (a, c) => this.enter(this.named('virtualInbound'), a, c) }
    this.gateway = { accept: (a, c) => this.enter(this.bound(a.destinationPort), a, c) }
  }

  /** Takes a whole configuration at once; returns why resources were rejected (those keep their old form). */
  apply(config: ProxyConfiguration): string[] {
    return this.live.replace(config)
  }

  cluster(name: string): UpstreamCluster | null {
    return this.live.clusters.get(name)?.compiled ?? null
  }

  /** A counter or gauge by Envoy's name, `cluster.<cluster>;.<stat>` or `http.<prefix>;.rbac.<stat>`; 0 = never counted. */
  stat(name: string): number {
    const [, cluster = '', stat = ''] = /^cluster\.(.*);\.(.*)$/.exec(name) ?? []
    if (cluster === '') return this.stats.value(name)
    return this.cluster(cluster)?.stat(stat) ?? 0
  }

  /** What Prometheus finds at this proxy now, see proxyMetrics; [] when nobody asked for metrics at the start. */
  metrics(all = false): Family[] {
    return proxyMetrics(this, all)
  }

  routeTable(name: string): RouteTable | null {
    return this.live.routes.get(name)?.compiled ?? null
  }

  wallSeconds(): number {
    return (this.options.epochSeconds ?? 0) + clockOf(this.options) / 1_000_000
  }

  uuid(): string {
    let hex = ''
    for (let i = 0; i < 4; i++) hex += eightDigits(this.ids.below(0x7fffffff))
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  private named(name: string): CompiledListener | null {
    return this.live.listeners.get(name)?.compiled ?? null
  }
  private outboundListener(a: ConnectionAttempt): CompiledListener | null {
    return (
      this.named(`${a.destinationIp}_${a.destinationPort}`) ??
      this.named(`0.0.0.0_${a.destinationPort}`) ??
      this.named('virtualOutbound')
    )
  }
  private bound(port: number): CompiledListener | null {
    for (const { compiled } of this.live.listeners.values()) if (compiled.port === port) return compiled
    return null
  }

  private enter(
    listener: CompiledListener | null,
    attempt: ConnectionAttempt,
    connection: ServerConnection,
  ): AcceptResult {
    // Without its certificate the proxy's clusters do not warm, and it asks for no listener before they have (init manager).
    if (!listener || this.options.certificate() === null) return { kind: 'refused' }
    // A header where none is read is neither HTTP nor TLS; none where one is read ends the connection.
    const { proxyHeader } = attempt
    if (listener.proxyProtocol !== (proxyHeader !== undefined)) return { kind: 'reset' }
    if (proxyHeader === undefined) return this.inspect(listener, attempt, connection)
    return this.inspect(listener, { ...attempt, sourceIp: proxyHeader.ip, sourcePort: proxyHeader.port }, connection)
  }

  private inspect(listener: CompiledListener, attempt: ConnectionAttempt, connection: ServerConnection): AcceptResult {
    if (!waitsForBytes(listener, attempt)) return this.enterChain(listener, attempt, connection)
    const choose = (firstBytes: FirstBytes) => this.enterChain(listener, { ...attempt, firstBytes }, connection)
    return { kind: 'accepted', hello: null, handler: new Inspection(this.options, listener, connection, choose) }
  }

  private enterChain(
    listener: CompiledListener,
    attempt: ConnectionAttempt,
    connection: ServerConnection,
  ): AcceptResult {
    const chain = chooseChain(listener, attempt)
    if (!chain) {
      this.refuse(listener, attempt)
      return { kind: 'reset' }
    }
    const tls = handshake(chain.tls, attempt, this.options)
    if (chain.tls !== null && attempt.tls !== null) recordHandshake(this.options, listener.name, chain, attempt, tls)
    if (tls.kind === 'not tls') return { kind: 'reset' }
    if (tls.kind === 'failed') return this.failHandshake(tls, connection)
    const down: Downstream = {
      ip: attempt.destinationIp,
      port: attempt.destinationPort,
      sourceIp: attempt.sourceIp,
      sourcePort: attempt.sourcePort,
      tls: tls.terminates,
      sni: tls.terminates || listener.tlsInspector(attempt.destinationPort) ? (attempt.tls?.sni ?? '') : '',
      peer: tls.client?.sans[0] ?? '',
      certificate: tls.client,
      ownSans: tls.hello?.certificate?.sans ?? [],
      listener: listener.name,
      chain: chain.name,
      direction: listener.direction,
      drain: chain,
    }
    const network = this.networkFilters(chain.config.filters)
    if (network.manager !== null && attempt.tls !== null && !tls.terminates) recordCodecError(this, down, NOT_HTTP1)
    const guarded = (terminal: Terminal): ServerConnectionHandler =>
      network.gates.length === 0 ? terminal : new NetworkGate(this, down, network.gates, terminal)
    if (network.manager !== null)
      return { kind: 'accepted', hello: tls.hello, handler: guarded(network.manager.handler(down, connection)) }
    if (network.tcp === null) return { kind: 'reset' }
    const session = new TcpSession(this, down, network.tcp, connection, attempt, tls.terminates, network.stats)
    const defer = carriedTls(attempt, tls.terminates) !== null
    return { kind: 'accepted', hello: tls.hello, handler: guarded(session), ...(defer ? { deferHello: true } : {}) }
  }

  /**
   * In TLS 1.3 the client is done before the server has judged its certificate: it has a connection, and loses it with the
   * first thing that it asks.
   */
  private failHandshake(failure: FailedHandshake, connection: ServerConnection): AcceptResult {
    if (failure.hello === null) return { kind: 'tls-failure', detail: failure.clientSees }
    return { kind: 'accepted', hello: failure.hello, handler: new CutConnection(this.options.scheduler, connection) }
  }

  private networkFilters(filters: FilterChain['filters']): NetworkFilters {
    let found = this.network.get(filters)
    if (found === undefined) {
      found = compileNetworkFilters(filters, this)
      this.network.set(filters, found)
    }
    return found
  }

  private refuse(listener: CompiledListener, a: ConnectionAttempt): void {
    const { recorder, scheduler, id, pod, nextSpan } = this.options
    const logs = recorder.wants('log') ? listener.accessLogs() : []
    if (!recorder.wants('connection') && logs.length === 0) return
    const record: ConnectionRecord = {
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
      downstreamTransportFailure: inspectionError(listener, a),
      mtls: false,
      tls: a.tls !== null,
      upstreamTls: false,
      downstreamPeer: '',
      sni: a.tls?.sni ?? '',
      downstreamRemote: `${a.sourceIp}:${a.sourcePort}`,
      downstreamLocal: `${a.destinationIp}:${a.destinationPort}`,
      upstreamLocal: '',
      bytesReceived: 0,
      bytesSent: 0,
      attempts: 0,
    }
    if (recorder.wants('connection')) recorder.record(record)
    writeLogs(logs, record, recorder)
  }
}
