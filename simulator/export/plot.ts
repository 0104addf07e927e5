// A plot of lines over numbers, as plain SVG: round ticks, one colour and one dash a line, bars for intervals.
import { escapeXml } from './svg.ts'

export interface PlotPoint {
  x: number
  y: number
  /** Half of the interval around y. */
  margin?: number
}

export interface Plot {
  title: string
  xLabel: string
  yLabel: string
  lines: readonly { name: string; points: readonly PlotPoint[] }[]
}

const WIDTH = 640
const HEIGHT = 300
const LEFT = 70
const RIGHT = 20
const TOP = 46
const BOTTOM = 44
/** Told apart by those who see no colours too: each line has its own dash. */
const COLOURS = ['#0969da', '#c0392b', '#1a7f37', '#8250df', '#bf8700', '#57606a']
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '10 4', '1 3']

export function linePlot({ title, xLabel, yLabel, lines }: Plot): string {
  const points = lines.flatMap(line => line.points)
  const xs = ticksOf(least(points.map(p => p.x)), most(points.map(p => p.x)))
  const ys = ticksOf(Math.min(0, least(points.map(p => p.y))), most(points.map(p => p.y + (p.margin ?? 0))))
  const x = scale(xs, LEFT, WIDTH - RIGHT)
  const y = scale(ys, HEIGHT - BOTTOM, TOP)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    '<style>.plot{font:11px system-ui,sans-serif;fill:#57606a}.grid{stroke:#d0d7de;stroke-width:.5}@media(prefers-color-scheme:dark){.plot{fill:#9198a1}.grid{stroke:#30363d}}</style>',
    `<g class="plot"><text x="${LEFT}" y="16" font-size="13" font-weight="600">${escapeXml(title)}</text>`,
    ...xs.map(tick => `<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`),
    ...xs.map(tick => `<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${tick}</text>`),
    ...ys.map(tick => `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}"/>`),
    ...ys.map(tick => `<text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    `<text transform="translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
    ...lines.flatMap(({ name, points: all }, i) => lineOf(name, all, i, x, y)),
    '</g></svg>',
    '',
  ].join('\n')
}

type Scale = (value: number) => number

function lineOf(name: string, points: readonly PlotPoint[], i: number, x: Scale, y: Scale): string[] {
  const colour = COLOURS[i % COLOURS.length]!
  const dash = DASHES[i % DASHES.length]!
  const stroke = `stroke="${colour}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
  const way = points.map((p, n) => `${n === 0 ? 'M' : 'L'}${x(p.x)} ${y(p.y)}`).join('')
  const at = LEFT + i * 150
  return [
    `<path fill="none" stroke-width="1.5" ${stroke} d="${way}"/>`,
    ...points.flatMap(p =>
      p.margin === undefined || p.margin === 0
        ? []
        : [`<path stroke="${colour}" d="M${x(p.x)} ${y(p.y - p.margin)}V${y(p.y + p.margin)}"/>`],
    ),
    ...(points.length <= 40 ? points.map(p => `<circle cx="${x(p.x)}" cy="${y(p.y)}" r="2.2" fill="${colour}"/>`) : []),
    `<path d="M${at} 32h22" stroke-width="1.5" ${stroke}/><text x="${at + 27}" y="36">${escapeXml(name)}</text>`,
  ]
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), values[0] ?? 0)
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), values[0] ?? 1)

/** Some six round numbers that enclose both. */
export function ticksOf(low: number, high: number): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1
  let step = 1
  while (step * 6 < span) step *= 10
  while (step > span / 6) step /= 10
  const rough = span / step
  const factor = rough > 30 ? 10 : rough > 12 ? 5 : rough > 6 ? 2 : 1
  const unit = step * factor
  const first = Math.floor(low / unit + 1e-9)
  const last = Math.ceil((high > low ? high : low + span) / unit - 1e-9)
  return Array.from({ length: last - first + 1 }, (_tick, i) => Number(((first + i) * unit).toFixed(9)))
}

function scale(ticks: readonly number[], from: number, to: number): Scale {
  const [low, high] = [ticks[0]!, ticks.at(-1)!]
  return value => Number((from + ((value - low) / (high - low || 1)) * (to - from)).toFixed(1))
}
