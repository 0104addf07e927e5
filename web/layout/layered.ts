// Where nodes stand: columns in the direction of calls, rows so that the busiest line is straight. A pure function of
// nodes and edges; traffic has no say, so that nothing jumps. Who has a place keeps it when others come.
import type { NodeFrame, TopologyFrame } from '../../simulator/stream/frame.ts'

export interface Point {
  x: number
  y: number
}

export interface Box {
  id: string
  label: string
  kind: 'namespace' | 'app'
  x: number
  y: number
  width: number
  height: number
}

export interface Layout {
  places: ReadonlyMap<string, Point>
  boxes: Box[]
  width: number
  height: number
}

const COLUMN = 152
/** A client needs no room for versions behind it. */
const CLIENT_COLUMN = 118
const FAN_ROOM = 30
const ROW = 148
const MARGIN = 46
/** istiod stands above everything. */
const ISTIOD_ROOM = 116
const BOX_PAD = 66
/** Its name stands beside it. */
const ISTIOD_NAME = 110

/** `before`: places that are kept. */
export function layered(topology: TopologyFrame, before: ReadonlyMap<string, Point>): Layout {
  const nodes = topology.nodes.filter(node => node.kind !== 'istiod')
  const ids = new Set(nodes.map(node => node.id))
  const edges = topology.edges.filter(
    edge => ids.has(edge.source) && ids.has(edge.target) && edge.source !== edge.target,
  )
  const below = grouped(edges.map(edge => [edge.source, edge.target]))
  const above = grouped(edges.map(edge => [edge.target, edge.source]))
  const columns = columnsOf(nodes, below, above)
  const weight = new Map(nodes.map(node => [node.id, reach(node.id, below)]))
  const rows = new Map<string, number>()
  for (let column = 0; column <= Math.max(0, ...columns.values()); column++) {
    placeColumn(
      nodes.filter(node => columns.get(node.id) === column),
      above,
      rows,
      weight,
    )
  }
  // Where a service fans out to its versions, labels need more room.
  const fans = nodes.filter(node => node.kind === 'service' && (below.get(node.id) ?? []).length > 1)
  const fanColumns = new Set(fans.map(node => columns.get(node.id) ?? 0))
  const fansBefore = (column: number): number => [...fanColumns].filter(fan => fan < column).length
  const top = Math.min(0, ...rows.values())
  const places = new Map<string, Point>()
  for (const node of nodes) {
    const column = columns.get(node.id) ?? 0
    const x = MARGIN + (column === 0 ? 0 : CLIENT_COLUMN + (column - 1) * COLUMN) + FAN_ROOM * fansBefore(column)
    places.set(node.id, before.get(node.id) ?? { x, y: ISTIOD_ROOM + MARGIN + ((rows.get(node.id) ?? 0) - top) * ROW })
  }
  const right = Math.max(...[...places.values()].map(p => p.x), MARGIN)
  const height = Math.max(...[...places.values()].map(p => p.y), ISTIOD_ROOM) + MARGIN + 24
  let width = right + BOX_PAD + 8
  if (topology.nodes.some(node => node.kind === 'istiod')) {
    const x = Math.min(MARGIN + CLIENT_COLUMN + COLUMN * 1.5, (MARGIN + right) / 2)
    places.set('istiod', before.get('istiod') ?? { x, y: 54 })
    width = Math.max(width, x + ISTIOD_NAME)
  }
  return { places, boxes: boxesOf(topology.nodes, places), width, height }
}

/** Longest way from a node nobody calls; a circle is cut where it closes. */
function columnsOf(
  nodes: readonly NodeFrame[],
  below: ReadonlyMap<string, string[]>,
  above: ReadonlyMap<string, string[]>,
): Map<string, number> {
  const columns = new Map<string, number>()
  const open = new Set<string>()
  const visit = (id: string, column: number): void => {
    if (open.has(id) || (columns.get(id) ?? -1) >= column) return
    columns.set(id, column)
    open.add(id)
    for (const next of below.get(id) ?? []) visit(next, column + 1)
    open.delete(id)
  }
  const roots = nodes.filter(node => (above.get(node.id) ?? []).length === 0)
  for (const node of roots.filter(n => (below.get(n.id) ?? []).length > 0)) visit(node.id, 0)
  for (const node of nodes) if (!columns.has(node.id)) visit(node.id, (above.get(node.id) ?? []).length === 0 ? 1 : 0)
  return columns
}

/** Siblings (same callers) stand together; the group that leads farthest stays level with its caller. */
function placeColumn(
  column: readonly NodeFrame[],
  above: ReadonlyMap<string, string[]>,
  rows: Map<string, number>,
  weight: ReadonlyMap<string, number>,
): void {
  const groups = new Map<string, NodeFrame[]>()
  for (const node of column) {
    const key = node.kind === 'workload' ? [...(above.get(node.id) ?? [])].sort(byText).join(' ') : node.id
    groups.set(key, [...(groups.get(key) ?? []), node])
  }
  const wishes = [...groups.values()].map(group => {
    const callers = group
      .flatMap(node => above.get(node.id) ?? [])
      .map(id => rows.get(id))
      .filter(row => row !== undefined)
    const mean = callers.length === 0 ? 0 : callers.reduce((sum, row) => sum + row, 0) / callers.length
    // On a row of its callers, so that one line is straight.
    const wish = group.length > 1 ? mean : Math.sign(mean) * Math.floor(Math.abs(mean))
    const heavy = Math.max(...group.map(node => weight.get(node.id) ?? 0))
    return { group: group.sort((a, b) => byText(a.id, b.id)), wish, heavy }
  })
  wishes.sort((a, b) => b.heavy - a.heavy || a.wish - b.wish || byText(a.group[0]?.id ?? '', b.group[0]?.id ?? ''))
  const taken: number[] = []
  for (const { group, wish } of wishes) {
    const start = freeRow(wish - (group.length - 1) / 2, group.length, taken)
    for (const [i, node] of group.entries()) {
      rows.set(node.id, start + i)
      taken.push(start + i)
    }
  }
}

/** The nearest free run of rows, below before above. */
function freeRow(wish: number, length: number, taken: readonly number[]): number {
  for (let shift = 0; shift < 1000; shift += 0.5) {
    for (const start of [wish + shift, wish - shift]) {
      if (taken.every(row => row <= start - 1 || row >= start + length)) return start
    }
  }
  return wish
}

function reach(id: string, below: ReadonlyMap<string, string[]>): number {
  const seen = new Set<string>([id])
  const queue = [id]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of below.get(next) ?? []) {
      if (seen.has(child)) continue
      seen.add(child)
      queue.push(child)
    }
  }
  return seen.size
}

/** A box around each namespace that has several nodes, and around the versions of one application. */
function boxesOf(nodes: readonly NodeFrame[], places: ReadonlyMap<string, Point>): Box[] {
  const boxes: Box[] = []
  const around = (kind: Box['kind'], label: string, members: readonly NodeFrame[], pad: number, foot: number): void => {
    const points = members.map(node => places.get(node.id)).filter(point => point !== undefined)
    if (points.length < 2) return
    const xs = points.map(point => point.x)
    const ys = points.map(point => point.y)
    const x = Math.min(...xs) - pad
    const y = Math.min(...ys) - pad
    boxes.push({
      id: `${kind} ${label}`,
      label,
      kind,
      x,
      y,
      width: Math.max(...xs) - x + pad,
      height: Math.max(...ys) - y + pad + foot,
    })
  }
  const meshed = nodes.filter(node => node.kind === 'workload' || node.kind === 'service')
  const namespaces = [...new Set(meshed.map(node => node.namespace))]
  for (const namespace of namespaces)
    around(
      'namespace',
      namespace,
      meshed.filter(n => n.namespace === namespace),
      BOX_PAD,
      24,
    )
  const apps = [...new Set(meshed.filter(n => n.kind === 'workload').map(node => `${node.namespace}/${node.app}`))]
  for (const app of apps) {
    const members = meshed.filter(n => n.kind === 'workload' && `${n.namespace}/${n.app}` === app)
    around('app', app.split('/')[1] ?? app, members, 48, 22)
  }
  return boxes
}

function grouped(pairs: readonly [string, string][]): Map<string, string[]> {
  const map = new Map<string, string[]>()
  for (const [key, value] of pairs) map.set(key, [...(map.get(key) ?? []), value])
  return map
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
