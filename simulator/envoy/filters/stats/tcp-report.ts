// Istio's metrics of one TCP connection: opened, closed, bytes told every few seconds and at the end
// (istio/proxy: istio_stats.cc reportHelper). No timer runs for it: what a reader may see at a moment is reckoned from the
// interval, so that counting changes nothing in the run.
//   waiting --the peer is known, or the end--> told --interval--> told --end--> closed
import type { Labels, Sample } from '../../../observation/metrics.ts'
import type { ConnectionRecord } from '../../../observation/types.ts'
import type { Downstream, ProxyCore } from '../../proxy.ts'
import type { UpstreamCluster } from '../../upstream/cluster.ts'
import type { Host } from '../../upstream/host.ts'
import { attributesFor } from './attributes.ts'
import type { IstioStats } from './istio-stats.ts'
import { endpointMetadata, principalOf, serviceOf, standardLabels } from './labels.ts'

/** ALPN by which two proxies agree to tell each other who they are. */
const PEER_EXCHANGE = 'istio-peer-exchange'

/** What a session knows of itself when it reports. */
export interface TcpFacts {
  cluster: UpstreamCluster | null
  host: Host | null
  /** Of the upstream connection; null while there is none. */
  upstream: { alpn: string | null; sans: readonly string[] | undefined } | null
  /** What the client offers in its hello. */
  offered: readonly string[]
  flags: readonly string[]
  received: number
  sent: number
  record: () => ConnectionRecord
}

export class TcpReport {
  private readonly stats: IstioStats
  private readonly core: ProxyCore
  private readonly down: Downstream
  private readonly facts: () => TcpFacts
  private next: number
  private labels: Labels | null = null
  private values: readonly string[] = []
  private toldReceived = 0
  private toldSent = 0

  constructor(stats: IstioStats, core: ProxyCore, down: Downstream, facts: () => TcpFacts) {
    this.stats = stats
    this.core = core
    this.down = down
    this.facts = facts
    this.next = core.options.scheduler.now + stats.reportEvery
  }

  /** Before bytes are counted, or when somebody reads: tells what the reports that have come due told. */
  catchUp(): void {
    const { now } = this.core.options.scheduler
    const { reportEvery } = this.stats
    if (reportEvery === 0 || now < this.next) return
    this.next += Math.ceil((now - this.next + 1) / reportEvery) * reportEvery
    this.report(false)
  }

  end(): void {
    this.catchUp()
    this.report(true)
    this.add('tcp_connections_closed_total', 1)
  }

  private report(last: boolean): void {
    const facts = this.facts()
    if (this.labels === null) {
      if (!last && !this.peerTold(facts)) return
      this.identify(facts)
      this.add('tcp_connections_opened_total', 1)
    }
    this.add('tcp_sent_bytes_total', facts.sent - this.toldSent)
    this.add('tcp_received_bytes_total', facts.received - this.toldReceived)
    this.toldSent = facts.sent
    this.toldReceived = facts.received
  }

  private add(metric: Parameters<IstioStats['counter']>[0], amount: number): void {
    const counter: Sample | null = this.stats.counter(metric, this.labels ?? [], this.values)
    if (counter !== null) counter.value += amount
  }

  /** Has the other side's proxy said who it is? */
  private peerTold({ upstream, offered }: TcpFacts): boolean {
    if (this.down.direction === 'inbound') return this.down.peer !== '' && offered.includes(PEER_EXCHANGE)
    return upstream?.alpn === PEER_EXCHANGE
  }

  private identify(facts: TcpFacts): void {
    const { stats, down } = this
    const { cluster, host, upstream, flags } = facts
    const inbound = down.direction === 'inbound'
    const told = this.peerTold(facts)
    const peer = inbound
      ? told
        ? stats.peerAt(down.sourceIp)
        : null
      : ((told && host !== null ? stats.peerAt(host.ip) : null) ?? endpointMetadata(host))
    const mutual = inbound ? down.peer !== '' : principalOf(upstream?.sans) !== ''
    const own = inbound ? down.ownSans : (this.core.options.certificate()?.sans ?? [])
    this.values = stats.overrides.evaluate(() => attributesFor(facts.record(), stats.own, peer))
    this.labels = standardLabels({
      reporter: inbound ? 'destination' : 'source',
      own: stats.own,
      peer,
      peerPrincipal: inbound ? down.peer : principalOf(upstream?.sans),
      ownPrincipal: mutual ? principalOf(own) : '',
      ...serviceOf(cluster, '', ''),
      protocol: 'tcp',
      http: null,
      flags,
    })
  }
}
