// The journey of one real request over the picture: what happened in milliseconds is told in seconds, in the same order.
// An edge takes a fixed time on screen; time spent at a node is a bead that waits there, longer where it was longer.
import type { HopFrame, Outcome, RequestFrame } from '../../simulator/stream/frame.ts'

export interface Leg {
  /** Edge travelled, or the edge at whose end the request waits. */
  edge: string
  kind: 'out' | 'wait' | 'back'
  from: number
  to: number
  outcome: Outcome
  fault: HopFrame['fault']
  attempts: number
}

export interface Flight {
  request: RequestFrame
  /** Milliseconds of the wall since the request ended. */
  legs: Leg[]
  length: number
}

const EDGE_MS = 640
const HOPS_MAX = 60
/** Below this pace (virtual µs in a ms of the wall; 100 = 0.1x) time on screen is true time, made longer. */
const TRUE_BELOW = 100

/** The journey at a pace: told so that the eye can follow, or, in slow motion, as long as it truly was. */
export function planFlight(request: RequestFrame, pace: number): Flight {
  return pace < TRUE_BELOW ? trueFlight(request, pace) : toldFlight(request)
}

/** True to scale: the wire to the callee, the callee's time, the wire back, at the times recorded. */
function trueFlight(request: RequestFrame, pace: number): Flight {
  const legs: Leg[] = []
  const at = (time: number): number => (time - request.start) / pace
  for (const hop of request.hops.slice(0, HOPS_MAX)) {
    const told = { outcome: hop.outcome, fault: hop.fault, attempts: hop.attempts }
    const { edges, start, end } = hop
    const first = edges[0] ?? ''
    if (hop.reached < 0) {
      legs.push({ edge: first, kind: 'wait', from: at(start), to: at(end), ...told })
      continue
    }
    const answered = Math.max(hop.reached, Math.min(hop.answered, end))
    const step = (from: number, to: number, i: number): number => from + ((to - from) * i) / edges.length
    for (const [i, edge] of edges.entries()) {
      const [from, to] = [step(start, hop.reached, i), step(start, hop.reached, i + 1)]
      legs.push({ edge, kind: 'out', from: at(from), to: at(to), ...told })
    }
    legs.push({ edge: edges.at(-1) ?? '', kind: 'wait', from: at(hop.reached), to: at(answered), ...told, fault: '' })
    for (const [i, edge] of [...edges].reverse().entries()) {
      const [from, to] = [step(answered, end, i), step(answered, end, i + 1)]
      legs.push({ edge, kind: 'back', from: at(from), to: at(to), ...told })
    }
  }
  return { request, legs, length: at(Math.max(request.end, ...request.hops.map(hop => hop.end))) }
}

/** Waiting is told on a logarithm: 1 ms is hardly seen, a second is. */
function waitMs(us: number): number {
  return Math.min(2600, 60 + 210 * Math.log10(1 + us / 1000))
}

/** An edge in 0.64 s, whatever it took. */
function toldFlight(request: RequestFrame): Flight {
  const legs: Leg[] = []
  const hops = request.hops.slice(0, HOPS_MAX)
  const spans = new Set(hops.map(hop => hop.span))
  const children = (span: number): HopFrame[] => hops.filter(hop => hop.parent === span && hop.span !== span)
  const run = (hop: HopFrame, begin: number): number => {
    let at = begin
    const told = { outcome: hop.outcome, fault: hop.fault, attempts: hop.attempts }
    const last = hop.edges.at(-1) ?? ''
    if (hop.fault === 'delay') {
      // Held at the caller's own proxy, before anything goes out.
      legs.push({ edge: hop.edges[0] ?? '', kind: 'wait', from: at, to: at + 900, ...told })
      at += 900
    }
    if (hop.fault === 'abort') {
      // Turned round at the caller's proxy: the server never sees it.
      legs.push({ edge: hop.edges[0] ?? '', kind: 'wait', from: at, to: at + 900, ...told })
      return at + 900
    }
    for (const edge of hop.edges) {
      legs.push({ edge, kind: 'out', from: at, to: at + EDGE_MS, ...told })
      at += EDGE_MS
    }
    const below = children(hop.span)
    let reached = at
    let group = { end: -1, start: at }
    for (const child of below) {
      // Calls that overlapped in truth overlap here too.
      const start = child.start < group.end ? group.start : reached
      group = { end: Math.max(group.end, child.end), start }
      reached = Math.max(reached, run(child, start))
    }
    const own = below.length === 0 ? waitMs(hop.end - hop.start) : 120
    if (below.length > 0 && reached > at)
      legs.push({ edge: last, kind: 'wait', from: at, to: reached, ...told, outcome: 'ok' })
    legs.push({ edge: last, kind: 'wait', from: reached, to: reached + own, ...told })
    at = reached + own
    for (const edge of [...hop.edges].reverse()) {
      legs.push({ edge, kind: 'back', from: at, to: at + EDGE_MS, ...told })
      at += EDGE_MS
    }
    return at
  }
  let end = 0
  for (const root of hops.filter(hop => !spans.has(hop.parent))) end = Math.max(end, run(root, end))
  return { request, legs, length: end }
}
