// tcp_proxy: one downstream connection, one upstream connection (envoy: source/common/tcp_proxy/tcp_proxy.cc).
import type {
  ClientConnection,
  ConnectFailure,
  ConnectionAttempt,
  HttpRequest,
  Responder,
  ServerConnection,
  ServerConnectionHandler,
} from '../wire/types.ts'
import type { JsonObject } from '../xds/types.ts'
import type { UpstreamCluster } from './cluster.ts'
import { list, number, object, text } from './json.ts'
import { sourceOf } from './pool.ts'
import type { Downstream, ProxyCore } from './proxy.ts'

export class TcpSession implements ServerConnectionHandler {
  private readonly core: ProxyCore
  private readonly down: Downstream
  private readonly connection: ServerConnection
  private readonly defer: boolean
  private readonly start: number
  private cluster: UpstreamCluster | null = null
  private name = ''
  private host = ''
  private upstream: ClientConnection | null = null
  private dialling: { cancel(): void } | null = null
  private waiting: (string | { request: HttpRequest; responder: Responder })[] = []
  private counted = false
  private done = false
  private received = 0
  private sent = 0

  constructor(
    core: ProxyCore,
    down: Downstream,
    config: JsonObject,
    connection: ServerConnection,
    attempt: ConnectionAttempt,
    terminates: boolean,
  ) {
    this.core = core
    this.down = down
    this.connection = connection
    this.defer = attempt.tls !== null && !terminates
    this.start = core.options.scheduler.now
    this.name = text(config.cluster)
    const weighted = list(object(config.weighted_clusters).clusters).map(object)
    if (weighted.length > 0) {
      let roll = core.dice.below(weighted.reduce((sum, c) => sum + number(c.weight), 0) || 1)
      for (const c of weighted) {
        this.name = text(c.name)
        roll -= number(c.weight)
        if (roll < 0) break
      }
    }
    const denied = down.filters.check(null, down)
    if (denied) {
      this.end([], `rbac_access_denied_matched_policy[${denied}]`, '')
      return
    }
    const cluster = core.cluster(this.name)
    if (!cluster) {
      this.end(['NC'], '', '')
      return
    }
    if (cluster.connections >= cluster.maxConnections) {
      this.end(['UO'], '', '')
      return
    }
    const host = cluster.pick([], 1, { ip: down.ip, port: down.port })
    if (!host) {
      this.end(['UH'], '', '')
      return
    }
    this.cluster = cluster
    this.host = host.key
    cluster.connections++
    this.counted = true
    this.dialling = core.options.network.dial(
      {
        ip: host.ip,
        port: host.port,
        tls: cluster.hello(host) ?? (this.defer ? attempt.tls : null),
        firstBytes: attempt.firstBytes,
        bypassCapture: true,
        ...sourceOf(cluster),
      },
      {
        onConnected: open => this.onConnected(open),
        onConnectFailure: (failure, detail) => this.onConnectFailure(failure, detail),
        onData: data => {
          this.sent += data.length
          connection.send(data)
        },
        onClosed: () => this.onClosed(),
      },
    )
  }

  onConnected(connection: ClientConnection): void {
    this.upstream = connection
    if (this.defer) this.connection.answerHello?.({ alpn: connection.alpn, certificate: connection.peerCertificate })
    for (const item of this.waiting.splice(0)) {
      if (typeof item === 'string') connection.send(item)
      else this.pass(connection, item.request, item.responder)
    }
  }
  onConnectFailure(_failure: ConnectFailure, detail: string): void {
    this.end(['UF', 'URX'], '', detail)
  }
  onData(data: string): void {
    if (!this.upstream) {
      this.received += data.length
      this.waiting.push(data)
      return
    }
    this.received += data.length
    this.upstream.send(data)
  }
  onRequest(request: HttpRequest, responder: Responder): void {
    if (this.upstream) this.pass(this.upstream, request, responder)
    else this.waiting.push({ request, responder })
  }
  onClosed(): void {
    this.end([], '', '')
  }

  private pass(upstream: ClientConnection, request: HttpRequest, responder: Responder): void {
    this.received += request.body.length
    const handle = upstream.request(request, {
      onResponse: response => {
        this.sent += response.body.length
        responder.respond(response)
      },
      onReset: reason => responder.reset(reason),
    })
    responder.onCancel = () => handle.cancel()
  }

  private end(flags: string[], details: string, failure: string): void {
    if (this.done) return
    this.done = true
    if (this.counted && this.cluster) this.cluster.connections--
    if (this.upstream) this.upstream.close()
    else this.dialling?.cancel()
    this.connection.close('fin')
    const { recorder, scheduler, id, pod, nextSpan } = this.core.options
    if (!recorder.wants('connection')) return
    recorder.record({
      kind: 'connection',
      span: nextSpan(),
      proxy: id,
      pod,
      direction: this.down.direction,
      start: this.start,
      end: scheduler.now,
      listener: this.down.listener,
      filterChain: this.down.chain,
      cluster: this.name,
      upstreamHost: this.host,
      flags,
      details,
      upstreamTransportFailure: failure,
      downstreamTransportFailure: '',
      mtls: this.down.peer !== '',
      downstreamPeer: this.down.peer,
      sni: this.down.sni,
      bytesReceived: this.received,
      bytesSent: this.sent,
      attempts: this.host ? 1 : 0,
    })
  }
}
