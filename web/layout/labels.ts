// Places for the labels of edges: eight slots beside each line, taken greedily by the busiest, never on a node, a name or
// another label. What finds no good slot takes the least bad one. Placed once per layout, so that labels stand still.
import type { Point } from './layered.ts'
import { along, directionAt, type Way } from './way.ts'

export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

const WIDTH = 78
const HEIGHT = 44

/** Centres of the labels by edge. `ways` in order of importance; `taken`: nodes with their names. */
export function placeLabels(ways: readonly (readonly [string, Way])[], taken: readonly Rect[]): Map<string, Point> {
  const rects = [...taken]
  const places = new Map<string, Point>()
  const lines = ways.map(([id, way]) => [id, samples(way)] as const)
  for (const [id, way] of ways) {
    let best: { point: Point; cost: number } | null = null
    for (const [i, t] of [0.5, 0.46, 0.54, 0.42, 0.6, 0.34, 0.68].entries()) {
      for (const side of [-1, 1]) {
        const point = beside(way, t, side)
        const rect = { x: point.x - WIDTH / 2, y: point.y - HEIGHT / 2, width: WIDTH, height: HEIGHT }
        let cost = i * 2 + (side === 1 ? 4 : 0)
        for (const other of rects) cost += overlap(rect, other) / 5
        for (const [line, points] of lines) {
          for (const p of points) if (inside(p, rect)) cost += line === id ? 12 : 16
        }
        if (best === null || cost < best.cost) best = { point, cost }
      }
    }
    if (best === null) continue
    places.set(id, best.point)
    rects.push({ x: best.point.x - WIDTH / 2, y: best.point.y - HEIGHT / 2, width: WIDTH, height: HEIGHT })
  }
  return places
}

/** A point whose label clears the line: above or below where it is level, left or right where it is steep. */
function beside(way: Way, t: number, side: number): Point {
  const point = along(way, t, 0)
  const direction = directionAt(way, t)
  const normal = { x: direction.y * side, y: -direction.x * side }
  const clear = Math.abs(normal.x) * (WIDTH / 2 + 10) + Math.abs(normal.y) * (HEIGHT / 2 + 9)
  return { x: point.x - normal.x * clear * -1, y: point.y - normal.y * clear * -1 }
}

function samples(way: Way): Point[] {
  return Array.from({ length: 25 }, (_, i) => along(way, i / 24, 0))
}

function overlap(a: Rect, b: Rect): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return width > 0 && height > 0 ? width * height : 0
}

function inside(point: Point, rect: Rect): boolean {
  return point.x > rect.x && point.x < rect.x + rect.width && point.y > rect.y && point.y < rect.y + rect.height
}
