// istiod as the running mesh meets it: changes are gathered (debounce), a new snapshot is built, every proxy's
// configuration is translated anew, and those that changed travel to their proxy after a delay.
import { compileDistribution, type EventHandler, type RandomTree, type Scheduler } from '../engine/index.ts'
import { translateProxy } from '../istiod/index.ts'
import { Debounce } from '../istiod/push/debounce.ts'
import type { Recorder } from '../observation/types.ts'
import type { MeshSnapshot } from '../registry/index.ts'
import type { ProxyNode } from '../registry/types.ts'
import type { ProxyConfiguration } from '../xds/types.ts'
import type { WorldPod } from './pod.ts'
import type { PushSpec } from './types.ts'

const DELIVER = 1

interface Connected {
  pod: WorldPod
  node: ProxyNode
  sent: ProxyConfiguration
}

interface Delivery {
  to: Connected
  configuration: ProxyConfiguration
  types: string[]
  version: string
}

/** One per world. */
export class Pushes implements EventHandler {
  private readonly scheduler: Scheduler
  private readonly recorder: Recorder
  private readonly rebuild: () => MeshSnapshot
  private readonly debounce: Debounce<null>
  private readonly delay: () => number
  private readonly proxies = new Map<string, Connected>()
  private readonly last = new Map<string, number>()
  private version = 1

  constructor(scheduler: Scheduler, tree: RandomTree, recorder: Recorder, spec: PushSpec, rebuild: () => MeshSnapshot) {
    this.scheduler = scheduler
    this.recorder = recorder
    this.rebuild = rebuild
    this.delay = compileDistribution(spec.delay ?? '20ms', tree.stream('istiod/push delay'))
    this.debounce = new Debounce(scheduler, () => this.push(), {
      afterUs: spec.debounceAfter ?? 100_000,
      maxUs: spec.debounceMax ?? 10_000_000,
      buildUs: 0,
    })
  }

  /** A proxy connects: it has its configuration at once. Its nack reasons, if any, are recorded. */
  connect(pod: WorldPod, node: ProxyNode, snapshot: MeshSnapshot): void {
    const configuration = translateProxy(snapshot, node)
    const connected = { pod, node, sent: configuration }
    this.proxies.set(pod.id, connected)
    this.apply({ to: connected, configuration, types: ['CDS', 'EDS', 'LDS', 'RDS'], version: String(this.version) })
  }

  /** The proxy is gone. */
  disconnect(id: string): void {
    this.proxies.delete(id)
  }

  /** What the proxy was sent last. */
  configuration(id: string): ProxyConfiguration | null {
    return this.proxies.get(id)?.sent ?? null
  }

  /** Something changed now. */
  changed(): void {
    this.debounce.add(null)
  }

  onEvent(_kind: number, subject: unknown): void {
    const delivery = subject as Delivery
    if (this.proxies.get(delivery.to.pod.id) === delivery.to) this.apply(delivery)
  }

  private push(): void {
    const snapshot = this.rebuild()
    this.version++
    for (const connected of this.proxies.values()) {
      const configuration = translateProxy(snapshot, connected.node)
      const types = differences(connected.sent, configuration)
      if (types.length === 0) continue
      connected.sent = configuration
      const delivery: Delivery = { to: connected, configuration, types, version: String(this.version) }
      // One stream per proxy: a later push never arrives before an earlier one.
      const at = Math.max(this.scheduler.now + this.delay(), this.last.get(connected.pod.id) ?? 0)
      this.last.set(connected.pod.id, at)
      this.scheduler.schedule(at, this, DELIVER, delivery)
    }
  }

  private apply(delivery: Delivery): void {
    const nacks = delivery.to.pod.proxy?.apply(delivery.configuration) ?? []
    if (!this.recorder.wants('push')) return
    this.recorder.record({
      kind: 'push',
      at: this.scheduler.now,
      proxy: delivery.to.pod.id,
      types: delivery.types,
      version: delivery.version,
      nack: nacks.join('; '),
    })
  }
}

function differences(before: ProxyConfiguration, after: ProxyConfiguration): string[] {
  const types: string[] = []
  if (JSON.stringify(before.clusters) !== JSON.stringify(after.clusters)) types.push('CDS')
  if (JSON.stringify(before.endpoints) !== JSON.stringify(after.endpoints)) types.push('EDS')
  if (JSON.stringify(before.listeners) !== JSON.stringify(after.listeners)) types.push('LDS')
  if (JSON.stringify(before.routes) !== JSON.stringify(after.routes)) types.push('RDS')
  return types
}
