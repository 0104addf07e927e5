// Frames -> state. The only thing that panels and marks read; they hear by topic what has changed.

import type { Diagnostic } from '../../simulator/diagnostics/types.ts'
import type { SourceFile } from '../../simulator/resources/types.ts'
import type {
  BeatFrame,
  CardFrame,
  EdgeFigures,
  EventFrame,
  Frame,
  HelloFrame,
  NodeFigures,
  PlayState,
  ProxyFrame,
  RequestDetailFrame,
  RequestFrame,
  SeriesFrame,
  TopologyFrame,
} from '../../simulator/stream/frame.ts'
import type { Language } from './words.ts'

export type Topic =
  | 'series'
  | 'hello'
  | 'topology'
  | 'figures'
  | 'time'
  | 'jump'
  | 'requests'
  | 'events'
  | 'selection'
  | 'detail'
  | 'files'
  | 'applied'
  | 'look'
  | 'connection'
  | 'shelf'
  | 'inside'
  | 'proxy'
  | 'digging'
  | 'wanted'

export type Selection =
  | { kind: 'none' }
  | { kind: 'node'; id: string }
  | { kind: 'edge'; id: string }
  | { kind: 'request'; traceId: number }

export type Theme = 'dark' | 'light'
export type View = 'mesh' | 'metrics' | 'requests'

/** Finished requests that lists can show. */
const REQUESTS_MAX = 3000

export interface State {
  hello: HelloFrame | null
  /** The moment that is shown. */
  time: number
  /** Wall clock (performance.now) at which `time` was true. */
  timeAt: number
  /** How far the mesh has run. */
  edge: number
  /** Moment that it hurries to; -1 = none. */
  goal: number
  /** Virtual µs in one ms of the wall, as it was lately. */
  pace: number
  running: boolean
  speed: number | null
  topology: TopologyFrame
  edges: ReadonlyMap<string, EdgeFigures>
  nodes: ReadonlyMap<string, NodeFigures>
  beats: Map<number, BeatFrame>
  events: EventFrame[]
  /** Latest last. */
  requests: RequestFrame[]
  sampling: number
  pushes: number
  diagnostics: readonly Diagnostic[]
  files: readonly SourceFile[]
  /** Answer to the last Apply. */
  applied: { applied: boolean; diagnostics: readonly Diagnostic[]; time: number } | null
  selection: Selection
  detail: RequestDetailFrame | null
  /** Scenarios that can be opened. */
  shelf: readonly CardFrame[]
  /** Pod whose proxy is looked into, '' = none; and the span of the chosen request there, -1 = the first. */
  inside: string
  insideSpan: number
  proxy: ProxyFrame | null
  /** Curves, as they were asked for last. */
  series: SeriesFrame | null
  /** What was asked for is being run again: how far it is. */
  digging: { time: number; goal: number } | null
  /** Line of a document that somebody pointed at: `file:line:column`. */
  wanted: string
  connected: boolean
  language: Language
  theme: Theme
  view: View
}

export class Store {
  readonly state: State
  private readonly listeners = new Map<Topic, (() => void)[]>()

  constructor(language: Language, theme: Theme) {
    this.state = {
      hello: null,
      time: 0,
      timeAt: 0,
      edge: 0,
      goal: -1,
      pace: 1000,
      running: false,
      speed: 1,
      topology: { nodes: [], edges: [] },
      edges: new Map(),
      nodes: new Map(),
      beats: new Map(),
      events: [],
      requests: [],
      sampling: 1,
      pushes: 0,
      diagnostics: [],
      files: [],
      applied: null,
      selection: { kind: 'none' },
      detail: null,
      shelf: [],
      inside: '',
      insideSpan: -1,
      proxy: null,
      series: null,
      digging: null,
      wanted: '',
      connected: false,
      language,
      theme,
      view: 'mesh',
    }
  }

  on(topics: readonly Topic[], listener: () => void): void {
    for (const topic of topics) this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener])
  }

  /** Changes state and tells; each listener once. */
  change(changes: Partial<State>, ...topics: Topic[]): void {
    Object.assign(this.state, changes)
    this.tell(topics)
  }

  frame(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        this.change(
          {
            hello: frame,
            selection: { kind: 'none' },
            detail: null,
            applied: null,
            inside: '',
            proxy: null,
            series: null,
            digging: null,
          },
          'hello',
          'selection',
          'inside',
        )
        break
      case 'snapshot':
        this.change(
          {
            ...this.played(frame),
            topology: frame.topology,
            edges: byId(frame.edges),
            nodes: byId(frame.nodes),
            beats: new Map(frame.beats.map(beat => [beat.second, beat])),
            events: [...frame.events],
            requests: [...frame.requests],
            pushes: frame.pushes,
            diagnostics: frame.diagnostics,
          },
          ...(['topology', 'figures', 'requests', 'events', 'time', 'jump'] as const),
        )
        break
      case 'delta':
        this.delta(frame)
        break
      case 'request':
        this.change({ detail: frame, digging: null }, 'detail', 'digging')
        break
      case 'files':
        this.change({ files: frame.files }, 'files')
        break
      case 'diagnostics': {
        const { applied, diagnostics } = frame
        this.change({ applied: { applied, diagnostics, time: this.state.time }, digging: null }, 'applied', 'digging')
        break
      }
      case 'series':
        this.change({ series: frame }, 'series')
        break
      case 'proxy':
        this.change({ proxy: frame, digging: null }, 'proxy', 'digging')
        break
      case 'digging':
        this.change({ digging: { time: frame.time, goal: frame.goal } }, 'digging')
        break
      case 'shelf':
        this.change({ shelf: frame.scenarios }, 'shelf')
        break
      case 'refusal':
        this.change({ digging: null }, 'digging')
        console.warn(`meshsim: ${frame.reason}`)
    }
  }

  private delta(frame: Extract<Frame, { type: 'delta' }>): void {
    const { state } = this
    const topics: Topic[] = ['time']
    if (frame.topology !== undefined) {
      state.topology = frame.topology
      topics.push('topology')
    }
    if (frame.edges.length > 0 || frame.nodes.length > 0) {
      state.edges = byId(frame.edges)
      state.nodes = byId(frame.nodes)
      topics.push('figures')
    }
    for (const beat of frame.beats) state.beats.set(beat.second, beat)
    if (frame.events.length > 0) {
      state.events = [...state.events, ...frame.events].slice(-5000)
      topics.push('events')
    }
    if (frame.requests.length > 0) {
      state.requests = [...state.requests, ...frame.requests].slice(-REQUESTS_MAX)
      topics.push('requests')
    }
    this.change({ ...this.played(frame), sampling: frame.sampling, pushes: frame.pushes }, ...topics)
  }

  private played(frame: PlayState): Partial<State> {
    const { time, edge, goal, running, speed } = frame
    const now = performance.now()
    const [moved, passed] = [time - this.state.time, now - this.state.timeAt]
    // At full speed the pace is what the machine can do; it is told smoothly.
    const measured =
      moved > 0 && passed > 0 && passed < 1000 ? this.state.pace * 0.8 + (moved / passed) * 0.2 : this.state.pace
    return { time, timeAt: now, edge, goal, running, speed, pace: speed === null ? measured : 1000 * speed }
  }

  private tell(topics: readonly Topic[]): void {
    const told = new Set<() => void>()
    for (const topic of topics) {
      for (const listener of this.listeners.get(topic) ?? []) {
        if (told.has(listener)) continue
        told.add(listener)
        listener()
      }
    }
  }
}

/** Virtual time between two frames, carried on by the pace but never beyond what the next frame may say. */
export function smoothTime(state: State): number {
  if (!state.running || state.speed === null) return state.time
  return state.time + Math.min(performance.now() - state.timeAt, 110) * state.pace
}

function byId<T extends { id: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map(item => [item.id, item]))
}
