// Time as a place: events, requests and errors over the run, a cursor at now, and hatching over what has not yet run.
import type { Source } from '../connection/source.ts'
import { fill, h, s } from '../dom.ts'
import { clock } from '../store/figures.ts'
import { type Store, smoothTime } from '../store/store.ts'
import { say } from '../store/words.ts'

const LEFT = 74
const RIGHT = 16
/** Lanes: baselines of events, requests, errors, axis. */
const EVENTS_Y = 26
const AREA_TOP = 44
const AREA_BOTTOM = 74
const HEAT_Y = 88
const HEAT_HEIGHT = 12
const AXIS_Y = 122
const CELLS = 120
/** Events nearer than this share one mark. */
const MERGE_PX = 14
const SECOND = 1_000_000
/** A long run shows its last minutes. */
const WINDOW_MAX = 300

/** Jumps asked for while a finger or mouse drags the cursor come no closer than this. */
const DRAG_MS = 120

export function timelinePanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const svg = s('svg', { role: 'img', 'data-test': 'timeline' })
  const host = h('div', { class: 'timeline' }, svg)
  const still = s('g')
  const cursor = s('g')
  svg.append(definitions(), still, cursor)
  let width = 0
  const range = (): [number, number] => {
    const now = state.time / SECOND
    const length = Math.max(60, Math.min(WINDOW_MAX, Math.ceil((now * 1.15) / 30) * 30))
    const end = Math.max(length, Math.ceil((now + length * 0.1) / 30) * 30)
    return [end - length, end]
  }
  const x = (second: number): number => {
    const [from, to] = range()
    return LEFT + ((second - from) / (to - from)) * Math.max(0, width - LEFT - RIGHT)
  }
  const draw = (): void => {
    const { language } = state
    svg.setAttribute('aria-label', `${say(language, 'requests')}, ${say(language, 'errors')}`)
    fill(
      still,
      s('text', { class: 'lane', x: 10, y: EVENTS_Y + 4 }, say(language, 'events')),
      s('text', { class: 'lane', x: 10, y: AREA_BOTTOM - 8 }, say(language, 'requests')),
      s('text', { class: 'lane', x: 10, y: HEAT_Y + 10 }, say(language, 'errors')),
      s('line', { class: 'rule', x1: LEFT, x2: width - RIGHT, y1: EVENTS_Y, y2: EVENTS_Y }),
      ...future(),
      area(),
      ...heat(),
      ...axis(),
      ...events(),
    )
  }
  const future = (): SVGElement[] => {
    const now = x(state.time / SECOND)
    const end = width - RIGHT
    const words = say(state.language, 'notYet')
    return [
      s('rect', { class: 'future', x: now, y: 10, width: Math.max(0, end - now), height: HEAT_Y + HEAT_HEIGHT - 10 }),
      end - now > 110 ? s('text', { x: (now + end) / 2, y: 62, 'text-anchor': 'middle' }, words) : s('g'),
    ]
  }
  const area = (): SVGElement => {
    const [from, to] = range()
    const last = Math.floor(state.time / SECOND)
    const counts: [number, number][] = []
    for (let second = Math.floor(from); second < Math.min(to, last); second++) {
      counts.push([second, state.beats.get(second)?.requests ?? 0])
    }
    const most = Math.max(1, ...counts.map(([, n]) => n))
    const points = counts.map(([second, n]) => {
      const y = (AREA_BOTTOM - (n / most) * (AREA_BOTTOM - AREA_TOP)).toFixed(1)
      return `${x(second).toFixed(1)},${y} ${x(second + 1).toFixed(1)},${y}`
    })
    const [first] = counts
    if (first === undefined) return s('g')
    const end = x((counts.at(-1)?.[0] ?? 0) + 1)
    return s('path', { class: 'area', d: `M${x(first[0])},${AREA_BOTTOM}L${points.join(' ')}L${end},${AREA_BOTTOM}Z` })
  }
  const heat = (): SVGElement[] => {
    const [from, to] = range()
    const seconds = Math.max(1, Math.round((to - from) / CELLS))
    const cells: SVGElement[] = []
    for (let second = Math.floor(from); second < to; second += seconds) {
      if (second * SECOND > state.time) break
      const sum = { requests: 0, degraded: 0, failed: 0 }
      for (let i = 0; i < seconds; i++) {
        const beat = state.beats.get(second + i)
        if (beat === undefined) continue
        sum.requests += beat.requests
        sum.degraded += beat.degraded
        sum.failed += beat.failed
      }
      const bad = sum.failed + sum.degraded
      const share = sum.requests === 0 ? 0 : bad / sum.requests
      const kind = sum.failed > 0 ? ' fail' : bad > 0 ? ' warn' : ''
      const height = sum.failed > 0 ? HEAT_HEIGHT : bad > 0 ? 4 + share * (HEAT_HEIGHT - 4) : 5
      const w = Math.max(1, x(second + seconds) - x(second) - 1)
      cells.push(s('rect', { class: `cell${kind}`, x: x(second), y: HEAT_Y + HEAT_HEIGHT - height, width: w, height }))
    }
    return cells
  }
  const axis = (): SVGElement[] => {
    const [from, to] = range()
    const step = to - from <= 60 ? 10 : to - from <= 150 ? 15 : 30
    const marks: SVGElement[] = []
    for (let second = Math.ceil(from / step) * step; second < to; second += step) {
      marks.push(
        s(
          'text',
          { x: x(second), y: AXIS_Y, 'text-anchor': second === 0 ? 'start' : 'middle' },
          clock(second * SECOND, 0),
        ),
      )
    }
    return marks
  }
  const events = (): SVGElement[] => {
    const [from] = range()
    const groups: { x: number; kind: string; what: string; count: number }[] = []
    for (const event of state.events) {
      if (event.at / SECOND < from) continue
      const at = x(event.at / SECOND)
      const last = groups.at(-1)
      const kind = event.kind === 'mark' ? 'act' : event.kind === 'push' || event.kind === 'return' ? 'push' : 'fail'
      if (last !== undefined && at - last.x < MERGE_PX) {
        last.count++
        if (kind === 'act' || last.what === '') last.what = event.what
        if (kind === 'fail') last.kind = kind
        else if (kind === 'act' && last.kind !== 'fail') last.kind = kind
      } else groups.push({ x: at, kind, what: event.what, count: 1 })
    }
    return groups.map((group, i) => {
      const room = (groups[i + 1]?.x ?? width - RIGHT) - group.x - 16
      const sign =
        group.kind === 'act'
          ? 'M-3.5,0H3.5M0,-3.5V3.5'
          : group.kind === 'push'
            ? 'M-4.5,-3H4.5V3H-4.5ZM-4.5,-3L0,1L4.5,-3'
            : 'M0,-4L4,0L0,4L-4,0Z'
      const words = Array.from(group.what)
        .slice(0, Math.floor(room / 6.2))
        .join('')
      return s(
        'g',
        { class: `event mark-${group.kind}`, transform: `translate(${group.x},${EVENTS_Y})` },
        s('title', {}, group.what),
        s('circle', { r: 8.5 }),
        s('path', { d: sign }),
        words.length > 3 ? s('text', { class: 'event-name', x: 13, y: 4 }, words) : s('g'),
      )
    })
  }
  const move = (): void => {
    const at = x(smoothTime(state) / SECOND).toFixed(1)
    if (cursor.dataset['x'] !== at) {
      cursor.dataset['x'] = at
      fill(
        cursor,
        s('line', { class: 'cursor', x1: at, x2: at, y1: 12, y2: HEAT_Y + HEAT_HEIGHT }),
        s('path', { class: 'handle', d: `M${Number(at) - 6},4H${Number(at) + 6}V10L${at},16L${Number(at) - 6},10Z` }),
      )
    }
    requestAnimationFrame(move)
  }
  let asked = 0
  const seek = (event: PointerEvent, now: boolean): void => {
    if (!now && performance.now() - asked < DRAG_MS) return
    asked = performance.now()
    const [from, to] = range()
    const share = (event.clientX - svg.getBoundingClientRect().left - LEFT) / Math.max(1, width - LEFT - RIGHT)
    const second = from + Math.min(1, Math.max(0, share)) * (to - from)
    source.send({ do: 'seek', time: Math.max(0, Math.round(second * SECOND)) })
  }
  svg.addEventListener('pointerdown', event => {
    if (event.button !== 0 || event.offsetX < LEFT) return
    svg.setPointerCapture(event.pointerId)
    seek(event, true)
  })
  svg.addEventListener('pointermove', event => {
    if (svg.hasPointerCapture(event.pointerId)) seek(event, false)
  })
  svg.addEventListener('pointerup', event => {
    if (svg.hasPointerCapture(event.pointerId) && performance.now() - asked > 10) seek(event, true)
  })
  new ResizeObserver(() => {
    width = host.getBoundingClientRect().width
    draw()
  }).observe(host)
  store.on(['figures', 'events', 'hello', 'look'], draw)
  requestAnimationFrame(move)
  return host
}

function definitions(): SVGDefsElement {
  const heat = s('pattern', {
    id: 'heat-hatch',
    width: 4,
    height: 4,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  })
  heat.append(s('rect', { width: 2.8, height: 4, fill: 'var(--fail)' }))
  const future = s('pattern', {
    id: 'future-hatch',
    width: 7,
    height: 7,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  })
  future.append(s('rect', { width: 1, height: 7, fill: 'var(--line)' }))
  return s('defs', {}, heat, future)
}
