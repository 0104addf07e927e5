// Kubernetes as a process: controllers that watch objects and pods and act on what they see, a little later.
import { type EventHandler, Timer } from '../../engine/index.ts'
import type { Resource } from '../../resources/types.ts'
import { Autoscalers } from './autoscaler.ts'
import { ReplicaController, replicasOf } from './deployment.ts'
import type { PodRun } from './kubelet.ts'
import { type DrainOptions, NodeLife, type NodeTenants } from './node-life.ts'
import { ownerKey as keyOf, labelsOf } from './template.ts'
import { DEFAULT_TIMES, type KubernetesHost } from './types.ts'

export type { DrainOptions } from './node-life.ts'
export { type NodeFacts, NodePool, placementOf } from './nodes.ts'
export { lifeOf } from './template.ts'
export type { Applications, KubernetesHost } from './types.ts'

const CONTROLLED = new Set(['Deployment', 'StatefulSet', 'DaemonSet'])

export class Kubernetes implements EventHandler, NodeTenants {
  private readonly host: KubernetesHost
  private readonly controllers = new Map<string, ReplicaController>()
  private readonly loop: Timer
  private readonly autoscalers: Autoscalers
  private readonly nodes: NodeLife

  constructor(host: KubernetesHost) {
    this.host = host
    this.loop = new Timer(host.scheduler, this, 1)
    this.autoscalers = new Autoscalers(host, this)
    this.nodes = new NodeLife(host, this)
    for (const object of host.objects()) if (CONTROLLED.has(object.kind)) this.watch(object, true)
    this.autoscalers.wake()
    // Pods that found no node at the start wait for one.
    if (host.nodes.all.length > 0) this.changed()
  }

  runs(): { run: PodRun; daemon: boolean }[] {
    return [...this.controllers.values()].flatMap(({ owner, pods }) =>
      pods.filter(run => !run.gone).map(run => ({ run, daemon: owner.kind === 'DaemonSet' })),
    )
  }

  expected(matches: (labels: Readonly<Record<string, string>>) => boolean, namespace: string): number {
    let sum = 0
    for (const { owner, alive } of this.controllers.values()) {
      if (owner.metadata.namespace !== namespace || !matches(labelsOf(owner))) continue
      sum += owner.kind === 'DaemonSet' ? alive.length : replicasOf(owner)
    }
    return sum
  }

  drain(node: string, options: DrainOptions): void {
    this.nodes.drain(node, options)
  }

  loseNode(node: string): void {
    this.nodes.lose(node)
  }

  /** The pods of a controller, for those who scale it. */
  pods(kind: string, name: string, namespace: string): { owner: Resource; alive: readonly PodRun[] } | null {
    const controller = this.controllers.get(`${kind} ${namespace}/${name}`)
    return controller === undefined ? null : { owner: controller.owner, alive: controller.alive }
  }

  /** Objects changed, or a pod did: the controllers look soon. */
  changed(): void {
    this.autoscalers.wake()
    if (!this.loop.armed) this.loop.arm(DEFAULT_TIMES.react)
  }

  /** A pod has been taken away by force. */
  lost(id: string): void {
    this.nodes.gone(id)
    for (const controller of this.controllers.values())
      for (const pod of controller.pods)
        if (pod.id === id && !pod.gone) {
          pod.lost()
          this.changed()
        }
  }

  /** The application's process in a pod exits; false: no controller owns such a pod. */
  crash(id: string, reason: string): boolean {
    for (const controller of this.controllers.values())
      for (const pod of controller.pods)
        if (pod.id === id && !pod.gone) {
          pod.crash(reason)
          return true
        }
    return false
  }

  /** Is the controller of that name done: as many pods as asked for, of the present template, ready? */
  rolledOut(name: string, namespace: string): boolean {
    for (const object of this.host.objects()) {
      const { metadata } = object
      if (!CONTROLLED.has(object.kind) || metadata.name !== name || metadata.namespace !== namespace) continue
      const controller = this.controllers.get(keyOf(object))
      return controller?.rolledOut(object) ?? false
    }
    return false
  }

  onEvent(): void {
    const seen = new Set<string>()
    for (const object of this.host.objects()) {
      if (!CONTROLLED.has(object.kind)) continue
      const controller = this.controllers.get(keyOf(object)) ?? this.watch(object, false)
      seen.add(keyOf(object))
      controller.owner = object
      controller.reconcile(replicasOf(object))
    }
    for (const [key, controller] of this.controllers) {
      if (seen.has(key)) continue
      controller.present = false
      controller.reconcile(0)
      if (controller.pods.length === 0) this.controllers.delete(key)
    }
  }

  private watch(object: Resource, atStart: boolean): ReplicaController {
    const controller = new ReplicaController(this.host, object, DEFAULT_TIMES, atStart, () => this.changed())
    this.controllers.set(keyOf(object), controller)
    return controller
  }
}
