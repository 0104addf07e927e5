// A run with somebody looking at it: plays, pauses, steps, goes to any moment, applies documents and tells frames. What
// is shown (`now`) may lie anywhere in what has run; past the edge the mesh runs on. It knows neither Node nor the DOM; a
// rim (server, worker) calls `advance` from its timer and carries the frames away.
// Looking never changes the run: frames read the tape, and time moves through the engine alone.
import type { Diagnostic } from '../diagnostics/types.ts'
import type { SourceFile } from '../resources/types.ts'
import type { Command } from './command.ts'
import { type Answer, Digs, type Job, type Told } from './digs.ts'
import {
  type DeltaFrame,
  type Frame,
  type HelloFrame,
  type PlayState,
  PROTOCOL_VERSION,
  type SnapshotFrame,
} from './frame.ts'
import { History } from './history.ts'
import { Run } from './run.ts'
import { countdown, forever, hasErrors, type Patience, requestDetail, sameFiles, sample } from './session-answers.ts'
import type { Meshes, SessionOptions } from './session-options.ts'
import type { Key } from './tape.ts'

/** Virtual time run between two looks at the rim's patience. */
const CHUNK = 20_000
/** Finished requests that a snapshot brings. */
const REQUESTS_PER_SNAPSHOT = 120
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
  /** Older moments of the same run, run again for who asks for what is no longer held. */
  private readonly digs = new Digs(() => ({
    run: new Run(this.options.start, this.files),
    history: this.history.until(Infinity),
  }))
  private answered: Answer[] = []
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
    // at full speed the mesh would take all the time that there is
    if (this.digs.busy && (this.speed === null || this.goal >= 0 || !this.running)) {
      this.dig(patient)
      return null
    }
    const frame = this.move(wallMs, patient)
    if (this.digs.busy) this.dig(patient)
    return frame
  }

  /** What has been found since the last call, and how far the search is. */
  answers(): Answer[] {
    const answers = this.answered
    this.answered = []
    const { progress } = this.digs
    if (progress === null) return answers
    const { asker, time, goal } = progress
    return [...answers, { to: asker, all: [], asker: [{ type: 'digging', time, goal }] }]
  }

  private dig(patient: Patience): void {
    for (const { job, told } of this.digs.work(patient)) this.answered.push({ to: job.asker, ...told })
  }

  private move(wallMs: number, patient: Patience): DeltaFrame | null {
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

  /**
   * Obeys; the frames answer whoever asked, those marked `all` concern every viewer. What takes longer than patience lasts
   * is answered later, by `answers`, to the same `asker`.
   */
  command(command: Command, patient: Patience = forever, asker: unknown = null): Told {
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
        return this.apply(command.files, asker, patient)
      case 'inspect':
        return this.inspect(command.traceId, asker, patient)
      case 'series':
        return { all: [], asker: [this.run.series(command.node)] }
      case 'proxy':
        return this.proxy(command.pod, asker, patient)
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
  private open(opened: SessionOptions | Diagnostic[] | string): Told {
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
    this.forget()
    this.settle()
  }

  /** What was dug up is of no use any more, and whoever waits is told so. */
  private forget(): void {
    for (const job of this.digs.clear()) this.answered.push({ to: job.asker, all: [], asker: job.lost() })
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
    const beside = (): number | null =>
      by === 'event' ? run.tape.eventBeside(this.shown, back) : run.tape.requestBeside(this.shown, back)
    if (back) {
      this.shown = beside() ?? 0
      this.settle()
      return [this.snapshot()]
    }
    const next = this.shown < run.edge ? beside() : null
    if (next === null || next > run.edge) {
      run.stepOn(by)
      this.shown = run.edge
    } else this.shown = next
    return [this.tell()]
  }

  /**
   * All or nothing. In the past it begins another future: the run is run again up to here, and goes on from here. Documents
   * with errors leave the future that there was.
   */
  private apply(files: readonly SourceFile[], asker: unknown, patient: Patience): Told {
    if (this.run.mesh === null) return this.mend(files)
    if (this.shown < this.run.edge) return this.applyInThePast(files, asker, patient)
    // what else belongs to this instant comes first, so that the same act can be done again at the same place
    this.run.runTo(this.shown, this.history)
    const diagnostics = this.run.apply(files) ?? []
    const applied = !hasErrors(diagnostics)
    if (applied) {
      this.history = this.history.with({ at: this.shown, files })
      this.forget()
    }
    return { all: applied ? [this.tell()] : [], asker: [{ type: 'diagnostics', applied, diagnostics }] }
  }

  private applyInThePast(files: readonly SourceFile[], asker: unknown, patient: Patience): Told {
    const at = this.shown
    return this.soon(at, asker, patient, {
      done: (dug, keep) => {
        // whatever comes of it, the run that was dug up has another future now
        keep()
        const diagnostics = dug.run.apply(files) ?? []
        const applied = !hasErrors(diagnostics)
        if (applied) {
          this.run = dug.run
          this.history = this.history.until(at).done().with({ at, files })
          this.shown = at
          this.begun()
        }
        return { all: applied ? [this.snapshot()] : [], asker: [{ type: 'diagnostics', applied, diagnostics }] }
      },
      lost: () => [{ type: 'refusal', reason: 'not applied: the run has gone another way meanwhile' }],
    })
  }

  /** Answers at once where patience suffices; otherwise says how far it is, and answers later. */
  private soon(goal: number, asker: unknown, patient: Patience, job: Pick<Job, 'done' | 'lost'>): Told {
    const asked: Job = { goal, asker, ...job }
    this.digs.ask(asked)
    let told: Told | null = null
    for (const answer of this.digs.work(patient)) {
      if (answer.job === asked) told = answer.told
      else this.answered.push({ to: answer.job.asker, ...answer.told })
    }
    if (told !== null) return told
    const { progress } = this.digs
    return { all: [], asker: progress === null ? [] : [{ type: 'digging', time: progress.time, goal: progress.goal }] }
  }

  /** Documents that made no mesh yet are begun with anew. */
  private mend(files: readonly SourceFile[]): Told {
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

  private inspect(traceId: number, asker: unknown, patient: Patience): Told {
    const request = this.run.tape.requestOf(traceId)
    const held = [this.run, this.digs.held].find(run => run?.trace(traceId)?.client != null) ?? null
    if (held !== null || request === null)
      return { all: [], asker: [requestDetail(held ?? this.run, traceId, request)] }
    return this.soon(request.end, asker, patient, {
      done: ({ run }) => ({ all: [], asker: [requestDetail(run, traceId, request)] }),
      lost: () => [requestDetail(this.run, traceId, null)],
    })
  }

  private proxy(pod: string, asker: unknown, patient: Patience): Told {
    const at = this.shown
    const look = (run: Run): Frame => ({ type: 'proxy', pod, at, state: run.proxy(pod) })
    if (this.run.edge === at) return { all: [], asker: [look(this.run)] }
    return this.soon(at, asker, patient, { done: ({ run }) => ({ all: [], asker: [look(run)] }), lost: () => [] })
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
