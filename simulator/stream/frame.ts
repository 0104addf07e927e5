// The one wire format between a running mesh and whoever looks at it: server, browser worker, page, recording.
// Plain values only. Times are virtual microseconds, rates are per second of virtual time, shares lie in 0..1.

import type { Diagnostic } from '../diagnostics/types.ts'
import type { WireView } from '../observation/index.ts'
import type { TrailStep } from '../observation/types.ts'
import type { SourceFile } from '../resources/types.ts'
import type { ProxyFrame } from './proxy-frame.ts'

export type * from './proxy-frame.ts'

/** Raised when a reader of the old frames could misread the new ones. */
export const PROTOCOL_VERSION = 2

/** How one request or hop ended, as the picture colours it. `warn`: answered, but degraded or touched by a fault. */
export type Outcome = 'ok' | 'warn' | 'fail' | 'denied'

export type NodeKind = 'client' | 'gateway' | 'workload' | 'service' | 'external' | 'istiod'

export interface NodeFrame {
  id: string
  kind: NodeKind
  name: string
  namespace: string
  /** Label `app`; groups the versions of one application. */
  app: string
  /** Label `version` or ''. */
  version: string
  /** Ids (`name.namespace`) of its pods, sorted. */
  pods: string[]
  /** All its pods have an Envoy. */
  proxied: boolean
}

export interface EdgeFrame {
  /** `source>target`. */
  id: string
  source: string
  target: string
}

export interface TopologyFrame {
  nodes: NodeFrame[]
  edges: EdgeFrame[]
}

/** Counts of the window. */
export type Outcomes = Record<Outcome, number>

export interface EdgeFigures {
  id: string
  rate: number
  errorRate: number
  /** µs; 0 without requests. */
  p50: number
  p99: number
  /** Share of the service's requests that took this edge; null where the source is no service. */
  share: number | null
  outcomes: Outcomes
  /** The most frequent response flag among failed requests, '' without one. */
  flag: string
  /** Share of its requests that came by mutual TLS. */
  mtls: number
}

export interface NodeFigures {
  id: string
  /** Requests that reached it. */
  rate: number
  p99: number
  outcomes: Outcomes
}

/** One call between two nodes; `edges` are those that a picture lights, in order of travel. */
export interface HopFrame {
  /** Observer's id of the caller's stream; 0 = the client that generated the load. */
  span: number
  /** Span of the hop that caused it; -1 for the first. */
  parent: number
  edges: string[]
  start: number
  end: number
  /** When it came to the callee's proxy (or application), and when that one had its answer; -1 = never or not known. */
  reached: number
  answered: number
  method: string
  path: string
  status: number
  flags: string[]
  attempts: number
  /** Held or cut by an injected fault. */
  fault: '' | 'delay' | 'abort'
  outcome: Outcome
}

/** A finished request with its whole way. */
export interface RequestFrame {
  traceId: number
  /** Name of the load that sent it. */
  load: string
  start: number
  end: number
  method: string
  url: string
  status: number
  /** '' or why there was no answer: reset, timeout, refused, unreachable, tls. */
  failure: string
  outcome: Outcome
  hops: HopFrame[]
}

export type EventKind = 'mark' | 'push' | 'nack' | 'ejection' | 'return'

export interface EventFrame {
  at: number
  kind: EventKind
  what: string
  /** Node that it concerns or ''. */
  node: string
}

/** One second of the run as the clients saw it. */
export interface BeatFrame {
  second: number
  requests: number
  /** Answered, with a failed or faulted hop on the way. */
  degraded: number
  failed: number
}

export interface HelloFrame {
  type: 'hello'
  protocol: typeof PROTOCOL_VERSION
  /** meshsim's version and the model it follows. */
  version: string
  model: string
  scenario: { name: string; title: string; seed: string; duration: number }
  sentence: string
}

export interface PlayState {
  /** Virtual time of the moment that is shown. */
  time: number
  /** How far the mesh has run: `time` and what lies between is known. */
  edge: number
  /** Moment that the mesh hurries to; -1 = none. */
  goal: number
  running: boolean
  /** Virtual seconds in one second of the wall; null = as fast as it goes. */
  speed: number | null
}

export interface SnapshotFrame extends PlayState {
  type: 'snapshot'
  seq: number
  topology: TopologyFrame
  edges: EdgeFigures[]
  nodes: NodeFigures[]
  beats: BeatFrame[]
  events: EventFrame[]
  /** The latest finished requests, oldest first. */
  requests: RequestFrame[]
  /** Configuration number of istiod: pushes so far. */
  pushes: number
  /** What was found in the documents that run. */
  diagnostics: Diagnostic[]
}

export interface DeltaFrame extends PlayState {
  type: 'delta'
  seq: number
  /** The whole graph, when a node or an edge has come or gone. */
  topology?: TopologyFrame
  /** All figures of this moment, or empty when they have not changed since the last frame. */
  edges: EdgeFigures[]
  nodes: NodeFigures[]
  /** Requests finished since the last frame, one in `sampling` of those that ended well. */
  requests: RequestFrame[]
  sampling: number
  /** Seconds whose counts changed. */
  beats: BeatFrame[]
  events: EventFrame[]
  pushes: number
}

/** One row of a request's waterfall: a client, a proxy's stream, or an application at work. */
export interface SpanFrame {
  span: number
  /** Row that it hangs under; -1 for the first. */
  parent: number
  kind: 'client' | 'proxy' | 'app'
  direction: '' | 'inbound' | 'outbound' | 'gateway'
  /** Node of the picture. */
  node: string
  pod: string
  start: number
  end: number
  /** proxy: when the last try went upstream, -1 = never. app: when a worker took it. */
  begun: number
  method: string
  authority: string
  path: string
  status: number
  flags: string[]
  details: string
  outcome: Outcome
  fault: '' | 'delay' | 'abort'
  attempts: number
  cluster: string
  upstreamHost: string
  mtls: boolean
  downstreamPeer: string
  /** Decisions in the order taken. */
  trail: DecisionFrame[]
  requestHeaders: [string, string][]
  responseHeaders: [string, string][]
  /** As the proxy would log it; '' for others. */
  log: string
  /** What a packet capture shows of the connection on which it came to the proxy; null for others. */
  wire: WireView | null
}

/** A trail step with the place of the document that caused it. */
export interface DecisionFrame extends TrailStep {
  /** `file:line` or ''. */
  source: string
}

export interface RequestDetailFrame {
  type: 'request'
  traceId: number
  /** Null when it is too long ago. */
  request: RequestFrame | null
  spans: SpanFrame[]
}

export interface DiagnosticsFrame {
  type: 'diagnostics'
  /** The documents joined the running mesh. */
  applied: boolean
  diagnostics: Diagnostic[]
}

export interface FilesFrame {
  type: 'files'
  files: SourceFile[]
}

/** A scenario that can be opened, in words: what its README says, paragraphs in Markdown. */
export interface CardFrame {
  name: string
  en: { title: string; paragraphs: string[] }
  zh: { title: string; paragraphs: string[] }
}

export interface ShelfFrame {
  type: 'shelf'
  scenarios: CardFrame[]
}

/** What was asked for has to be run again: how far that is. */
export interface DiggingFrame {
  type: 'digging'
  /** Virtual µs; done when `time` reaches `goal`. */
  time: number
  goal: number
}

/** A command could not be understood. */
export interface RefusalFrame {
  type: 'refusal'
  reason: string
}

/** One curve: answers a second in each bucket. */
export interface Curve {
  name: string
  rates: number[]
}

/** The whole run so far as curves, for one node or for the mesh as its clients see it. */
export interface SeriesFrame {
  type: 'series'
  /** Node; '' = the mesh. */
  node: string
  /** Seconds of one bucket; bucket i begins at i * width. */
  width: number
  /** By status. */
  codes: Curve[]
  /** By version of the node's application; of the mesh by load. */
  parts: Curve[]
  /** Percentiles of latency, µs; null where nothing was answered. */
  p50: (number | null)[]
  p90: (number | null)[]
  p99: (number | null)[]
}

export type Frame =
  | HelloFrame
  | SnapshotFrame
  | DeltaFrame
  | RequestDetailFrame
  | DiagnosticsFrame
  | FilesFrame
  | ShelfFrame
  | ProxyFrame
  | DiggingFrame
  | RefusalFrame
  | SeriesFrame

export function edgeId(source: string, target: string): string {
  return `${source}>${target}`
}
