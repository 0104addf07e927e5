// Time as a place: events, requests and errors over the whole run, a cursor at the moment shown. A drag or the arrow keys
// move it; the wheel looks closer, a double click shows the whole run again.
import type { Source } from '../connection/source.ts'
import { fill, h, s } from '../dom.ts'
import {
  area,
  axis,
  EVENTS_Y,
  eventMarks,
  HEAT_HEIGHT,
  HEAT_Y,
  heat,
  LEFT,
  RIGHT,
  type Scale,
  SECOND,
  scaleOf,
  sumOf,
} from '../marks/lanes.ts'
import { clock } from '../store/figures.ts'
import { nextMoment } from '../store/moments.ts'
import { type Store, smoothTime } from '../store/store.ts'
import { say } from '../store/words.ts'

/** Jumps asked for while a finger or mouse drags the cursor come no closer than this. */
const DRAG_MS = 80
/** Seconds that the closest look shows. */
const CLOSEST = 5

export function timelinePanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const svg = s('svg', { role: 'slider', tabindex: 0, 'data-test': 'timeline', 'aria-valuemin': 0 })
  const tip = h('div', { class: 'time-tip', hidden: true })
  const host = h('div', { class: 'timeline' }, svg, tip)
  const [still, cursor] = [s('g'), s('g')]
  svg.append(definitions(), still, cursor)
  let width = 0
  /** Seconds looked at closely; null = the whole run. */
  let close: { from: number; to: number } | null = null

  const whole = (): number => {
    const known = Math.max(state.edge, state.time, state.goal) / SECOND
    return Math.max(60, Math.ceil((known * 1.12) / 30) * 30)
  }
  const scale = (): Scale => scaleOf(close?.from ?? 0, close?.to ?? whole(), width)
  const draw = (): void => {
    const { language, beats, edge, events, time } = state
    const at = scale()
    svg.setAttribute('aria-label', say(language, 'timeLine'))
    fill(
      still,
      s('text', { class: 'lane', x: 10, y: EVENTS_Y + 4 }, say(language, 'events')),
      s('text', { class: 'lane', x: 10, y: 66 }, say(language, 'requests')),
      s('text', { class: 'lane', x: 10, y: HEAT_Y + 10 }, say(language, 'errors')),
      s('line', { class: 'rule', x1: LEFT, x2: width - RIGHT, y1: EVENTS_Y, y2: EVENTS_Y }),
      ...later(at),
      area(at, beats, edge),
      ...heat(at, beats, edge),
      veil(at),
      ...axis(at),
      ...eventMarks(at, events, time),
      close === null ? s('g') : overview(),
    )
  }
  const later = (at: Scale): SVGElement[] => {
    const [x, end] = [Math.max(LEFT, at.x(state.edge / SECOND)), width - RIGHT]
    if (end <= x) return []
    const words = say(state.language, 'notYet')
    return [
      s('rect', { class: 'future', x, y: 10, width: end - x, height: HEAT_Y + HEAT_HEIGHT - 10 }),
      end - x > 110 ? s('text', { x: (x + end) / 2, y: 62, 'text-anchor': 'middle' }, words) : s('g'),
    ]
  }
  /** Dims what is known but later. */
  const veil = (at: Scale): SVGElement => {
    const clamp = (x: number): number => Math.min(width - RIGHT, Math.max(LEFT, x))
    const [x, end] = [clamp(at.x(state.time / SECOND)), clamp(at.x(state.edge / SECOND))]
    return s('rect', { class: 'veil', x, y: 38, width: Math.max(0, end - x), height: HEAT_Y + HEAT_HEIGHT - 38 })
  }
  /** Where in the whole run one looks. */
  const overview = (): SVGElement => {
    const all = scaleOf(0, whole(), width)
    const [x, end] = [all.x(close?.from ?? 0), all.x(close?.to ?? 0)]
    return s(
      'g',
      { class: 'overview' },
      s('rect', { x: LEFT, y: 128, width: Math.max(0, width - LEFT - RIGHT), height: 4, rx: 2 }),
      s('rect', { class: 'seen', x, y: 128, width: Math.max(4, end - x), height: 4, rx: 2 }),
    )
  }
  const move = (): void => {
    const at = scale().x(smoothTime(state) / SECOND)
    const key = at.toFixed(1)
    if (cursor.dataset['x'] !== key) {
      cursor.dataset['x'] = key
      cursor.setAttribute('visibility', at < LEFT - 1 || at > width - RIGHT + 1 ? 'hidden' : 'visible')
      fill(
        cursor,
        s('line', { class: 'cursor', x1: key, x2: key, y1: 12, y2: HEAT_Y + HEAT_HEIGHT }),
        s('path', { class: 'handle', d: `M${at - 6},4H${at + 6}V10L${key},16L${at - 6},10Z` }),
      )
    }
    requestAnimationFrame(move)
  }

  const secondAt = (clientX: number): number => {
    const { from, to } = scale()
    const share = (clientX - svg.getBoundingClientRect().left - LEFT) / Math.max(1, width - LEFT - RIGHT)
    return from + Math.min(1, Math.max(0, share)) * (to - from)
  }
  let asked = 0
  const seek = (event: PointerEvent, now: boolean): void => {
    if (!now && performance.now() - asked < DRAG_MS) return
    asked = performance.now()
    source.send({ do: 'seek', time: Math.max(0, Math.round(secondAt(event.clientX) * SECOND)) })
  }
  svg.addEventListener('pointerdown', event => {
    if (event.button !== 0 || event.offsetX < LEFT) return
    svg.setPointerCapture(event.pointerId)
    seek(event, true)
  })
  svg.addEventListener('pointermove', event => {
    hint(event)
    if (svg.hasPointerCapture(event.pointerId)) seek(event, false)
  })
  svg.addEventListener('pointerup', event => {
    if (svg.hasPointerCapture(event.pointerId) && performance.now() - asked > 10) seek(event, true)
  })
  svg.addEventListener('pointerleave', () => {
    tip.hidden = true
  })
  /** Time under the pointer and three figures of that second. */
  const hint = (event: PointerEvent): void => {
    const second = secondAt(event.clientX)
    tip.hidden = event.offsetX < LEFT
    const { requests, degraded, failed } = sumOf(state.beats, second, Math.floor(second) + 1)
    const values = { time: clock(second * SECOND, 1), n: requests, degraded, failed }
    const known = second * SECOND <= state.edge
    fill(tip, known ? say(state.language, 'secondSays', values) : `${values.time} · ${say(state.language, 'notYet')}`)
    tip.style.left = `${Math.min(width - 190, Math.max(LEFT, event.offsetX - 80))}px`
  }
  svg.addEventListener(
    'wheel',
    event => {
      event.preventDefault()
      const { from, to } = scale()
      const at = secondAt(event.clientX)
      const factor = event.deltaY > 0 ? 1.3 : 1 / 1.3
      const length = Math.max(CLOSEST, (to - from) * factor)
      const begin = Math.max(0, at - ((at - from) / (to - from)) * length)
      close = length >= whole() ? null : { from: begin, to: begin + length }
      draw()
    },
    { passive: false },
  )
  svg.addEventListener('dblclick', () => {
    close = null
    draw()
  })
  svg.addEventListener('keydown', event => {
    const time = nextMoment(state, event.key, event.shiftKey)
    if (time === null) return
    event.preventDefault()
    event.stopPropagation()
    source.send({ do: 'seek', time })
  })

  const follow = (): void => {
    const { from, to } = scale()
    const now = state.time / SECOND
    if (close !== null && (now < from || now > to))
      close = { from: Math.max(0, now - (to - from) * 0.5), to: now + (to - from) * 0.5 }
  }
  new ResizeObserver(() => {
    width = host.getBoundingClientRect().width
    draw()
  }).observe(host)
  store.on(['figures', 'events', 'hello', 'look', 'jump'], () => {
    follow()
    draw()
  })
  store.on(['time'], () => {
    svg.setAttribute('aria-valuenow', String(Math.round(state.time / SECOND)))
    svg.setAttribute('aria-valuemax', String(Math.round(state.edge / SECOND)))
    svg.setAttribute('aria-valuetext', clock(state.time, 1))
  })
  requestAnimationFrame(move)
  return host
}

function definitions(): SVGDefsElement {
  return s('defs', {}, hatch('heat-hatch', 4, 2.8, 'var(--fail)'), hatch('future-hatch', 7, 1, 'var(--line)'))
}

function hatch(id: string, period: number, width: number, colour: string): SVGPatternElement {
  return s(
    'pattern',
    { id, width: period, height: period, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    s('rect', { width, height: period, fill: colour }),
  )
}
