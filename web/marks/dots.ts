// Dots on the canvas: undecided is moonlight, and only the way back has a colour. One dot is one real request; what ends
// badly is a diamond, a held call wears lightning, so that no meaning hangs on colour alone.
import type { EventFrame, RequestFrame } from '../../simulator/stream/frame.ts'
import type { Point } from '../layout/layered.ts'
import { along, directionAt, type Way } from '../layout/way.ts'
import { type Flight, type Leg, planFlight } from './flight.ts'

/** Journeys begun in a second of the wall; above, one in n by the id. What went wrong is always drawn. */
const PER_SECOND = 24
const FLIGHTS_MAX = 500
/** No journey on screen is followed longer. */
const FLIGHT_MAX_MS = 30_000
/** Dots stay so far behind the clock, so that those of the next frame come in time. */
const BEHIND_MS = 120
const LETTER_MS = 1100
const LETTER_STAYS_MS = 700
const LANE = 4
/** Requests shown inside one node. */
const BEADS_MAX = 9

export interface DotScene {
  ways: ReadonlyMap<string, Way>
  places: ReadonlyMap<string, Point>
  radii: ReadonlyMap<string, number>
}

/** The moment that is drawn: everything is a function of it, so dots go backwards when time does. */
export interface DotMoment {
  /** Virtual time. */
  time: number
  /** Virtual µs in one ms of the wall. */
  pace: number
  /** Milliseconds for which a standing picture goes on after a step. */
  linger: number
  /** Only what ended later is drawn; -1 = everything. */
  since: number
}

export interface Colours {
  moon: string
  ok: string
  warn: string
  fail: string
  denied: string
  plane: string
  accent: string
  canvas: string
}

export class Dots {
  scene: DotScene = { ways: new Map(), places: new Map(), radii: new Map() }
  /** One in so many is drawn. */
  sampling = 1
  private flights = new Map<number, Flight | null>()
  private pace = 1000
  private readonly beads = new Map<string, number>()
  private drawn: { point: Point; request: RequestFrame }[] = []

  /** Forgets what was planned: another mesh. */
  clear(): void {
    this.flights.clear()
  }

  /** The request whose dot is nearest, within `reach` of the scene's units. */
  at(point: Point, reach: number): RequestFrame | null {
    let best: { distance: number; request: RequestFrame } | null = null
    for (const { point: p, request } of this.drawn) {
      const distance = Math.hypot(p.x - point.x, p.y - point.y)
      if (distance <= reach && (best === null || distance < best.distance)) best = { distance, request }
    }
    return best?.request ?? null
  }

  /** Where a request's dot is now. */
  placeOf(traceId: number): Point | null {
    return this.drawn.find(dot => dot.request.traceId === traceId)?.point ?? null
  }

  /** `requests` and `events`: sorted by time, those to come included. */
  draw(
    context: CanvasRenderingContext2D,
    colours: Colours,
    moment: DotMoment,
    requests: readonly RequestFrame[],
    events: readonly EventFrame[],
    followed: number,
  ): void {
    this.drawn = []
    this.beads.clear()
    if (moment.pace !== this.pace) this.flights.clear()
    this.pace = moment.pace
    const age = (at: number): number => (moment.time - at) / moment.pace + moment.linger - BEHIND_MS
    let flying = 0
    for (let i = requests.length - 1; i >= 0 && flying < FLIGHTS_MAX; i--) {
      const request = requests[i] as RequestFrame
      const passed = age(request.end)
      if (passed > FLIGHT_MAX_MS || request.end <= moment.since) break
      const flight = passed < 0 ? null : this.flightOf(requests, i)
      if (flight === null || passed > flight.length) continue
      flying++
      for (const leg of flight.legs) {
        if (passed >= leg.from && passed < leg.to)
          this.leg(context, colours, flight, leg, (passed - leg.from) / (leg.to - leg.from))
      }
    }
    if (this.flights.size > 4 * FLIGHTS_MAX) this.flights.clear()
    const followedAt = this.placeOf(followed)
    if (followedAt !== null) {
      context.strokeStyle = colours.accent
      context.lineWidth = 2
      circle(context, followedAt, 9)
      context.stroke()
    }
    for (let i = events.length - 1; i >= 0; i--) {
      const event = events[i] as EventFrame
      const passed = age(event.at)
      if (passed > LETTER_MS + LETTER_STAYS_MS) break
      if (passed >= 0 && event.kind === 'push') this.drawLetter(context, colours, event.node, passed)
    }
  }

  /** Planned once; null when it is not among those drawn, which the requests of its own last second decide. */
  private flightOf(requests: readonly RequestFrame[], i: number): Flight | null {
    const request = requests[i] as RequestFrame
    const known = this.flights.get(request.traceId)
    if (known !== undefined) return known
    let beside = 0
    for (let j = i; j >= 0 && (requests[j]?.end ?? 0) > request.end - 1000 * this.pace; j--) beside++
    let n = 1
    while (beside > PER_SECOND * n) n *= 2
    this.sampling = n
    const drawn = request.outcome !== 'ok' || (Math.imul(request.traceId, 0x9e3779b1) >>> 16) % n === 0
    const flight = drawn ? planFlight(request, this.pace) : null
    this.flights.set(request.traceId, flight)
    return flight
  }

  private leg(context: CanvasRenderingContext2D, colours: Colours, flight: Flight, leg: Leg, share: number): void {
    const way = this.scene.ways.get(leg.edge)
    if (way === undefined) return
    if (leg.kind === 'wait') {
      this.bead(context, colours, flight, leg)
      return
    }
    const t = leg.kind === 'out' ? share : 1 - share
    const side = leg.kind === 'out' ? LANE : -LANE
    const point = along(way, t, side)
    const tail = along(way, Math.min(1, Math.max(0, t + (leg.kind === 'out' ? -0.11 : 0.11))), side)
    const bad = leg.kind === 'back' && (leg.outcome === 'fail' || leg.outcome === 'denied')
    const colour = leg.kind === 'out' ? colours.moon : colours[leg.outcome]
    const fade = context.createLinearGradient(tail.x, tail.y, point.x, point.y)
    fade.addColorStop(0, 'transparent')
    fade.addColorStop(1, colour)
    context.strokeStyle = fade
    context.globalAlpha = 0.55
    context.lineWidth = 2
    context.beginPath()
    context.moveTo(tail.x, tail.y)
    context.lineTo(point.x, point.y)
    context.stroke()
    context.globalAlpha = 1
    if (bad) diamond(context, point, colour, colours.canvas)
    else if (leg.kind === 'out') disc(context, point, 3.3, colour)
    else ringMark(context, point, colour, colours.canvas)
    if (leg.attempts > 1 && leg.kind === 'out') turn(context, point, directionAt(way, t), colours.warn)
    this.drawn.push({ point, request: flight.request })
  }

  /** A request that waits sits where it waits: on the inner orbit of its node. */
  private bead(context: CanvasRenderingContext2D, colours: Colours, flight: Flight, leg: Leg): void {
    const [source = '', target = ''] = leg.edge.split('>')
    const held = leg.fault !== ''
    const id = held ? source : target
    const place = this.scene.places.get(id)
    if (place === undefined || id.startsWith('service/')) return
    const inside = this.beads.get(id) ?? 0
    this.beads.set(id, inside + 1)
    if (inside >= BEADS_MAX) return
    const angle = Math.PI * (0.5 + (inside % 2 === 0 ? 1 : -1) * Math.ceil(inside / 2) * 0.13)
    const r = Math.max(8, (this.scene.radii.get(id) ?? 24) - 7)
    const point = { x: place.x + Math.cos(angle) * r, y: place.y + Math.sin(angle) * r }
    if (held) lightning(context, point, colours.warn)
    else disc(context, point, 2.2, leg.outcome === 'fail' ? colours.fail : colours.moon)
    this.drawn.push({ point, request: flight.request })
  }

  /** A push on its way from istiod to a node. */
  private drawLetter(context: CanvasRenderingContext2D, colours: Colours, node: string, age: number): void {
    const from = this.scene.places.get('istiod')
    const to = this.scene.places.get(node)
    if (from === undefined || to === undefined) return
    const share = Math.min(1, age / LETTER_MS)
    const start = { x: from.x, y: from.y + 18 }
    const end = { x: to.x, y: to.y - (this.scene.radii.get(node) ?? 24) - 6 }
    const bend = { x: (start.x + end.x) / 2, y: start.y + (end.y - start.y) * 0.25 }
    context.strokeStyle = colours.plane
    context.globalAlpha = 0.45
    context.lineWidth = 1.2
    context.setLineDash([2, 4])
    context.beginPath()
    context.moveTo(start.x, start.y)
    context.quadraticCurveTo(bend.x, bend.y, end.x, end.y)
    context.stroke()
    context.setLineDash([])
    context.globalAlpha = 1
    const u = 1 - share
    const x = u * u * start.x + 2 * u * share * bend.x + share * share * end.x
    const y = u * u * start.y + 2 * u * share * bend.y + share * share * end.y
    context.strokeStyle = colours.plane
    context.lineWidth = 1.4
    context.beginPath()
    if (share < 1) {
      context.fillStyle = colours.canvas
      context.rect(x - 5.5, y - 4, 11, 8)
      context.fill()
      context.moveTo(x - 5.5, y - 4)
      context.lineTo(x, y + 1)
      context.lineTo(x + 5.5, y - 4)
    } else {
      context.lineWidth = 2
      context.moveTo(x - 4, y)
      context.lineTo(x - 1, y + 3)
      context.lineTo(x + 4, y - 4)
    }
    context.stroke()
  }
}

function circle(context: CanvasRenderingContext2D, { x, y }: Point, r: number): void {
  context.beginPath()
  context.arc(x, y, r, 0, Math.PI * 2)
}

function disc(context: CanvasRenderingContext2D, point: Point, r: number, colour: string): void {
  context.fillStyle = colour
  circle(context, point, r)
  context.fill()
}

function ringMark(context: CanvasRenderingContext2D, point: Point, colour: string, inside: string): void {
  context.fillStyle = inside
  context.strokeStyle = colour
  context.lineWidth = 1.8
  circle(context, point, 2.7)
  context.fill()
  context.stroke()
}

function diamond(context: CanvasRenderingContext2D, { x, y }: Point, colour: string, rim: string): void {
  context.fillStyle = colour
  context.strokeStyle = rim
  context.lineWidth = 1.5
  context.beginPath()
  context.moveTo(x, y - 6)
  context.lineTo(x + 6, y)
  context.lineTo(x, y + 6)
  context.lineTo(x - 6, y)
  context.closePath()
  context.fill()
  context.stroke()
}

function lightning(context: CanvasRenderingContext2D, { x, y }: Point, colour: string): void {
  context.fillStyle = colour
  context.beginPath()
  context.moveTo(x + 2, y - 7)
  context.lineTo(x - 4, y + 1)
  context.lineTo(x, y + 1)
  context.lineTo(x - 2, y + 7)
  context.lineTo(x + 4, y - 1)
  context.lineTo(x, y - 1)
  context.closePath()
  context.fill()
}

/** A retry turns over its dot. */
function turn(context: CanvasRenderingContext2D, { x, y }: Point, direction: Point, colour: string): void {
  const angle = Math.atan2(direction.y, direction.x)
  context.strokeStyle = colour
  context.lineWidth = 1.6
  context.beginPath()
  context.arc(x, y, 6.5, angle - 2.4, angle + 0.4)
  context.stroke()
}
