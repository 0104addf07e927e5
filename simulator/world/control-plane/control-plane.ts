// istiod as the running mesh meets it: one or more replicas, each a process of its own, and a stream to each proxy.
import { compileDistribution, type RandomStream, type RandomTree, type Scheduler } from '../../engine/index.ts'
import {
  type Change,
  type Connection,
  DEFAULT_DEBOUNCE,
  type DiscoveryHost,
  DiscoveryServer,
} from '../../istiod/push/index.ts'
import type { Recorder } from '../../observation/types.ts'
import type { MeshSnapshot } from '../../registry/index.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { DeltaDiscoveryResponse } from '../../xds/protocol.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'
import type { WorldPod } from '../pod.ts'
import type { PushSpec } from '../types.ts'
import { type ProxyStatus, statusOf } from './status.ts'
import { type StreamHost, XdsStream } from './stream.ts'

/** A push under way to one proxy: over when the last of its responses has been applied. */
interface UnderWay {
  lastNonce: string
  types: string[]
  version: string
  start: number
}

/** keepaliveMaxServerConnectionAge of the chart. */
const CONNECTION_AGE = 1_800_000_000

export class ControlPlane implements StreamHost, DiscoveryHost {
  readonly scheduler: Scheduler
  readonly recorder: Recorder
  readonly replicas: DiscoveryServer[] = []
  readonly latency: () => number
  private readonly tree: RandomTree
  private readonly spec: PushSpec
  private readonly current: () => MeshSnapshot
  private readonly streams = new Map<string, XdsStream>()
  private readonly underWay = new Map<XdsStream, UnderWay[]>()
  private readonly errors = new Map<XdsStream, string[]>()
  private readonly dice: RandomStream
  readonly maxAge: number
  private versions = 0
  private adopted = 0

  constructor(scheduler: Scheduler, tree: RandomTree, recorder: Recorder, spec: PushSpec, current: () => MeshSnapshot) {
    this.scheduler = scheduler
    this.tree = tree
    this.recorder = recorder
    this.spec = spec
    this.maxAge = spec.maxConnectionAge ?? CONNECTION_AGE
    this.current = current
    this.latency = compileDistribution(spec.delay ?? '1ms', tree.stream('istiod/stream latency'))
    this.dice = tree.stream('istiod/service')
    this.scale(spec.replicas ?? 1)
  }

  // What replicas ask of the world.

  snapshot(): MeshSnapshot {
    return this.current()
  }

  nextVersion(): string {
    this.versions++
    return String(this.versions)
  }

  onPushed(
    _server: DiscoveryServer,
    connection: Connection,
    responses: readonly DeltaDiscoveryResponse[],
    start: number,
  ): void {
    const stream = this.streams.get(connection.node.id)
    const last = responses[responses.length - 1]
    if (stream === undefined || last === undefined) return
    const push = { lastNonce: last.nonce, types: responses.map(r => r.type), version: last.version, start }
    const known = this.underWay.get(stream)
    if (known === undefined) this.underWay.set(stream, [push])
    else known.push(push)
  }

  // What streams ask.

  replicaFor(): DiscoveryServer | null {
    const up = this.replicas.filter(replica => replica.state === 'up')
    return up.length === 0 ? null : up[this.dice.below(up.length)]!
  }

  onApplied(stream: XdsStream, response: DeltaDiscoveryResponse, error: string): void {
    if (error !== '') {
      const errors = this.errors.get(stream)
      if (errors === undefined) this.errors.set(stream, [error])
      else errors.push(error)
    }
    const pushes = this.underWay.get(stream)
    const push = pushes?.[0]
    if (push === undefined || push.lastNonce !== response.nonce) return
    pushes?.shift()
    this.record(stream, push.types, push.version, this.scheduler.now - push.start)
  }

  // What the world does.

  /** A pod whose proxy has been connected since before the run. */
  adopt(pod: WorldPod, node: ProxyNode): void {
    const stream = this.stream(pod, node)
    const errors = stream.adopt(this.replicas[this.adopted++ % this.replicas.length]!)
    if (errors.length > 0) this.errors.set(stream, errors)
    this.record(stream, ['CDS', 'EDS', 'LDS', 'RDS'], String(this.versions), 0)
  }

  /** A proxy that has just started: it has nothing until istiod answers. */
  connect(pod: WorldPod, node: ProxyNode): void {
    this.stream(pod, node).client.connect()
  }

  /** The pod is gone. */
  disconnect(id: string): void {
    const stream = this.streams.get(id)
    if (stream === undefined) return
    stream.end()
    this.streams.delete(id)
    this.underWay.delete(stream)
    this.errors.delete(stream)
  }

  /** What the proxy acts on; null without a proxy. */
  configuration(id: string): ProxyConfiguration | null {
    return this.streams.get(id)?.pod.proxy?.live.snapshot() ?? null
  }

  /** Something in the cluster changed now: every replica's watches tell it. */
  changed(changes: readonly Change[]): void {
    for (const replica of this.replicas) replica.changed(changes)
  }

  /** Does any replica answer (and so the injection webhook)? */
  get available(): boolean {
    return this.replicas.some(replica => replica.state === 'up')
  }

  /** As `istioctl proxy-status` lists them, by name. */
  status(): ProxyStatus[] {
    return [...this.streams.values()]
      .sort((a, b) => (a.pod.id < b.pod.id ? -1 : 1))
      .map(stream => statusOf(stream, this.scheduler.now))
  }

  /** All replicas die, or begin to come back. */
  outage(down: boolean): void {
    for (const replica of this.replicas) {
      if (down) this.crash(replica)
      else replica.start()
    }
  }

  /** Everything that istiod computes takes `factor` times as long; 1 = as it should. */
  slow(factor: number): void {
    for (const replica of this.replicas) replica.processor.slowness = factor
  }

  /** More replicas start up at once; of fewer the last ones die. */
  scale(count: number): void {
    while (this.replicas.length > count) this.crash(this.replicas.pop()!)
    while (this.replicas.length < count) this.replicas.push(this.replica(this.replicas.length))
  }

  /** The network between istiod and these pods. */
  partition(pods: ReadonlySet<string>, cut: boolean): void {
    for (const [id, stream] of this.streams) if (pods.has(id)) stream.partition(cut)
  }

  private replica(number: number): DiscoveryServer {
    const { spec } = this
    return new DiscoveryServer(this, {
      name: `istiod-${number}`,
      debounce: {
        afterUs: spec.debounceAfter ?? DEFAULT_DEBOUNCE.afterUs,
        maxUs: spec.debounceMax ?? DEFAULT_DEBOUNCE.maxUs,
      },
      cores: spec.cores ?? 2,
      throttle: spec.throttle ?? 0,
      startUp: spec.startUp ?? 5_000_000,
    })
  }

  private crash(replica: DiscoveryServer): void {
    replica.crash()
    for (const stream of this.streams.values()) if (stream.server === replica) stream.close()
  }

  private stream(pod: WorldPod, node: ProxyNode): XdsStream {
    const stream = new XdsStream(this, pod, node, this.tree.stream(`envoy/${pod.id}/xds`))
    this.streams.set(pod.id, stream)
    return stream
  }

  private record(stream: XdsStream, types: string[], version: string, convergence: number): void {
    const errors = this.errors.get(stream) ?? []
    this.errors.delete(stream)
    if (!this.recorder.wants('push')) return
    const nack = errors.join('; ')
    this.recorder.record({
      kind: 'push',
      at: this.scheduler.now,
      proxy: stream.pod.id,
      types,
      version,
      nack,
      convergence,
    })
  }
}
