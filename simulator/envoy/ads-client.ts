// Envoy's end of the delta xDS stream (envoy: source/extensions/config_subscription/grpc/new_grpc_mux_impl.cc):
//
//   closed ──connect──► connecting ──accepted──► open ──stream ends──► backing off ──delay over──► connecting
//
// On a new stream CDS is asked for first; EDS by the names that the clusters bring; LDS once no cluster is warming; RDS by
// the names that the listeners bring. Each response is answered: nonce, and the reason when something was refused.
import { type EventHandler, type RandomStream, type Scheduler, Timer } from '../engine/index.ts'
import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse, XdsType } from '../xds/protocol.ts'
import type { LiveConfiguration } from './live-configuration.ts'

/** Back-off of xDS streams (envoy: source/extensions/config_subscription/grpc/grpc_stream.h), µs. */
const BACKOFF_BASE = 500_000
const BACKOFF_MAX = 30_000_000

/** Listeners that were replaced live on so long, and with them the routes that they name (--drain-time-s), µs. */
const DRAIN_TIME = 45_000_000

const RETRY = 1
const DRAINED = 2

/** The way to istiod: whoever opens a stream is told `opened` or `closed` later, never within the call. */
export interface XdsTransport {
  open(client: AdsClient): void
  send(request: DeltaDiscoveryRequest): void
}

/** Hears how each response fared. */
export interface AdsObserver {
  onApplied(response: DeltaDiscoveryResponse, error: string, warming: readonly string[]): void
}

export class AdsClient implements EventHandler {
  state: 'closed' | 'connecting' | 'open' | 'backing off' = 'closed'
  private readonly live: LiveConfiguration
  private readonly transport: XdsTransport
  private readonly observer: AdsObserver
  private readonly dice: RandomStream
  private readonly retry: Timer
  private readonly drained: Timer
  private backoff = BACKOFF_BASE
  /** What has been asked for on this stream. */
  private readonly subscribed: { EDS: Set<string>; RDS: Set<string> } = { EDS: new Set(), RDS: new Set() }
  private readonly asked = new Set<XdsType>()

  constructor(
    live: LiveConfiguration,
    transport: XdsTransport,
    observer: AdsObserver,
    scheduler: Scheduler,
    dice: RandomStream,
  ) {
    this.live = live
    this.transport = transport
    this.observer = observer
    this.dice = dice
    this.retry = new Timer(scheduler, this, RETRY)
    this.drained = new Timer(scheduler, this, DRAINED)
  }

  /** Opens the stream; goes on trying for ever. */
  connect(): void {
    this.retry.disarm()
    this.state = 'connecting'
    this.transport.open(this)
  }

  /** The pod is gone: no more attempts. */
  stop(): void {
    this.retry.disarm()
    this.drained.disarm()
    this.state = 'closed'
  }

  /** A proxy that has long been connected: it holds all it asked for. */
  adopt(): void {
    this.state = 'open'
    for (const type of ['CDS', 'EDS', 'LDS', 'RDS'] as const) this.asked.add(type)
    for (const name of this.live.edsNames()) this.subscribed.EDS.add(name)
    for (const name of this.live.rdsNames()) this.subscribed.RDS.add(name)
  }

  /** The stream stands. */
  opened(): void {
    this.state = 'open'
    this.asked.clear()
    this.subscribed.EDS.clear()
    this.subscribed.RDS.clear()
    this.ask('CDS', [], this.live.heldNames('CDS'))
    if (this.live.heldNames('CDS').length > 0) this.follow()
  }

  /** The stream broke, or could not be opened. */
  closed(): void {
    if (this.state === 'closed') return
    this.state = 'backing off'
    // Full jitter: anything between nothing and the interval.
    this.retry.arm(Math.floor(this.dice.next() * this.backoff))
    this.backoff = Math.min(this.backoff * 2, BACKOFF_MAX)
  }

  onEvent(kind: number): void {
    if (kind === RETRY) {
      this.connect()
      return
    }
    this.live.forgetRoutes()
    this.giveUp('RDS', new Set(this.live.rdsNames()))
  }

  received(response: DeltaDiscoveryResponse): void {
    if (this.state !== 'open') return
    this.backoff = BACKOFF_BASE
    const { errors, warming } = this.live.apply(response)
    const error = errors.join('; ')
    this.observer.onApplied(response, error, warming)
    this.transport.send({ ...SPONTANEOUS, type: response.type, nonce: response.nonce, error })
    // Routes name nothing, and endpoints matter only as long as listeners have not been asked for.
    if (response.type === 'CDS' || response.type === 'LDS' || !this.asked.has('LDS')) this.follow()
  }

  /** Subscriptions follow what clusters and listeners name. */
  private follow(): void {
    this.add('EDS', this.live.edsNames())
    // A name is given up when its cluster goes, not when the cluster comes to need no endpoints.
    this.giveUp('EDS', new Set([...this.live.edsNames(), ...this.live.heldNames('CDS')]))
    if (!this.asked.has('LDS')) {
      if (this.live.clustersWarming) return
      this.ask('LDS', [], this.live.heldNames('LDS'))
    }
    const routes = this.live.rdsNames()
    this.add('RDS', routes)
    if (this.subscribed.RDS.size > routes.length) this.drained.arm(DRAIN_TIME)
  }

  private add(type: 'EDS' | 'RDS', wanted: readonly string[]): void {
    const known = this.subscribed[type]
    const subscribe = wanted.filter(name => !known.has(name))
    if (subscribe.length === 0) return
    for (const name of subscribe) known.add(name)
    if (this.asked.has(type)) this.transport.send({ ...SPONTANEOUS, type, subscribe })
    else this.ask(type, subscribe, subscribe)
  }

  private giveUp(type: 'EDS' | 'RDS', kept: ReadonlySet<string>): void {
    const known = this.subscribed[type]
    const unsubscribe = [...known].filter(name => !kept.has(name))
    if (unsubscribe.length === 0) return
    for (const name of unsubscribe) known.delete(name)
    if (this.state === 'open') this.transport.send({ ...SPONTANEOUS, type, unsubscribe })
  }

  private ask(type: XdsType, subscribe: readonly string[], initial: readonly string[]): void {
    this.asked.add(type)
    this.transport.send({ ...SPONTANEOUS, type, subscribe, initial })
  }
}

/** Neither an answer nor the first request of its type. */
const SPONTANEOUS = { subscribe: [], unsubscribe: [], initial: null, nonce: '', error: '' }
