// Pictures as plain SVG text: the graph of traffic in ranks from left to right, one request as a sequence diagram. Both read
// on white and on black.
import { formatDuration } from '../engine/index.ts'
import type { Edge } from '../observation/index.ts'
import { actorsOf, type Interaction } from './interactions.ts'
import { edgeLabel } from './traffic-label.ts'

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Below its own class: a page that holds the picture has other pictures. */
const STYLE = `<style>.mesh text{font:12px system-ui,sans-serif;fill:#24292f}.mesh rect{fill:#fff;stroke:#57606a}.mesh path,.mesh line{stroke:#57606a;fill:none}
.mesh .bad{stroke:#c0392b}.mesh .badtext{fill:#c0392b}.mesh .label{font-size:10px}.mesh .life{stroke-dasharray:3 3;stroke:#afb8c1}
@media(prefers-color-scheme:dark){.mesh text{fill:#e6edf3}.mesh rect{fill:#161b22}.mesh .badtext{fill:#ff7b72}.mesh .bad{stroke:#ff7b72}}</style>`
const MARKER = `<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#57606a;stroke:none"/></marker></defs>`

function document(width: number, height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg class="mesh" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    STYLE,
    MARKER,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

const NODE_WIDTH = 150
const NODE_HEIGHT = 36
const COLUMN = 330
const ROW = 80
const MARGIN = 24

/** `seconds`: length of the run, for rates. */
export function trafficSvg(edges: readonly Edge[], seconds: number): string {
  const places = placesOf(edges)
  const columns = [...places.values()].map(place => place.column)
  const rows = [...places.values()].map(place => place.row)
  const x = (name: string): number => MARGIN + places.get(name)!.column * COLUMN
  const y = (name: string): number => MARGIN + places.get(name)!.row * ROW
  const lines = edges.map(edge => {
    const bad = edge.errors > 0
    const [x1, y1] = [x(edge.source) + NODE_WIDTH, y(edge.source) + NODE_HEIGHT / 2]
    const [x2, y2] = [x(edge.destination), y(edge.destination) + NODE_HEIGHT / 2]
    const bend = Math.max(40, Math.abs(x2 - x1) / 2)
    const label = escapeXml(edgeLabel(edge, seconds))
    return (
      `<path${bad ? ' class="bad"' : ''} d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" marker-end="url(#head)"/>` +
      `<text class="label${bad ? ' badtext' : ''}" x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 5}" text-anchor="middle">${label}</text>`
    )
  })
  const nodes = [...places.keys()].map(
    name =>
      `<rect x="${x(name)}" y="${y(name)}" width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="6"/>` +
      `<text x="${x(name) + NODE_WIDTH / 2}" y="${y(name) + NODE_HEIGHT / 2 + 4}" text-anchor="middle">${escapeXml(name)}</text>`,
  )
  const width = 2 * MARGIN + Math.max(0, ...columns) * COLUMN + NODE_WIDTH
  const height = 2 * MARGIN + Math.max(0, ...rows) * ROW + NODE_HEIGHT
  return document(width, height, 'Traffic of the mesh', [...lines, ...nodes])
}

/** Column: the longest way from a node that nobody calls; circles end where they began. */
function placesOf(edges: readonly Edge[]): Map<string, { column: number; row: number }> {
  const names = [...new Set(edges.flatMap(({ source, destination }) => [source, destination]))]
  const column = new Map(names.map(name => [name, 0]))
  for (let round = 0; round < names.length; round++) {
    for (const { source, destination } of edges) {
      const next = Math.min(column.get(source)! + 1, names.length - 1)
      if (source !== destination && column.get(destination)! < next && !reaches(edges, destination, source))
        column.set(destination, next)
    }
  }
  const filled = new Map<number, number>()
  return new Map(
    names.map(name => {
      const at = column.get(name)!
      const row = filled.get(at) ?? 0
      filled.set(at, row + 1)
      return [name, { column: at, row }]
    }),
  )
}

function reaches(edges: readonly Edge[], from: string, to: string): boolean {
  const seen = new Set([from])
  for (const name of seen) for (const edge of edges) if (edge.source === name) seen.add(edge.destination)
  return seen.has(to)
}

const LANE = 190
const STEP = 34

export function sequenceSvg(interactions: readonly Interaction[]): string {
  const actors = actorsOf(interactions)
  const x = (name: string): number => MARGIN + NODE_WIDTH / 2 + actors.indexOf(name) * LANE
  const moments = interactions
    .flatMap(call => [
      { at: call.start, last: 0, from: call.from, to: call.to, words: call.call, bad: false },
      {
        at: call.end,
        last: 1,
        from: call.to,
        to: call.from,
        words: `${call.reply} (${formatDuration(call.end - call.start)})`,
        bad: call.failed,
      },
    ])
    .sort((a, b) => a.at - b.at || b.last - a.last)
  const begin = moments[0]?.at ?? 0
  const top = MARGIN + NODE_HEIGHT + 30
  const bottom = top + moments.length * STEP
  const heads = actors.map(
    name =>
      `<line class="life" x1="${x(name)}" y1="${MARGIN + NODE_HEIGHT}" x2="${x(name)}" y2="${bottom}"/>` +
      `<rect x="${x(name) - NODE_WIDTH / 2}" y="${MARGIN}" width="${NODE_WIDTH}" height="${NODE_HEIGHT}" rx="6"/>` +
      `<text x="${x(name)}" y="${MARGIN + NODE_HEIGHT / 2 + 4}" text-anchor="middle">${escapeXml(name)}</text>`,
  )
  const arrows = moments.map(({ at, from, to, words, bad, last }, i) => {
    const y = top + i * STEP
    const dash = last === 1 ? ' stroke-dasharray="5 3"' : ''
    const middle = from === to ? x(from) + 60 : (x(from) + x(to)) / 2
    const way = from === to ? `M${x(from)} ${y}h30v12h-30` : `M${x(from)} ${y}H${x(to)}`
    return (
      `<path${bad ? ' class="bad"' : ''}${dash} d="${way}" marker-end="url(#head)"/>` +
      `<text class="label${bad ? ' badtext' : ''}" x="${middle}" y="${y - 5}" text-anchor="middle">${escapeXml(`+${formatDuration(at - begin)} ${words}`)}</text>`
    )
  })
  return document(2 * MARGIN + NODE_WIDTH + (actors.length - 1) * LANE, bottom + MARGIN, 'One request', [
    ...heads,
    ...arrows,
  ])
}
