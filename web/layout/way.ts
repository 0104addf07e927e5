// The line of one edge: a cubic with level ends from the door of its source to the door of its target. Dots, ribbons and
// labels all read the same line.
import type { Point } from './layered.ts'

export interface Way {
  from: Point
  to: Point
  /** Control points of the cubic. */
  c1: Point
  c2: Point
}

/** `near`, `far`: how far from the centres the line begins and ends. */
export function wayBetween(source: Point, target: Point, near: number, far: number): Way {
  if (target.x > source.x + 1) {
    const from = { x: source.x + near, y: source.y }
    const to = { x: target.x - far, y: target.y }
    const bend = Math.max(24, (to.x - from.x) * 0.5)
    return { from, to, c1: { x: from.x + bend, y: from.y }, c2: { x: to.x - bend, y: to.y } }
  }
  // Backwards or within a column: out below, in from below.
  const from = { x: source.x, y: source.y + near }
  const to = { x: target.x, y: target.y + far }
  const depth = Math.max(from.y, to.y) + 60
  return { from, to, c1: { x: from.x, y: depth }, c2: { x: to.x, y: depth } }
}

export function pathOf({ from, to, c1, c2 }: Way): string {
  return `M${from.x},${from.y}C${c1.x},${c1.y} ${c2.x},${c2.y} ${to.x},${to.y}`
}

/** Point at `t` (0..1), moved `side` to the right of the direction of travel. */
export function along(way: Way, t: number, side: number): Point {
  const u = 1 - t
  const { from, to, c1, c2 } = way
  const x = u * u * u * from.x + 3 * u * u * t * c1.x + 3 * u * t * t * c2.x + t * t * t * to.x
  const y = u * u * u * from.y + 3 * u * u * t * c1.y + 3 * u * t * t * c2.y + t * t * t * to.y
  if (side === 0) return { x, y }
  const { x: dx, y: dy } = directionAt(way, t)
  return { x: x - dy * side, y: y + dx * side }
}

/** Unit vector of travel at `t`. */
export function directionAt({ from, to, c1, c2 }: Way, t: number): Point {
  const u = 1 - t
  const dx = 3 * u * u * (c1.x - from.x) + 6 * u * t * (c2.x - c1.x) + 3 * t * t * (to.x - c2.x)
  const dy = 3 * u * u * (c1.y - from.y) + 6 * u * t * (c2.y - c1.y) + 3 * t * t * (to.y - c2.y)
  const length = Math.hypot(dx, dy) || 1
  return { x: dx / length, y: dy / length }
}
