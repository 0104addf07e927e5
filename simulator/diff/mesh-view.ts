// One mesh at rest: every proxy holds what istiod sends for the documents, and nothing moves.
import type { CompiledListener, RouteTable } from '../envoy/index.ts'
import { compileRouteTable } from '../envoy/index.ts'
import { FanOut } from '../observation/index.ts'
import type { Service, Workload } from '../registry/types.ts'
import { meshConfigFrom } from '../resources/index.ts'
import type { Resource } from '../resources/types.ts'
import { workloadOf } from '../scenario/index.ts'
import { type Pod, World } from '../world/index.ts'
import type { RouteConfiguration } from '../xds/types.ts'

/** Where names outside of the cluster lead: one address for all (RFC 5737, for documentation). */
export const OUTSIDE = '198.51.100.250'

export interface MeshViewOptions {
  resources: readonly Resource[]
  /** The other mesh's, so that one Service has one address in both. */
  clusterIps?: ReadonlyMap<string, string>
  /** Explicit pods; from the documents when absent. */
  workloads?: readonly Workload[]
}

export class MeshView {
  readonly world: World
  private readonly byIp = new Map<string, Pod>()
  private readonly inline = new WeakMap<object, RouteTable>()

  constructor({ resources, clusterIps, workloads }: MeshViewOptions) {
    this.world = new World({
      seed: 'diff',
      resources,
      meshConfig: meshConfigFrom(resources).meshConfig,
      recorder: new FanOut([]),
      ...(clusterIps === undefined ? {} : { clusterIps }),
      ...(workloads === undefined ? {} : { workloads }),
    })
    for (const pod of this.world.pods.values()) this.byIp.set(pod.ip, pod)
  }

  get clusterIps(): ReadonlyMap<string, string> {
    return this.world.snapshot.input.clusterIps
  }

  get services(): readonly Service[] {
    return this.world.snapshot.services
  }

  /** The first pod of each workload, by `name.namespace` of the workload. */
  workloads(): Map<string, Pod> {
    const found = new Map<string, Pod>()
    for (const pod of this.world.pods.values()) {
      const name = `${workloadOf(pod.workload.name)}.${pod.workload.namespace}`
      if (!found.has(name)) found.set(name, pod)
    }
    return found
  }

  podAt(ip: string): Pod | null {
    return this.byIp.get(ip) ?? null
  }

  /** Address that a client in the namespace finds; null = no such name. */
  resolve(host: string, namespace: string): string | null {
    const inside = this.world.resolve(host, namespace)
    if (inside !== null) return inside
    return host.includes('.') && !host.endsWith('.local') ? OUTSIDE : null
  }

  /** The listener that a sidecar's captured connection meets. */
  outbound({ proxy }: Pod, ip: string, port: number): CompiledListener | null {
    const named = (name: string): CompiledListener | undefined => proxy?.live.listeners.get(name)?.compiled
    return named(`${ip}_${port}`) ?? named(`0.0.0.0_${port}`) ?? named('virtualOutbound') ?? null
  }

  /** The listener behind a pod's own door. */
  inbound({ proxy, workload }: Pod, port: number): CompiledListener | null {
    if (proxy === null) return null
    if (!workload.gateway) return proxy.live.listeners.get('virtualInbound')?.compiled ?? null
    for (const { compiled } of proxy.live.listeners.values()) if (compiled.port === port) return compiled
    return null
  }

  /** Routes that stand in a listener itself, compiled once. */
  inlineRoutes(config: RouteConfiguration): RouteTable {
    const known = this.inline.get(config)
    if (known !== undefined) return known
    const table = compileRouteTable(config)
    this.inline.set(config, table)
    return table
  }
}
