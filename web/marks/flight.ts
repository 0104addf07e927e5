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
  /** On the clock of the picture, ms. */
  born: number
  legs: Leg[]
  length: number
}

const EDGE_MS = 640
const HOPS_MAX = 60

/** Waiting is told on a logarithm: 1 ms is hardly seen, a second is. */
function waitMs(us: number): number {
  return Math.min(2600, 60 + 210 * Math.log10(1 + us / 1000))
}

/** `scale`: 1 = an edge in 0.64 s. */
export function planFlight(request: RequestFrame, born: number, scale: number): Flight {
  const legs: Leg[] = []
  const hops = request.hops.slice(0, HOPS_MAX)
  const spans = new Set(hops.map(hop => hop.span))
  const children = (span: number): HopFrame[] => hops.filter(hop => hop.parent === span && hop.span !== span)
  const edgeMs = EDGE_MS * scale
  const run = (hop: HopFrame, begin: number): number => {
    let at = begin
    const told = { outcome: hop.outcome, fault: hop.fault, attempts: hop.attempts }
    const last = hop.edges.at(-1) ?? ''
    if (hop.fault === 'delay') {
      // Held at the caller's own proxy, before anything goes out.
      legs.push({ edge: hop.edges[0] ?? '', kind: 'wait', from: at, to: at + 900 * scale, ...told })
      at += 900 * scale
    }
    if (hop.fault === 'abort') {
      // Turned round at the caller's proxy: the server never sees it.
      legs.push({ edge: hop.edges[0] ?? '', kind: 'wait', from: at, to: at + 900 * scale, ...told })
      return at + 900 * scale
    }
    for (const edge of hop.edges) {
      legs.push({ edge, kind: 'out', from: at, to: at + edgeMs, ...told })
      at += edgeMs
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
    const own = below.length === 0 ? waitMs(hop.end - hop.start) * scale : 120 * scale
    if (below.length > 0 && reached > at)
      legs.push({ edge: last, kind: 'wait', from: at, to: reached, ...told, outcome: 'ok' })
    legs.push({ edge: last, kind: 'wait', from: reached, to: reached + own, ...told })
    at = reached + own
    for (const edge of [...hop.edges].reverse()) {
      legs.push({ edge, kind: 'back', from: at, to: at + edgeMs, ...told })
      at += edgeMs
    }
    return at
  }
  let end = 0
  for (const root of hops.filter(hop => !spans.has(hop.parent))) end = Math.max(end, run(root, end))
  return { request, born, legs, length: end }
}
