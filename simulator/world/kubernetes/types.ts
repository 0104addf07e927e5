// What the controllers need of the world around them, and what they know of each pod.
import type { Scheduler, SimTime } from '../../engine/index.ts'
import type { Workload } from '../../registry/types.ts'
import type { Resource } from '../../resources/types.ts'
import type { PodFactory } from '../expand.ts'
import type { Pod } from '../types.ts'
import type { NodePool, Placement } from './nodes.ts'

/** The containers of an application, as whoever puts applications into pods sees them. */
export interface Applications {
  /** The application starts: it listens from now on. */
  start(pod: Pod): void
  /** SIGTERM: it takes no new connections; what it has begun it ends. */
  stop(pod: Pod): void
  /** Requests that it works on, and that wait for a worker. */
  load(pod: Pod): { busy: number; waiting: number }
  /** The process is gone with all its connections. Absent: nothing to lose. */
  crash?(pod: Pod): void
  /** A probe's question; path '' asks only whether it takes connections. Absent: every probe succeeds. */
  probe?(pod: Pod, path: string, answer: (good: boolean) => void): void
  /** From the start of its container until it listens, µs; null (or absent): the usual. */
  startUp?(pod: Pod): SimTime | null
}

export interface KubernetesHost {
  readonly scheduler: Scheduler
  readonly factory: PodFactory
  objects(): readonly Resource[]
  /** The pods of this moment, by `name.namespace`. */
  pod(id: string): Pod | null
  /** A pod's sandbox and its proxy start; not ready, no application yet. */
  birth(workload: Workload, annotations: Readonly<Record<string, string>>): Pod
  /** Readiness and termination, as the EndpointSlice controller sees them. */
  mark(id: string, state: { ready: boolean; terminating: boolean }): void
  /** The proxy answers with `connection: close` from now on. */
  drain(id: string): void
  /** The application's process is gone, and its connections with it. */
  cutApplication(id: string): void
  /** The pod is gone: its address answers nobody. */
  end(id: string): void
  /** Has the pod's proxy a certificate? Without it its listeners do not warm. */
  certified(id: string): boolean
  /** Does the injection webhook answer? Without it no pod with a sidecar can be created (failurePolicy Fail). */
  webhook(): boolean
  readonly nodes: NodePool
  /** The pod with its node and its place; why there is none for it now. */
  schedule(workload: Workload, placement: Placement): Workload | string
  /** Pods on a node, by `name.namespace`. */
  podsOn(node: string): string[]
  /** Nothing on the node sends or hears anything any more, and no connection is told. */
  darken(node: string): void
  readonly applications: Applications | null
  /** Something that `kubectl get events` would tell. */
  note(what: string): void
  /** Workers of a pod's application that are at work now. */
  busyWorkers(id: string): number
  /** Writes the object with another number of replicas. */
  scale(owner: Resource, replicas: number): void
}

/** Times that no document says, µs. */
export interface KubernetesTimes {
  /** From the creation of a pod to its first container: scheduling, image, sandbox. */
  schedule: SimTime
  /** From the start of the application's container until it listens. */
  appStart: SimTime
  /** From a change of an object or a pod until the controller acts. */
  react: SimTime
}

export const DEFAULT_TIMES: KubernetesTimes = { schedule: 1_000_000, appStart: 500_000, react: 20_000 }
