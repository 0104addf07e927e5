// The observer behind all frames: it sorts what is recorded into figures, whole requests and events, and puts the latter
// on the tape.
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
import { type EventFrame, edgeId } from './frame.ts'
import { outcomeOfClient, outcomeOfStream } from './outcome.ts'
import { SeriesKeeper } from './series.ts'
import type { Tape } from './tape.ts'
import { ISTIOD, type Topology } from './topology.ts'
import { edgesOfClient, edgesOfStream, requestFrame, TraceStore } from './traces.ts'

const KINDS: ReadonlySet<Observation['kind']> = new Set(['stream', 'served', 'client', 'push', 'ejection', 'mark'])

export class Watcher implements Recorder {
  readonly figures = new MeshFigures()
  readonly traces = new TraceStore()
  readonly series = new SeriesKeeper()
  private readonly topology: Topology
  private readonly tape: Tape
  private readonly versions = new Map<string, number>()
  private cast: Cast = { pods: [], services: [], loads: [], calls: [] }
  /** Records of the birth of a world, before its cast is known. */
  private early: Observation[] | null = []

  constructor(topology: Topology, tape: Tape) {
    this.topology = topology
    this.tape = tape
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
      const { end, duration } = sample
      const part = this.topology.node(target)?.version ?? ''
      this.series.add(target, { end, duration, status: record.status, part: part || '-' })
    }
  }

  /** Number of the push that a proxy took last in a type; 0 = what it began with. */
  versionOf(proxy: string, type: string): number {
    return this.versions.get(`${proxy} ${type}`) ?? 0
  }

  private push(record: PushRecord): void {
    for (const type of record.types) this.versions.set(`${record.proxy} ${type}`, Number(record.version) || 0)
    this.tape.push(record.at, Number(record.version) || 0)
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
    const { end, start, status, source } = record
    this.series.add('', { end, duration: end - start, status, part: source })
    this.tape.request(requestFrame(trace, record, this.cast, this.topology))
  }

  private event(at: number, kind: EventFrame['kind'], what: string, node: string): void {
    this.tape.event({ at, kind, what, node })
  }
}
