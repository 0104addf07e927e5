// What people and accidents do to nodes: kubectl's cordon and drain, the loss of a node or of a zone.
import type { Resource } from '../resources/types.ts'
import { fields } from './fields.ts'
import type { DrainOptions, Kubernetes, NodePool } from './kubernetes/index.ts'
import type { Pod, ResourceChange, WorkloadChange } from './types.ts'

/** The world as these events see it. */
export interface NodeWorld {
  readonly pods: ReadonlyMap<string, Pod>
  currentResources(): readonly Resource[]
  apply(change: ResourceChange): void
  setWorkload(change: WorkloadChange): void
}

export class NodeEvents {
  /** Zones in which no pod without a node is born any more. */
  readonly lostZones = new Set<string>()
  private readonly world: NodeWorld
  private readonly nodes: NodePool
  private readonly kubernetes: Kubernetes | null

  constructor(world: NodeWorld, nodes: NodePool, kubernetes: Kubernetes | null) {
    this.world = world
    this.nodes = nodes
    this.kubernetes = kubernetes
  }

  /**
   * The power of a zone fails. Its nodes are lost as `lose` has it; pods without a node (a mesh without Node documents) die
   * at once, and none is born there any more. False: nothing is there.
   */
  loseZone(zone: string): boolean {
    const nodes = this.nodes.all.filter(node => node.locality.zone === zone)
    for (const { name } of nodes) this.lose(name)
    this.lostZones.add(zone)
    const pods = [...this.world.pods.values()].filter(
      ({ workload }) => workload.locality.zone === zone && this.nodes.find(workload.node) === null,
    )
    for (const { id } of pods) this.world.setWorkload({ id, killed: true })
    return nodes.length + pods.length > 0
  }

  /** A node loses its power; Kubernetes finds out in its own time. False: there is no such Node. */
  lose(name: string): boolean {
    if (this.nodes.find(name) === null || this.kubernetes === null) return false
    this.kubernetes.loseNode(name)
    return true
  }

  /** `kubectl cordon` and `uncordon`. False: there is no such Node. */
  cordon(name: string, unschedulable: boolean): boolean {
    const node = this.world.currentResources().find(r => r.kind === 'Node' && r.metadata.name === name)
    if (node === undefined) return false
    this.world.apply({ upsert: [{ ...node, spec: { ...fields(node.spec), unschedulable } }] })
    return true
  }

  /** `kubectl drain`. False: there is no such Node. */
  drain(name: string, options: DrainOptions): boolean {
    if (!this.cordon(name, true)) return false
    this.kubernetes?.drain(name, options)
    return true
  }
}
