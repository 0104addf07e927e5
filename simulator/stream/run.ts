// One run of a mesh with its tape: it only goes forward, and what it has been is read from the tape. Another future (an
// act in the past) is a new run of the same documents with the same acts up to that moment: equal event for event.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { Recorder } from '../observation/index.ts'
import type { Resource, SourceFile } from '../resources/types.ts'
import type { Cast } from './cast.ts'
import type { ProxyState, SeriesFrame, TopologyFrame } from './frame.ts'
import type { History } from './history.ts'
import type { ProxyKnowledge } from './proxy-state.ts'
import { KEY_EVERY, Tape } from './tape.ts'
import { Topology } from './topology.ts'
import type { Trace } from './traces.ts'
import { Watcher } from './watcher.ts'

/** What a session needs of a simulation. */
export interface RunningMesh {
  readonly now: number
  runUntil(until: number): void
  /** One event; false when none is left. */
  step(): boolean
  applyFiles(files: readonly SourceFile[]): Diagnostic[]
  fingerprint(): string
  cast(): Cast
  /** Changes whenever the cast may have. */
  castMark(): unknown
  /** Objects of this moment, for the places behind decisions. */
  resources(): readonly Resource[]
  /** One proxy from the inside; null without one. */
  proxy(pod: string, knowledge: ProxyKnowledge): ProxyState | null
}

export interface MeshStart {
  /** Null when an error among the diagnostics forbids it. */
  mesh: RunningMesh | null
  diagnostics: Diagnostic[]
}

/** Brings the mesh to life with these documents and this observer; equal calls give equal runs. */
export type Start = (files: readonly SourceFile[], recorder: Recorder) => MeshStart

/** Events that one step may take before it gives up waiting for a client's answer. */
const STEP_EVENTS_MAX = 200_000

export class Run {
  readonly topology = new Topology()
  readonly tape = new Tape()
  readonly mesh: RunningMesh | null
  readonly diagnostics: readonly Diagnostic[]
  private readonly watcher: Watcher
  private castMark: unknown = null
  /** The graph as it was last; equal graphs are one object, so that keys share it. */
  private graph: { version: number; frame: TopologyFrame } = { version: -1, frame: { nodes: [], edges: [] } }
  /** Time of the next key. */
  private nextKey = 0

  constructor(start: Start, files: readonly SourceFile[]) {
    this.watcher = new Watcher(this.topology, this.tape)
    const started = start(files, this.watcher)
    this.mesh = started.mesh
    this.diagnostics = started.diagnostics
    this.meet()
    this.keys()
  }

  /** How far the mesh has run, virtual µs. */
  get edge(): number {
    return this.mesh?.now ?? 0
  }

  /** Runs to `time`, doing on the way what `history` says was done. */
  runTo(time: number, history: History): void {
    const { mesh } = this
    if (mesh === null) return
    for (let act = history.take(time); act !== null; act = history.take(time)) {
      this.through(mesh, act.at)
      mesh.applyFiles(act.files)
      this.look(mesh.now)
    }
    this.through(mesh, time)
  }

  /** One event further, or until the next request of a client has ended. */
  stepOn(by: 'event' | 'request'): void {
    const seen = this.tape.requestBeside(this.edge + 1, true)
    for (let i = 0; i < STEP_EVENTS_MAX; i++) {
      if (!this.step() || by === 'event' || this.tape.requestBeside(this.edge + 1, true) !== seen) break
    }
  }

  private step(): boolean {
    const went = this.mesh?.step() ?? false
    this.meet()
    this.keys()
    return went
  }

  /** Applies documents now; null without a mesh. */
  apply(files: readonly SourceFile[]): Diagnostic[] | null {
    const diagnostics = this.mesh?.applyFiles(files) ?? null
    this.look(this.edge)
    return diagnostics
  }

  /** All that is still kept of a request; null when it is too long ago. */
  trace(traceId: number): Trace | null {
    return this.watcher.traces.get(traceId)
  }

  /** The curves of a node with the other versions of its application; of the whole mesh where there is no such node. */
  series(node: string): SeriesFrame {
    const own = this.topology.node(node)
    const nodes = this.topology.frame().nodes
    const alike = nodes.filter(
      other =>
        own !== null &&
        own.app !== '' &&
        other.kind === own.kind &&
        other.app === own.app &&
        other.namespace === own.namespace,
    )
    const places = own === null ? [''] : alike.length === 0 ? [node] : alike.map(other => other.id)
    return { type: 'series', node: own === null ? '' : node, ...this.watcher.series.read(places, this.edge) }
  }

  /** One proxy from the inside, as it is at the edge. */
  proxy(pod: string): ProxyState | null {
    const { mesh, topology, watcher, tape, edge } = this
    return (
      mesh?.proxy(pod, {
        nodeOfAddress: address => topology.partyAt(address),
        versionOf: type => watcher.versionOf(pod, type),
        pushes: tape.pushesAt(edge),
      }) ?? null
    )
  }

  private through(mesh: RunningMesh, time: number): void {
    while (mesh.now < time) {
      mesh.runUntil(Math.min(time, this.nextKey))
      this.meet()
      this.keys()
    }
  }

  /** Keeps the figures of this moment when a key is due. */
  private keys(): void {
    const { edge } = this
    if (this.mesh === null || edge < this.nextKey) return
    const at = edge - (edge % KEY_EVERY)
    this.nextKey = at + KEY_EVERY
    this.look(at)
  }

  /** Keeps the picture of this moment. */
  private look(at: number): void {
    const { topology, watcher } = this
    this.meet()
    if (topology.version !== this.graph.version) this.graph = { version: topology.version, frame: topology.frame() }
    const isService = (id: string): boolean => topology.node(id)?.kind === 'service'
    this.tape.key({
      at,
      edges: watcher.figures.readEdges(at, isService),
      nodes: watcher.figures.readNodes(at),
      topology: this.graph.frame,
    })
  }

  /** Takes the cast anew when it may have changed. */
  private meet(): void {
    const mark = this.mesh?.castMark() ?? null
    if (this.mesh === null || mark === this.castMark) return
    this.castMark = mark
    this.watcher.meet(this.mesh.cast())
  }
}
