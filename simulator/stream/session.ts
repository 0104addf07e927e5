// A run with somebody looking at it: plays, pauses, steps, goes to any moment, applies documents and tells frames. What
// is shown (`now`) may lie anywhere in what has run; past the edge the mesh runs on. It knows neither Node nor the DOM; a
// rim (server, worker) calls `advance` from its timer and carries the frames away.
// Looking never changes the run: frames read the tape, and time moves through the engine alone.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import type { Command } from './command.ts'
import { spanFrames } from './detail.ts'
import {
  type CardFrame,
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
import { Run, type Start } from './run.ts'
import { chosen, type Key } from './tape.ts'

/** Other meshes that a session can go over to. */
export interface Meshes {
  cards(): CardFrame[]
  /** A scenario by its name; a reason in words when there is none. */
  scenario(name: string, seed: string | undefined): SessionOptions | Diagnostic[] | string
  files(files: readonly SourceFile[], seed: string | undefined): SessionOptions | Diagnostic[]
}

export interface SessionOptions {
  start: Start
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

/** False ends what is being done early; the rest is done, or let go, at the next `advance`. */
export type Patience = () => boolean

/** Virtual time run between two looks at the rim's patience. */
const CHUNK = 20_000
/** Dots that one frame may bring. */
const REQUESTS_PER_FRAME = 24
/** Finished requests that a snapshot brings. */
const REQUESTS_PER_SNAPSHOT = 120
/** Events that one step may take before it gives up waiting for a client's answer. */
const STEP_EVENTS_MAX = 200_000
/** A jump does not run further ahead than this at once. */
const LEAP_MAX = 600_000_000
const NO_KEY: Key = { at: 0, edges: [], nodes: [], topology: { nodes: [], edges: [] } }

export class FrameSource {
  private options: SessionOptions
  private readonly meshes: Meshes | null
  /** Documents of the beginning. */
  private files: readonly SourceFile[]
  private history = new History()
  private run: Run
  /** An older stretch of the same run, run again to see a request whose records were no longer kept. */
  private dug: Run | null = null
  private shown = 0
  /** Moment ahead to which the mesh hurries; -1 = it does not. */
  private goal = -1
  private running = true
  private speed: number | null = 1
  /** Part of a microsecond that has not been run yet. */
  private rest = 0
  private seq = 0
  /** What the last frame told. */
  private told = { time: 0, events: 0, key: NO_KEY }

  constructor(options: SessionOptions, meshes: Meshes | null = null) {
    this.options = options
    this.meshes = meshes
    this.files = options.files
    this.run = new Run(options.start, this.files)
    this.begun()
  }

  /** Equal for equal documents, seed and commands, however the run was chopped and whoever looked. */
  fingerprint(): string {
    return this.run.mesh?.fingerprint() ?? ''
  }

  /** The moment that is shown. */
  get now(): number {
    return this.shown
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

  /** Everything of the moment that is shown; a viewer that missed deltas goes on from here. */
  snapshot(): SnapshotFrame {
    const { tape, diagnostics } = this.run
    const key = tape.keyAt(this.shown) ?? NO_KEY
    return {
      type: 'snapshot',
      seq: this.seq,
      ...this.playState(),
      topology: key.topology,
      edges: key.edges,
      nodes: key.nodes,
      beats: tape.beats.map(beat => ({ ...beat })),
      events: [...tape.events],
      requests: tape.latest(this.shown, REQUESTS_PER_SNAPSHOT),
      pushes: tape.pushesAt(this.shown),
      diagnostics: [...diagnostics],
    }
  }

  /**
   * Moves on by `wallMs` milliseconds of the rim's clock and tells what happened. When patience ends early, what was not
   * run is let go. Null when nothing has changed.
   */
  advance(wallMs: number, patient: Patience = countdown(50)): DeltaFrame | null {
    if (this.run.mesh === null) return null
    if (this.goal >= 0) return this.hurry(patient)
    if (!this.running) return null
    const before = this.shown
    const wanted = this.speed === null ? Infinity : before + wallMs * 1000 * this.speed + this.rest
    const target = wanted === Infinity ? Infinity : Math.floor(wanted)
    this.rest = wanted === Infinity ? 0 : wanted - target
    this.moveTo(target, patient)
    return this.shown === before ? null : this.tell()
  }

  /** Shows an absolute time at once, whatever the pace. */
  runUntil(time: number): DeltaFrame {
    this.moveTo(time, forever)
    return this.tell()
  }

  /** Obeys; the frames answer whoever asked, those marked `all` concern every viewer. */
  command(command: Command, patient: Patience = forever): { all: Frame[]; asker: Frame[] } {
    switch (command.do) {
      case 'play':
      case 'pause':
        this.running = command.do === 'play'
        return { all: [this.tell()], asker: [] }
      case 'speed':
        this.speed = command.speed
        return { all: [this.tell()], asker: [] }
      case 'step':
        this.running = false
        return { all: this.step(command.by, command.back === true), asker: [] }
      case 'apply':
        return this.apply(command.files)
      case 'inspect':
        return { all: [], asker: [this.inspect(command.traceId)] }
      case 'seek':
        return { all: this.seek(command.time, patient), asker: [] }
      case 'reset':
        this.files = this.options.files
        this.another(new History(), 0)
        return { all: [this.hello(), this.snapshot(), this.filesFrame()], asker: [] }
      case 'files':
        return { all: [], asker: [this.filesFrame()] }
      case 'shelf':
        return { all: [], asker: [{ type: 'shelf', scenarios: this.meshes?.cards() ?? [] }] }
      case 'open':
        return this.open(this.meshes?.scenario(command.scenario, command.seed) ?? 'there is no shelf of scenarios here')
      case 'begin':
        return this.open(this.meshes?.files(command.files, command.seed) ?? 'files cannot be opened here')
    }
  }

  /** Goes over to another mesh; what cannot be opened leaves the one that runs. */
  private open(opened: SessionOptions | Diagnostic[] | string): { all: Frame[]; asker: Frame[] } {
    if (typeof opened === 'string') return { all: [], asker: [{ type: 'refusal', reason: opened }] }
    if (Array.isArray(opened)) return { all: [], asker: [{ type: 'diagnostics', applied: false, diagnostics: opened }] }
    this.options = opened
    this.files = opened.files
    this.running = true
    this.speed = 1
    this.another(new History(), 0)
    return { all: [this.hello(), this.snapshot(), this.filesFrame()], asker: [] }
  }

  /** Another run of the same documents, told anew: what was done in `history`, up to `time`. */
  private another(history: History, time: number): void {
    this.history = history
    this.run = new Run(this.options.start, this.files)
    this.run.runTo(time, this.history)
    this.shown = time
    this.begun()
  }

  private begun(): void {
    this.rest = 0
    this.goal = -1
    this.dug = null
    this.settle()
  }

  /** Nothing is new for those who get a snapshot now. */
  private settle(): void {
    const { tape } = this.run
    tape.takeBeats()
    this.told = { time: this.shown, events: tape.events.length, key: tape.keyAt(this.shown) ?? NO_KEY }
  }

  private moveTo(target: number, patient: Patience): void {
    const { run } = this
    if (run.mesh === null) return
    while (this.shown < target) {
      this.shown = Math.min(target, this.shown + CHUNK)
      run.runTo(this.shown, this.history)
      if (!patient()) break
    }
  }

  private hurry(patient: Patience): DeltaFrame {
    this.moveTo(this.goal, patient)
    if (this.shown >= this.goal) this.goal = -1
    return this.tell()
  }

  private seek(time: number, patient: Patience): Frame[] {
    const goal = Math.min(time, this.run.edge + LEAP_MAX)
    const filesChange = !sameFiles(this.history.filesAt(this.files, goal), this.history.filesAt(this.files, this.shown))
    this.goal = -1
    if (goal > this.run.edge) {
      this.shown = this.run.edge
      this.goal = goal
      this.hurry(patient)
    } else this.shown = goal
    this.settle()
    return filesChange ? [this.snapshot(), this.filesFrame()] : [this.snapshot()]
  }

  private step(by: 'event' | 'request', back: boolean): Frame[] {
    const { run } = this
    if (back) {
      this.shown =
        (by === 'event' ? run.tape.eventBeside(this.shown, true) : run.tape.requestBeside(this.shown, true)) ?? 0
      this.settle()
      return [this.snapshot()]
    }
    if (this.shown < run.edge) {
      const next = by === 'event' ? run.tape.eventBeside(this.shown, false) : run.tape.requestBeside(this.shown, false)
      if (next !== null && next <= run.edge) {
        this.shown = next
        return [this.tell()]
      }
      this.shown = run.edge
    }
    const seen = run.tape.requestBeside(run.edge + 1, true)
    for (let i = 0; i < STEP_EVENTS_MAX; i++) {
      if (!run.step() || by === 'event' || run.tape.requestBeside(run.edge + 1, true) !== seen) break
    }
    this.shown = run.edge
    return [this.tell()]
  }

  /**
   * All or nothing. In the past it begins another future: the run is run again up to here, and goes on from here. Documents
   * with errors leave the future that there was.
   */
  private apply(files: readonly SourceFile[]): { all: Frame[]; asker: Frame[] } {
    if (this.run.mesh === null) return this.mend(files)
    const { run, history } = this
    const past = this.shown < run.edge
    if (past) this.another(this.history.until(this.shown), this.shown)
    // what else belongs to this instant comes first, so that the same act can be done again at the same place
    this.run.runTo(this.shown, this.history)
    const diagnostics = this.run.apply(files) ?? []
    const applied = !diagnostics.some(found => found.level === 'error')
    if (applied) this.history = this.history.with({ at: this.shown, files })
    else if (past) {
      this.run = run
      this.history = history
      this.begun()
    }
    const all: Frame[] = !applied ? [] : past ? [this.snapshot()] : [this.tell()]
    return { all, asker: [{ type: 'diagnostics', applied, diagnostics }] }
  }

  /** Documents that made no mesh yet are begun with anew. */
  private mend(files: readonly SourceFile[]): { all: Frame[]; asker: Frame[] } {
    const before = this.files
    this.files = new History([{ at: 0, files }]).filesAt(before, 0)
    const { diagnostics } = (this.run = new Run(this.options.start, this.files))
    const applied = this.run.mesh !== null
    if (!applied) this.files = before
    this.begun()
    return {
      all: applied ? [this.snapshot()] : [],
      asker: [{ type: 'diagnostics', applied, diagnostics: [...diagnostics] }],
    }
  }

  private inspect(traceId: number): RequestDetailFrame {
    const request = this.run.tape.requestOf(traceId)
    const run = this.holding(traceId, request)
    const trace = run?.trace(traceId) ?? null
    const spans = trace === null || run === null ? [] : spanFrames(trace, run.topology, run.mesh?.resources() ?? [])
    return { type: 'request', traceId, request, spans }
  }

  /** The run that still knows all of a request: this one, or the same run again up to the request's end. */
  private holding(traceId: number, request: RequestFrame | null): Run | null {
    for (const run of [this.run, this.dug]) if (run?.trace(traceId)?.client != null) return run
    if (request === null) return this.run
    this.dug = new Run(this.options.start, this.files)
    this.dug.runTo(request.end, this.history.until(request.end))
    return this.dug
  }

  private tell(): DeltaFrame {
    const { tape } = this.run
    const { told } = this
    this.seq++
    const { requests, sampling } = tape.between(told.time, this.shown)
    const picked = sample(requests)
    const key = tape.keyAt(this.shown) ?? NO_KEY
    const events = tape.events.slice(told.events)
    const beats = tape.takeBeats()
    const redrawn = key.topology !== told.key.topology
    this.told = { time: this.shown, events: tape.events.length, key }
    return {
      type: 'delta',
      seq: this.seq,
      ...this.playState(),
      ...(redrawn ? { topology: key.topology } : {}),
      edges: key === told.key ? [] : key.edges,
      nodes: key === told.key ? [] : key.nodes,
      requests: picked.chosen,
      sampling: picked.sampling * sampling,
      beats: beats.map(beat => ({ ...beat })),
      events,
      pushes: tape.pushesAt(this.shown),
    }
  }

  private filesFrame(): Frame {
    return { type: 'files', files: this.history.filesAt(this.files, this.shown) }
  }

  private playState(): PlayState {
    const { shown, speed, run, goal } = this
    return { time: shown, edge: run.edge, goal, running: this.running && run.mesh !== null, speed }
  }
}

function sameFiles(some: readonly SourceFile[], others: readonly SourceFile[]): boolean {
  return (
    some.length === others.length &&
    some.every((file, i) => file.name === others[i]?.name && file.content === others[i]?.content)
  )
}

/** One in n by a hash of the id, so that the same requests are drawn again; what went wrong is drawn first. */
function sample(requests: readonly RequestFrame[]): { chosen: RequestFrame[]; sampling: number } {
  let sampling = 1
  while (requests.length > REQUESTS_PER_FRAME * sampling) sampling *= 2
  const bad = requests.filter(request => request.outcome !== 'ok').slice(0, REQUESTS_PER_FRAME)
  const good = requests.filter(r => r.outcome === 'ok' && chosen(r, sampling))
  const picked = [...bad, ...good.slice(0, Math.max(4, REQUESTS_PER_FRAME - bad.length))]
  return { chosen: picked.sort((a, b) => a.end - b.end || a.traceId - b.traceId), sampling }
}

/** Patience for so many questions, where the rim brings no clock. */
function countdown(times: number): Patience {
  let left = times
  return () => --left > 0
}

function forever(): boolean {
  return true
}
