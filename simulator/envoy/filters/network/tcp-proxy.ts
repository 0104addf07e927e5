// tcp_proxy: one downstream connection, one upstream connection (envoy: source/common/tcp_proxy/tcp_proxy.cc).
//   dialling --connected--> open --either side closes, idle, too old--> ended;   dialling --failed--> ended
import type { EventHandler, EventId, SimTime } from '../../../engine/types.ts'
import type { ConnectionRecord } from '../../../observation/types.ts'
import type {
  ClientConnection,
  ClientHello,
  ConnectFailure,
  ConnectionAttempt,
  HttpRequest,
  Responder,
  ServerConnection,
} from '../../../wire/types.ts'
import { writeLogs } from '../../access-log.ts'
import type { Downstream, ProxyCore } from '../../proxy.ts'
import type { UpstreamCluster } from '../../upstream/cluster.ts'
import type { Host } from '../../upstream/host.ts'
import type { IstioStats } from '../stats/istio-stats.ts'
import { type TcpFacts, TcpReport } from '../stats/tcp-report.ts'
import type { Terminal } from './gate.ts'
import { Relay, type TcpUpstreamUser, UpstreamEar } from './relay.ts'
import { clusterOf, hashOf, type TcpSettings } from './tcp-settings.ts'

const CONNECT_TIMEOUT = 1
const IDLE = 2
const MAX_DURATION = 3

/** Bytes of either direction that are kept. */
const CAPTURED = 200

export class TcpSession implements Terminal, TcpUpstreamUser, EventHandler {
  private readonly core: ProxyCore
  private readonly down: Downstream
  private readonly settings: TcpSettings
  private readonly connection: ServerConnection
  private readonly attempt: ConnectionAttempt
  /** TLS that goes through to somebody further on. */
  private readonly carried: ClientHello | null
  private readonly start: SimTime
  private readonly name: string
  private cluster: UpstreamCluster | null = null
  private host: Host | null = null
  private upstream: ClientConnection | null = null
  private dialling: { cancel(): void } | null = null
  private waiting: (string | { request: HttpRequest; responder: Responder })[] = []
  private attempts = 0
  private holds = false
  private pending = false
  private done = false
  private settled = true
  private received = 0
  private sent = 0
  private lastUse: SimTime
  private flags: readonly string[] = []
  /** How the upstream connection was made, kept beyond its end. */
  private certificate: TcpFacts['upstream'] = null
  private readonly capture: Capture | null
  private readonly reports: readonly TcpReport[]
  private connectTimer: EventId = 0
  private idleTimer: EventId = 0
  private durationTimer: EventId = 0

  constructor(
    core: ProxyCore,
    down: Downstream,
    settings: TcpSettings,
    connection: ServerConnection,
    attempt: ConnectionAttempt,
    terminates: boolean,
    stats: readonly IstioStats[] | null,
  ) {
    this.core = core
    this.down = down
    this.settings = settings
    this.connection = connection
    this.attempt = attempt
    this.carried = carriedTls(attempt, terminates)
    const { scheduler } = core.options
    this.start = scheduler.now
    this.lastUse = scheduler.now
    this.name = clusterOf(settings, core.dice)
    this.capture = core.options.recorder.wants('handshake') ? new Capture() : null
    if (settings.maxDuration > 0) this.durationTimer = scheduler.after(settings.maxDuration, this, MAX_DURATION, null)
    if (settings.idleTimeout > 0) this.idleTimer = scheduler.after(settings.idleTimeout, this, IDLE, null)
    this.reports = stats?.map(filter => new TcpReport(filter, core, down, () => this.facts())) ?? []
    for (const report of this.reports) core.reports.add(report)
    this.dial('')
  }

  /** What its metrics are made of, as it is now. */
  private facts(): TcpFacts {
    const { cluster, host, flags, received, sent } = this
    return {
      cluster,
      host,
      upstream: this.certificate,
      offered: this.attempt.tls?.alpn ?? [],
      flags,
      received,
      sent,
      record: () => this.recordOf(0, '', ''),
    }
  }

  private tellBytes(): void {
    for (const report of this.reports) report.catchUp()
  }

  private dial(failure: string): void {
    const cluster = this.core.cluster(this.name)
    if (cluster === null) {
      this.end('fin', ['NC'], '', '')
      return
    }
    this.cluster = cluster
    if (this.attempts > 0 && this.attempts >= this.settings.maxConnectAttempts) {
      this.end('fin', ['UF', 'URX'], '', failure)
      return
    }
    const { connections, pending } = cluster.breakers
    if (!connections.free) {
      cluster.counters.upstream_cx_overflow++
      this.end('fin', ['UO'], '', '')
      return
    }
    const original = { ip: this.down.ip, port: this.down.port }
    const host = cluster.pick([], 1, original, hashOf(this.settings, this.down.sourceIp))
    if (host === null) {
      this.end('fin', ['UH'], '', '')
      return
    }
    if (!pending.free) {
      cluster.counters.upstream_rq_pending_overflow++
      this.end('fin', ['UO'], '', '')
      return
    }
    this.host = host
    this.attempts++
    this.holds = true
    this.pending = true
    connections.count++
    pending.count++
    cluster.counters.upstream_cx_total++
    const { scheduler, network } = this.core.options
    if (cluster.settings.connectTimeout > 0)
      this.connectTimer = scheduler.after(cluster.settings.connectTimeout, this, CONNECT_TIMEOUT, null)
    this.dialling = network.dial(
      {
        ip: host.ip,
        port: host.port,
        tls: this.hello(cluster, host),
        firstBytes: this.attempt.firstBytes,
        bypassCapture: true,
        ...cluster.settings.source,
        ...(cluster.sockets.tellsClient(host)
          ? { proxyHeader: { ip: this.down.sourceIp, port: this.down.sourcePort } }
          : {}),
      },
      new UpstreamEar(this),
    )
  }

  private hello(cluster: UpstreamCluster, host: Host): ClientHello | null {
    const own = cluster.sockets.hello(host, null, this.down.sni)
    if (own === null || this.carried === null) return own ?? this.carried
    return { ...own, inner: this.carried }
  }

  onConnected(connection: ClientConnection): void {
    const { cluster, host } = this
    if (cluster === null || host === null) return
    this.release()
    this.upstream = connection
    if (this.reports.length > 0) this.certificate = { alpn: connection.alpn, sans: connection.peerCertificate?.sans }
    cluster.counters.upstream_rq_total++
    host.active++
    this.settled = false
    cluster.reportLocal(host, 'ok', true)
    if (this.carried !== null)
      this.connection.answerHello?.({ alpn: connection.alpn, certificate: connection.peerCertificate })
    for (const item of this.waiting.splice(0)) {
      if (typeof item === 'string') connection.send(item)
      else this.relay(connection, item.request, item.responder)
    }
  }

  onConnectFailure(failure: ConnectFailure, detail: string): void {
    const { cluster, host } = this
    if (cluster === null || host === null || this.done) return
    this.release()
    this.letGo()
    cluster.counters.upstream_cx_connect_fail++
    cluster.reportLocal(host, failure === 'timeout' ? 'timeout' : 'failed', true)
    this.dialling = null
    this.dial(detail || (failure === 'refused' ? 'delayed_connect_error:_Connection_refused' : ''))
  }

  /** Bytes from upstream. */
  fromUpstream(data: string): void {
    this.tellBytes()
    this.sent += data.length
    this.capture?.take('back', data)
    this.lastUse = this.core.options.scheduler.now
    this.connection.send(data)
  }

  onData(data: string): void {
    if (this.done) return
    this.tellBytes()
    this.received += data.length
    this.capture?.take('there', data)
    this.lastUse = this.core.options.scheduler.now
    if (this.upstream === null) this.waiting.push(data)
    else this.upstream.send(data)
  }

  onRequest(request: HttpRequest, responder: Responder): void {
    if (this.done) return
    if (this.upstream === null) this.waiting.push({ request, responder })
    else this.relay(this.upstream, request, responder)
  }

  /** A filter before this one closes the connection. */
  refuse(flag: string, details: string): void {
    this.end('fin', flag === '' ? [] : [flag], details, '')
  }

  private relay(upstream: ClientConnection, request: HttpRequest, responder: Responder): void {
    this.tellBytes()
    this.received += request.body.length
    new Relay(this, responder).send(upstream, request)
  }

  /** @internal A whole message passed back. */
  passed(length: number): void {
    this.tellBytes()
    this.sent += length
    this.lastUse = this.core.options.scheduler.now
  }

  /** The downstream end is gone. */
  onClosed(): void {
    this.end('fin', [], '', '')
  }

  /** The upstream end is gone. */
  upstreamClosed(how: 'fin' | 'rst'): void {
    this.upstream = null
    this.settle()
    this.end(how, how === 'rst' ? ['UR'] : [], '', '')
  }

  onEvent(kind: number): void {
    const { scheduler } = this.core.options
    if (kind === CONNECT_TIMEOUT) {
      this.connectTimer = 0
      this.dialling?.cancel()
      if (this.cluster !== null) this.cluster.counters.upstream_cx_connect_timeout++
      this.onConnectFailure('timeout', '')
    } else if (kind === MAX_DURATION) {
      this.durationTimer = 0
      this.end('fin', ['DT'], '', '')
    } else {
      this.idleTimer = 0
      const rest = this.lastUse + this.settings.idleTimeout - scheduler.now
      if (rest > 0) this.idleTimer = scheduler.after(rest, this, IDLE, null)
      else this.end('fin', [], '', '')
    }
  }

  /** It no longer waits for its connection. */
  private release(): void {
    if (this.connectTimer !== 0) this.core.options.scheduler.cancel(this.connectTimer)
    this.connectTimer = 0
    if (this.pending && this.cluster !== null) this.cluster.breakers.pending.count--
    this.pending = false
  }

  private letGo(): void {
    if (this.holds && this.cluster !== null) {
      this.cluster.breakers.connections.count--
      this.cluster.counters.upstream_cx_destroy++
    }
    this.holds = false
  }

  private settle(): void {
    if (this.host !== null && !this.settled) this.host.active--
    this.settled = true
  }

  private end(how: 'fin' | 'rst', flags: string[], details: string, failure: string): void {
    if (this.done) return
    this.done = true
    const { recorder, scheduler, nextSpan } = this.core.options
    for (const timer of [this.idleTimer, this.durationTimer]) if (timer !== 0) scheduler.cancel(timer)
    this.release()
    this.letGo()
    if (this.upstream !== null) {
      this.settle()
      this.upstream.close()
    } else this.dialling?.cancel()
    this.connection.close(how)
    this.flags = flags
    for (const report of this.reports) {
      report.end()
      this.core.reports.delete(report)
    }
    const logs = recorder.wants('log') ? this.settings.accessLogs() : []
    if (!recorder.wants('connection') && logs.length === 0) return
    const record = this.recordOf(nextSpan(), details, failure)
    if (recorder.wants('connection')) recorder.record(record)
    writeLogs(logs, record, recorder)
  }

  private recordOf(span: number, details: string, failure: string): ConnectionRecord {
    const { scheduler, id, pod } = this.core.options
    return {
      kind: 'connection',
      span,
      proxy: id,
      pod,
      direction: this.down.direction,
      start: this.start,
      end: scheduler.now,
      listener: this.down.listener,
      filterChain: this.down.chain,
      cluster: this.name,
      upstreamHost: this.host?.key ?? '',
      flags: [...this.flags],
      details,
      upstreamTransportFailure: failure,
      downstreamTransportFailure: '',
      mtls: this.down.peer !== '',
      tls: this.down.tls || this.attempt.tls !== null,
      upstreamTls: this.upstream !== null && this.upstream.peerCertificate !== null,
      downstreamPeer: this.down.peer,
      sni: this.down.sni,
      downstreamRemote: `${this.down.sourceIp}:${this.down.sourcePort}`,
      downstreamLocal: `${this.down.ip}:${this.down.port}`,
      upstreamLocal: this.upstream?.localAddress ?? '',
      bytesReceived: this.received,
      bytesSent: this.sent,
      attempts: this.attempts,
      ...(this.capture === null ? {} : { firstBytes: this.capture.seen }),
    }
  }
}

/** What a packet capture would show of a connection's beginning, for whoever looks. */
class Capture {
  readonly seen = { there: '', back: '' }

  take(way: 'there' | 'back', data: string): void {
    if (this.seen[way].length < CAPTURED) this.seen[way] = (this.seen[way] + data).slice(0, CAPTURED)
  }
}

/** What is still encrypted after this proxy's own part of the handshake. */
export function carriedTls(attempt: ConnectionAttempt, terminates: boolean): ClientHello | null {
  return terminates ? (attempt.tls?.inner ?? null) : attempt.tls
}
