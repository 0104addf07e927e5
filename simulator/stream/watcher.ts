// The observer behind all frames: it sorts what is recorded into figures, requests, seconds and events, each bounded.
import { SECOND } from '../engine/index.ts'
import type {
  ClientRecord,
  EjectionRecord,
  Observation,
  PushRecord,
  Recorder,
  StreamRecord,
} from '../observation/index.ts'
import type { Cast } from './cast.ts'
import { MeshFigures } from './figures.ts'
import { type BeatFrame, type EventFrame, edgeId, type RequestFrame } from './frame.ts'
import { outcomeOfClient, outcomeOfStream } from './outcome.ts'
import { ISTIOD, type Topology } from './topology.ts'
import { edgesOfClient, edgesOfStream, requestFrame, TraceStore } from './traces.ts'

/** Seconds, events and finished requests that a late viewer still gets. */
const BEATS_MAX = 3600
const EVENTS_MAX = 1000
const LATEST_MAX = 200
/** Finished requests that wait for one frame; those beyond are counted but not drawn. */
const WAITING_MAX = 2000

const KINDS: ReadonlySet<Observation['kind']> = new Set(['stream', 'served', 'client', 'push', 'ejection', 'mark'])

export class Watcher implements Recorder {
  readonly figures = new MeshFigures()
  readonly traces = new TraceStore()
  readonly latest: RequestFrame[] = []
  readonly events: EventFrame[] = []
  readonly beats: BeatFrame[] = []
  /** Configuration number that istiod sent last. */
  pushes = 0
  private readonly topology: Topology
  private cast: Cast = { pods: [], services: [], loads: [], calls: [] }
  private finished: RequestFrame[] = []
  private newEvents: EventFrame[] = []
  private readonly changedBeats = new Set<BeatFrame>()
  /** Records of the birth of a world, before its cast is known. */
  private early: Observation[] | null = []

  constructor(topology: Topology) {
    this.topology = topology
  }

  /** The cast has changed (or is known for the first time). */
  meet(cast: Cast): void {
    this.cast = cast
    this.topology.update(cast)
    const early = this.early ?? []
    this.early = null
    for (const observation of early) this.record(observation)
  }

  wants(kind: Observation['kind']): boolean {
    return KINDS.has(kind)
  }

  wantsTrail(): boolean {
    return true
  }

  record(observation: Observation): void {
    if (this.early !== null) {
      this.early.push(observation)
      return
    }
    const { kind } = observation
    if (kind === 'stream') this.stream(observation)
    else if (kind === 'served') this.traces.served(observation)
    else if (kind === 'client') this.client(observation)
    else if (kind === 'push') this.push(observation)
    else if (kind === 'ejection') this.ejection(observation)
    else if (kind === 'mark') this.event(observation.at, 'mark', observation.what, ISTIOD)
  }

  /** A kept request as a frame; null while its client still waits. */
  requestOf(traceId: number): RequestFrame | null {
    const trace = this.traces.get(traceId)
    if (trace === null || trace.client === null) return null
    return requestFrame(trace, trace.client, this.cast, this.topology)
  }

  /** What is new since the last call. */
  take(): { requests: RequestFrame[]; events: EventFrame[]; beats: BeatFrame[] } {
    const taken = { requests: this.finished, events: this.newEvents, beats: [...this.changedBeats] }
    this.finished = []
    this.newEvents = []
    this.changedBeats.clear()
    return taken
  }

  private stream(record: StreamRecord): void {
    this.traces.stream(record)
    const sample = {
      end: record.end,
      duration: record.end - record.start,
      outcome: outcomeOfStream(record),
      flags: record.flags,
      mtls: this.traces.cameByMtls(record),
    }
    for (const [source, target] of edgesOfStream(record, this.topology)) {
      this.figures.add(this.topology.edge(source, target), source, target, sample)
    }
  }

  private push(record: PushRecord): void {
    this.pushes = Math.max(this.pushes, Number(record.version) || 0)
    const node = this.topology.nodeOfPod(record.proxy) ?? ''
    // The first configuration of each proxy is part of its birth, not news.
    if (record.at > 0) this.event(record.at, 'push', `${record.types.join(' ')} ${record.version}`, node)
    if (record.nack !== '') this.event(record.at, 'nack', record.nack, node)
  }

  private ejection(record: EjectionRecord): void {
    const node = this.topology.nodeOfAddress(record.host) ?? ''
    this.event(record.at, record.ejected ? 'ejection' : 'return', `${record.host}: ${record.why}`, node)
  }

  private client(record: ClientRecord): void {
    const trace = this.traces.client(record)
    const outcome = outcomeOfClient(record)
    const sample = {
      end: record.end,
      duration: record.end - record.start,
      outcome,
      flags: [record.failure],
      mtls: false,
    }
    for (const [source, target] of edgesOfClient(record, this.cast, this.topology)) {
      this.topology.edge(source, target)
      this.figures.add(edgeId(source, target), source, target, sample)
    }
    const request = requestFrame(trace, record, this.cast, this.topology)
    if (this.finished.length < WAITING_MAX) this.finished.push(request)
    keep(this.latest, request, LATEST_MAX)
    const beat = this.beat(Math.floor(record.end / SECOND))
    beat.requests++
    if (request.outcome === 'fail' || request.outcome === 'denied') beat.failed++
    else if (request.outcome === 'warn') beat.degraded++
    this.changedBeats.add(beat)
  }

  private beat(second: number): BeatFrame {
    const last = this.beats.at(-1)
    if (last?.second === second) return last
    const beat = { second, requests: 0, degraded: 0, failed: 0 }
    keep(this.beats, beat, BEATS_MAX)
    return beat
  }

  private event(at: number, kind: EventFrame['kind'], what: string, node: string): void {
    const event = { at, kind, what, node }
    keep(this.events, event, EVENTS_MAX)
    keep(this.newEvents, event, EVENTS_MAX)
  }
}

function keep<T>(list: T[], item: T, max: number): void {
  list.push(item)
  if (list.length > max) list.shift()
}
