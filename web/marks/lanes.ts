// The lanes of the time line: events, requests, errors, axis. Pure drawing on a scale; what is known but later than the
// moment shown is dimmed, what has not run is hatched.
import type { BeatFrame, EventFrame } from '../../simulator/stream/frame.ts'
import { s } from '../dom.ts'
import { clock } from '../store/figures.ts'

export const LEFT = 74
export const RIGHT = 16
/** Lanes: baselines of events, requests, errors, axis. */
export const EVENTS_Y = 26
const AREA_TOP = 44
const AREA_BOTTOM = 74
export const HEAT_Y = 88
export const HEAT_HEIGHT = 12
const AXIS_Y = 122
const CELLS = 120
/** Events nearer than this share one mark. */
const MERGE_PX = 14
export const SECOND = 1_000_000

export interface Scale {
  /** Seconds at both ends. */
  from: number
  to: number
  width: number
  x: (second: number) => number
}

export function scaleOf(from: number, to: number, width: number): Scale {
  return { from, to, width, x: at => LEFT + ((at - from) / (to - from)) * Math.max(0, width - LEFT - RIGHT) }
}

/** Sums of the seconds in `[from, to)`. */
export function sumOf(beats: ReadonlyMap<number, BeatFrame>, from: number, to: number): Omit<BeatFrame, 'second'> {
  const sum = { requests: 0, degraded: 0, failed: 0 }
  for (let second = Math.floor(from); second < to; second++) {
    const beat = beats.get(second)
    if (beat === undefined) continue
    sum.requests += beat.requests
    sum.degraded += beat.degraded
    sum.failed += beat.failed
  }
  return sum
}

export function area(scale: Scale, beats: ReadonlyMap<number, BeatFrame>, edge: number): SVGElement {
  const last = Math.min(scale.to, Math.floor(edge / SECOND))
  const step = Math.max(1, Math.round((scale.to - scale.from) / 300))
  const counts: [number, number][] = []
  for (let at = Math.max(0, Math.floor(scale.from / step) * step); at + step <= last; at += step) {
    counts.push([at, sumOf(beats, at, at + step).requests])
  }
  const [first] = counts
  if (first === undefined) return s('g')
  const most = Math.max(1, ...counts.map(([, n]) => n))
  const x = (second: number): string => Math.max(LEFT, scale.x(second)).toFixed(1)
  const points = counts.map(([at, n]) => {
    const y = (AREA_BOTTOM - (n / most) * (AREA_BOTTOM - AREA_TOP)).toFixed(1)
    return `${x(at)},${y} ${x(at + step)},${y}`
  })
  const end = x((counts.at(-1)?.[0] ?? 0) + step)
  return s('path', { class: 'area', d: `M${x(first[0])},${AREA_BOTTOM}L${points.join(' ')}L${end},${AREA_BOTTOM}Z` })
}

export function heat(scale: Scale, beats: ReadonlyMap<number, BeatFrame>, edge: number): SVGElement[] {
  const step = Math.max(1, Math.round((scale.to - scale.from) / CELLS))
  const cells: SVGElement[] = []
  for (let at = Math.max(0, Math.ceil(scale.from / step) * step); at < scale.to; at += step) {
    if (at * SECOND > edge) break
    const { requests, degraded, failed } = sumOf(beats, at, at + step)
    const bad = failed + degraded
    const share = requests === 0 ? 0 : bad / requests
    const kind = failed > 0 ? ' fail' : bad > 0 ? ' warn' : ''
    const height = failed > 0 ? HEAT_HEIGHT : bad > 0 ? 4 + share * (HEAT_HEIGHT - 4) : 5
    const width = Math.max(1, scale.x(at + step) - scale.x(at) - 1)
    cells.push(s('rect', { class: `cell${kind}`, x: scale.x(at), y: HEAT_Y + HEAT_HEIGHT - height, width, height }))
  }
  return cells
}

export function axis(scale: Scale): SVGElement[] {
  const length = scale.to - scale.from
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find(n => length / n <= 9) ?? 7200
  const marks: SVGElement[] = []
  for (let at = Math.ceil(scale.from / step) * step; at < scale.to; at += step) {
    const anchor = at === 0 ? 'start' : 'middle'
    marks.push(s('text', { x: scale.x(at), y: AXIS_Y, 'text-anchor': anchor }, clock(at * SECOND, 0)))
  }
  return marks
}

type Sign = 'act' | 'push' | 'fail'

const SIGNS: Record<Sign, string> = {
  act: 'M-3.5,0H3.5M0,-3.5V3.5',
  push: 'M-4.5,-3H4.5V3H-4.5ZM-4.5,-3L0,1L4.5,-3',
  fail: 'M0,-4L4,0L0,4L-4,0Z',
}

function signOf(event: EventFrame): Sign {
  if (event.kind === 'mark') return 'act'
  return event.kind === 'push' || event.kind === 'return' ? 'push' : 'fail'
}

/** Events that lie close are one mark with a count; an act or a failure among them gives it its sign and name. */
export function eventMarks(scale: Scale, events: readonly EventFrame[], time: number): SVGElement[] {
  const groups: { x: number; at: number; sign: Sign; what: string; count: number }[] = []
  for (const event of events) {
    const at = event.at / SECOND
    if (at < scale.from || at > scale.to) continue
    const x = scale.x(at)
    const last = groups.at(-1)
    const sign = signOf(event)
    if (last === undefined || x - last.x >= MERGE_PX) {
      groups.push({ x, at: event.at, sign, what: event.what, count: 1 })
      continue
    }
    last.count++
    if (sign === 'act' && last.sign !== 'act') last.what = event.what
    if (sign === 'fail' || (sign === 'act' && last.sign === 'push')) last.sign = sign
  }
  return groups.map((group, i) => eventMark(group, (groups[i + 1]?.x ?? scale.width - RIGHT) - group.x - 16, time))
}

function eventMark(
  { x, at, sign, what, count }: { x: number; at: number; sign: Sign; what: string; count: number },
  room: number,
  time: number,
): SVGElement {
  const words = Array.from(what)
    .slice(0, Math.floor(room / 6.2))
    .join('')
  return s(
    'g',
    { class: `event mark-${sign}${at > time ? ' later' : ''}`, transform: `translate(${x},${EVENTS_Y})` },
    s('title', {}, count > 1 ? `${what} (${count})` : what),
    sign === 'push' ? s('g') : s('line', { class: 'thread', x1: 0, x2: 0, y1: 9, y2: HEAT_Y + HEAT_HEIGHT - EVENTS_Y }),
    s('circle', { r: 8.5 }),
    s('path', { d: SIGNS[sign] }),
    words.length > 3 ? s('text', { class: 'event-name', x: 13, y: 4 }, words) : s('g'),
  )
}
