// A running mesh with somebody looking at it: plays, pauses, steps, paces, applies documents and tells frames. It knows
// neither Node nor the DOM; a rim (server, worker) calls `advance` from its timer and carries the frames away.
// Looking never changes the run: frames read what the watcher has kept, and time moves through the engine alone.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { Recorder } from '../observation/index.ts'
import type { Resource, SourceFile } from '../resources/types.ts'
import type { Cast } from './cast.ts'
import type { Command } from './command.ts'
import { spanFrames } from './detail.ts'
import {
  type DeltaFrame,
  type Frame,
  type HelloFrame,
  type PlayState,
  PROTOCOL_VERSION,
  type RequestDetailFrame,
  type RequestFrame,
  type SnapshotFrame,
} from './frame.ts'
import { History } from './history.ts'
import { Topology } from './topology.ts'
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
}

export interface MeshStart {
  /** Null when an error among the diagnostics forbids it. */
  mesh: RunningMesh | null
  diagnostics: Diagnostic[]
}

export interface SessionOptions {
  /** Brings the mesh to life with these documents and this observer; equal calls give equal runs. */
  start: (files: readonly SourceFile[], recorder: Recorder) => MeshStart
  files: readonly SourceFile[]
  about: {
    version: string
    model: string
    name: string
    title: string
    seed: string
    duration: number
    sentence: string
  }
}

/** Virtual time run between two looks at the rim's patience. */
const CHUNK = 20_000
/** Dots that one frame may bring. */
const REQUESTS_PER_FRAME = 24
/** Frames between two readings of figures: nobody reads figures faster than twice a second. */
const FIGURES_EVERY = 5
/** Events that one step may take before it gives up waiting for a client's answer. */
const STEP_EVENTS_MAX = 200_000
/** A jump does not run further ahead than this at once. */
const LEAP_MAX = 600_000_000

export class FrameSource {
  private readonly options: SessionOptions
  private files: SourceFile[]
  private readonly history = new History()
  private topology = new Topology()
  private watcher = new Watcher(this.topology)
  private mesh: RunningMesh | null = null
  private diagnostics: Diagnostic[] = []
  private castMark: unknown = null
  private toldTopology = 0
  private running = true
  private speed: number | null = 1
  /** Part of a microsecond that has not been run yet. */
  private rest = 0
  private seq = 0
  private sinceFigures = 0

  constructor(options: SessionOptions) {
    this.options = options
    this.files = [...options.files]
    this.begin()
  }

  /** Equal for equal documents, seed and commands, however the run was chopped and whoever looked. */
  fingerprint(): string {
    return this.mesh?.fingerprint() ?? ''
  }

  get now(): number {
    return this.mesh?.now ?? 0
  }

  hello(): HelloFrame {
    const { version, model, name, title, seed, duration, sentence } = this.options.about
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      version,
      model,
      scenario: { name, title, seed, duration },
      sentence,
    }
  }

  /** The whole state; a viewer that missed deltas goes on from here. */
  snapshot(): SnapshotFrame {
    const { watcher, topology } = this
    return {
      type: 'snapshot',
      seq: this.seq,
      ...this.playState(),
      topology: topology.frame(),
      ...this.figures(),
      beats: watcher.beats.map(beat => ({ ...beat })),
      events: [...watcher.events],
      requests: watcher.latest.slice(-60),
      pushes: watcher.pushes,
      diagnostics: this.diagnostics,
    }
  }

  /**
   * Moves on by `wallMs` milliseconds of the rim's clock and tells what happened. `patient` is asked now and then: false
   * ends this advance early, and what was not run is let go. Null when nothing has changed.
   */
  advance(wallMs: number, patient: () => boolean = countdown(50)): DeltaFrame | null {
    const { mesh } = this
    if (mesh === null || !this.running) return null
    const before = mesh.now
    const wanted = this.speed === null ? Infinity : mesh.now + wallMs * 1000 * this.speed + this.rest
    const target = wanted === Infinity ? Infinity : Math.floor(wanted)
    this.rest = wanted === Infinity ? 0 : wanted - target
    while (mesh.now < target) {
      this.runTo(mesh, Math.min(target, mesh.now + CHUNK))
      if (!patient()) break
    }
    return mesh.now === before ? null : this.tell(false)
  }

  /** Runs to an absolute time at once, whatever the pace. */
  runUntil(time: number): DeltaFrame {
    if (this.mesh !== null) this.runTo(this.mesh, time)
    return this.tell(true)
  }

  /** Obeys; the frames answer whoever asked, those marked `all` concern every viewer. */
  command(command: Command): { all: Frame[]; asker: Frame[] } {
    switch (command.do) {
      case 'play':
      case 'pause':
        this.running = command.do === 'play'
        return { all: [this.tell(true)], asker: [] }
      case 'speed':
        this.speed = command.speed
        return { all: [this.tell(true)], asker: [] }
      case 'step':
        this.running = false
        this.step(command.by)
        return { all: [this.tell(true)], asker: [] }
      case 'apply':
        return this.apply(command.files)
      case 'inspect':
        return { all: [], asker: [this.inspect(command.traceId)] }
      case 'seek':
        return { all: this.seek(command.time), asker: [] }
      case 'reset':
        this.history.clear()
        this.files = [...this.options.files]
        this.begin()
        return { all: [this.hello(), this.snapshot(), { type: 'files', files: this.files }], asker: [] }
      case 'files':
        return { all: [], asker: [{ type: 'files', files: this.files }] }
    }
  }

  private begin(): void {
    this.topology = new Topology()
    this.watcher = new Watcher(this.topology)
    const started = this.options.start(this.files, this.watcher)
    this.mesh = started.mesh
    this.diagnostics = started.diagnostics
    this.rest = 0
    this.sinceFigures = 0
    this.castMark = null
    this.meet()
    this.toldTopology = this.topology.version
  }

  /** Runs to `time`, doing on the way what was done before at these times. */
  private runTo(mesh: RunningMesh, time: number): void {
    for (let act = this.history.take(time); act !== null; act = this.history.take(time)) {
      mesh.runUntil(act.at)
      mesh.applyFiles(act.files)
      this.files = merged(this.files, act.files)
    }
    mesh.runUntil(time)
  }

  /** To any moment: ahead by running on, back by running again from the beginning. */
  private seek(time: number): Frame[] {
    if (time < this.now) {
      this.files = [...this.options.files]
      this.history.rewind()
      this.begin()
    }
    if (this.mesh !== null) this.runTo(this.mesh, Math.min(time, this.now + LEAP_MAX))
    this.meet()
    this.watcher.take()
    return [this.snapshot(), { type: 'files', files: this.files }]
  }

  /** Takes the cast anew when it may have changed. */
  private meet(): void {
    const { mesh } = this
    if (mesh === null) return
    const mark = mesh.castMark()
    if (mark === this.castMark) return
    this.castMark = mark
    this.watcher.meet(mesh.cast())
  }

  private step(by: 'event' | 'request'): void {
    const { mesh, watcher } = this
    if (mesh === null) return
    const seen = watcher.latest.at(-1)
    for (let i = 0; i < STEP_EVENTS_MAX; i++) {
      if (!mesh.step() || by === 'event' || watcher.latest.at(-1) !== seen) return
    }
  }

  private apply(files: readonly SourceFile[]): { all: Frame[]; asker: Frame[] } {
    if (this.mesh === null) {
      const before = this.files
      this.files = merged(this.files, files)
      this.begin()
      const applied = this.mesh !== null
      if (!applied) this.files = before
      return {
        all: applied ? [this.snapshot()] : [],
        asker: [{ type: 'diagnostics', applied, diagnostics: this.diagnostics }],
      }
    }
    // what else belongs to this instant comes first, so that the same act can be done again at the same place
    this.runTo(this.mesh, this.now)
    const diagnostics = this.mesh.applyFiles(files)
    const applied = !diagnostics.some(found => found.level === 'error')
    if (applied) {
      this.files = merged(this.files, files)
      this.history.add({ at: this.now, files })
    }
    return { all: applied ? [this.tell(true)] : [], asker: [{ type: 'diagnostics', applied, diagnostics }] }
  }

  private inspect(traceId: number): RequestDetailFrame {
    const trace = this.watcher.traces.get(traceId)
    const request = this.watcher.requestOf(traceId)
    const spans = trace === null ? [] : spanFrames(trace, this.topology, this.mesh?.resources() ?? [])
    return { type: 'request', traceId, request, spans }
  }

  private tell(figuresNow: boolean): DeltaFrame {
    this.meet()
    this.seq++
    const { requests, events, beats } = this.watcher.take()
    const redrawn = this.topology.version !== this.toldTopology
    this.toldTopology = this.topology.version
    this.sinceFigures++
    const fresh = figuresNow || redrawn || this.sinceFigures >= FIGURES_EVERY
    if (fresh) this.sinceFigures = 0
    const { chosen, sampling } = sample(requests)
    return {
      type: 'delta',
      seq: this.seq,
      ...this.playState(),
      ...(redrawn ? { topology: this.topology.frame() } : {}),
      ...(fresh ? this.figures() : { edges: [], nodes: [] }),
      requests: chosen,
      sampling,
      beats: beats.map(beat => ({ ...beat })),
      events,
      pushes: this.watcher.pushes,
    }
  }

  private figures(): Pick<SnapshotFrame, 'edges' | 'nodes'> {
    const isService = (id: string): boolean => this.topology.node(id)?.kind === 'service'
    return {
      edges: this.watcher.figures.readEdges(this.now, isService),
      nodes: this.watcher.figures.readNodes(this.now),
    }
  }

  private playState(): PlayState {
    return { time: this.now, running: this.running && this.mesh !== null, speed: this.speed }
  }
}

/** One in n by a hash of the id, so that the same requests are drawn again; what went wrong is drawn first. */
function sample(requests: readonly RequestFrame[]): { chosen: RequestFrame[]; sampling: number } {
  let sampling = 1
  while (requests.length > REQUESTS_PER_FRAME * sampling) sampling *= 2
  const bad = requests.filter(request => request.outcome !== 'ok').slice(0, REQUESTS_PER_FRAME)
  const good = requests.filter(r => r.outcome === 'ok' && (Math.imul(r.traceId, 2_654_435_761) >>> 16) % sampling === 0)
  return { chosen: [...bad, ...good.slice(0, Math.max(4, REQUESTS_PER_FRAME - bad.length))], sampling }
}

function merged(files: readonly SourceFile[], changed: readonly SourceFile[]): SourceFile[] {
  const result = files.map(file => changed.find(c => c.name === file.name) ?? file)
  for (const file of changed) if (!files.some(f => f.name === file.name)) result.push(file)
  return result
}

/** Patience for so many questions, where the rim brings no clock. */
function countdown(times: number): () => boolean {
  let left = times
  return () => --left > 0
}
