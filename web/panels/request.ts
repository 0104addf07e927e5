// One request as a waterfall: a row per call, its bar the caller's wait, inside it the application's own work; what was
// held by a fault is dotted, what failed is hatched, what went on after the answer lies on hatching.
import { type Child, fill, h, pressable, s } from '../dom.ts'
import { duration, pathOf } from '../store/figures.ts'
import { nodeTitle } from '../store/reading.ts'
import type { Selection, Store } from '../store/store.ts'
import { type Language, say, type Word } from '../store/words.ts'
import { chooseHop, chosenHop } from './decisions.ts'
import { chosenRow, type HopRow, hopRows } from './hops.ts'

const ROW = 38
const TOP = 26
const INDENT = 13

export function requestPanel(store: Store, choose: (selection: Selection) => void): HTMLElement {
  const { state } = store
  const host = h('div', { class: 'request', 'data-test': 'request' })
  const draw = (): void => {
    const { detail, language, selection, view } = state
    host.hidden = selection.kind !== 'request' && view !== 'requests'
    if (host.hidden) return
    const back = h('button', { type: 'button', 'data-test': 'back', onclick: () => leave() }, say(language, 'back'))
    if (selection.kind !== 'request' || detail === null || detail.request === null) {
      const word = selection.kind === 'request' && detail !== null ? 'gone' : 'choose'
      fill(host, h('p', { class: 'say' }, say(language, word)), h('div', { class: 'actions' }, back))
      return
    }
    const { request } = detail
    const status = request.status === 0 ? say(language, 'noAnswer', { why: request.failure }) : String(request.status)
    const line = say(language, 'requestLine', {
      method: request.method,
      path: pathOf(request.url),
      load: request.load,
      status,
      took: duration(request.end - request.start),
    })
    const rows = hopRows(detail, state.topology)
    const width = Math.max(480, host.clientWidth - 32)
    fill(
      host,
      h('h1', {}, line),
      h('p', { class: 'say' }, ...why(rows)),
      h('div', { class: 'actions' }, back),
      wayStrip(rows, width, state),
      waterfall(rows, request.start, request.end, width),
      key(language),
    )
  }
  const leave = (): void => {
    if (state.view === 'requests') store.change({ view: 'mesh' }, 'look')
    choose({ kind: 'none' })
  }
  /** The deepest hop that went wrong is the reason for all above it. */
  const why = (rows: readonly HopRow[]): Child[] => {
    const worst = rows.filter(row => row.hop.outcome !== 'ok').sort((a, b) => b.depth - a.depth)[0]
    if (worst === undefined) return [say(state.language, 'calls', { n: rows.length })]
    const { hop } = worst
    const fault = hop.fault === '' ? '' : say(state.language, hop.fault === 'delay' ? 'held' : 'aborted')
    const words = [worst.title, `${hop.status} ${hop.flags.join(',')}`.trim(), worst.caller?.details ?? '', fault]
    return [h('span', { class: hop.outcome }, words.filter(word => word !== '').join(' · '))]
  }
  const waterfall = (rows: readonly HopRow[], start: number, end: number, width: number): SVGElement => {
    const { language } = state
    const left = Math.min(200, 90 + 13 * Math.max(0, ...rows.map(row => row.depth)) + 60)
    const last = Math.max(end, ...rows.map(row => row.hop.end), ...rows.map(row => row.app?.end ?? 0))
    const length = Math.max(1, (last - start) * 1.06)
    const x = (at: number): number => left + ((at - start) / length) * (width - left - 8)
    const height = TOP + rows.length * ROW + 26
    const svg = s('svg', { class: 'waterfall', viewBox: `0 0 ${width} ${height}`, height, 'data-test': 'waterfall' })
    svg.append(hatches())
    const bottom = TOP + rows.length * ROW
    svg.append(
      s('rect', {
        class: 'after',
        x: x(end),
        y: TOP - 6,
        width: Math.max(0, x(start + length) - x(end)),
        height: bottom - TOP + 6,
      }),
    )
    for (const tick of ticks(length)) {
      const at = x(start + tick)
      svg.append(
        s('line', { class: 'grid', x1: at, x2: at, y1: TOP - 6, y2: bottom }),
        s('text', { class: 'axis', x: at, y: 12, 'text-anchor': 'middle' }, tick === 0 ? '0' : duration(tick)),
      )
    }
    const chosen = chosenRow(rows, chosenHop(store))
    for (const [i, row] of rows.entries()) svg.append(rowMark(row, i, x, width, chosen === row))
    svg.append(
      s('line', { class: 'answered', x1: x(end), x2: x(end), y1: TOP - 6, y2: bottom + 4 }),
      s(
        'text',
        { class: 'small', x: Math.min(x(end), width - 62), y: bottom + 18, 'text-anchor': 'middle' },
        `${say(language, 'answered')} ${duration(end - start)}`,
      ),
    )
    return svg
  }
  const rowMark = (row: HopRow, i: number, x: (at: number) => number, width: number, chosen: boolean): SVGElement => {
    const { hop } = row
    const y = TOP + i * ROW
    const middle = y + ROW / 2
    const name = 8 + row.depth * INDENT
    const hue = hop.outcome === 'ok' && hop.fault === 'delay' ? 'warn' : hop.outcome
    const [from, to] = [x(hop.start), Math.max(x(hop.end), x(hop.start) + 3)]
    const mark = s('g', {
      class: `row hue-${hue}${chosen ? ' chosen' : ''}`,
      'data-hop': row.key,
      role: 'button',
      'aria-label': row.title,
    })
    mark.append(s('rect', { class: 'hit', x: 1, y: y + 2, width: width - 2, height: ROW - 4, rx: 5 }))
    if (row.depth > 0) mark.append(s('path', { class: 'elbow', d: `M${name - 8},${y - 8}V${middle}H${name - 2}` }))
    const tries = hop.attempts > 1 ? ` · ${say(state.language, 'tries', { n: hop.attempts })}` : ''
    mark.append(s('text', { x: name, y: middle + 4 }, `${row.title}${tries}`))
    mark.append(s('rect', { class: 'bar-wait', x: from, y: middle - 6, width: to - from, height: 12, rx: 2 }))
    if (hop.fault === 'delay') {
      const sent = row.caller !== null && row.caller.begun > 0 ? x(row.caller.begun) : to
      mark.append(s('line', { class: 'bar-held', x1: from, x2: sent, y1: middle, y2: middle }))
    }
    if (row.app !== null && hop.outcome !== 'fail') {
      const [a, b] = [x(row.app.begun), Math.max(x(row.app.end), x(row.app.begun) + 2)]
      mark.append(s('rect', { class: 'bar-app', x: a, y: middle - 3, width: b - a, height: 6, rx: 1.5 }))
    }
    if (hop.outcome === 'fail') mark.append(s('path', { class: 'diamond', d: `M${to},${middle - 7}l7,7l-7,7l-7,-7Z` }))
    const words = `${hop.status} ${hop.flags.join(',')} ${duration(hop.end - hop.start)}`.replace(/ {2,}/g, ' ')
    const room = width - to > words.length * 6.6 + 22
    const faultWords = hop.fault === '' ? '' : ` · ${say(state.language, hop.fault === 'delay' ? 'held' : 'aborted')}`
    mark.append(
      s(
        'text',
        { class: `small ${hue}`, x: room ? to + 12 : from - 8, y: middle + 4, 'text-anchor': room ? 'start' : 'end' },
        `${words}${room ? faultWords : ''}`,
      ),
    )
    pressable(mark, () => chooseHop(store, row.key))
    return mark
  }
  store.on(['detail', 'selection', 'look'], draw)
  new ResizeObserver(() => draw()).observe(host)
  draw()
  return host
}

/** The way to the hop that matters, as the picture draws it. */
function wayStrip(rows: readonly HopRow[], width: number, state: Store['state']): SVGElement {
  const worst = rows.filter(row => row.hop.outcome !== 'ok').sort((a, b) => b.depth - a.depth)[0]
  const deepest = [...rows].sort((a, b) => b.depth - a.depth)[0]
  const path: HopRow[] = []
  for (let row = worst ?? deepest; row !== undefined; row = rows.find(r => r.hop.span === path[0]?.hop.parent)) {
    if (path.includes(row)) break
    path.unshift(row)
  }
  const svg = s('svg', { class: 'strip', viewBox: `0 0 ${width} 76`, height: 76, 'aria-hidden': 'true' })
  svg.append(s('rect', { class: 'frame', x: 0.5, y: 0.5, width: width - 1, height: 75, rx: 10 }))
  const gap = Math.min(170, (width - 120) / Math.max(1, path.length))
  const first = path[0]?.hop.edges[0]?.split('>')[0] ?? ''
  const disc = (at: number, title: string, hue: string): void => {
    svg.append(s('circle', { class: `hue-${hue} disc`, cx: at, cy: 30, r: 13 }))
    svg.append(s('text', { x: at, y: 62, 'text-anchor': 'middle' }, title))
  }
  for (const [i, { title, hop }] of path.entries()) {
    const at = 56 + i * gap
    const hue = hop.fault === 'delay' && hop.outcome === 'ok' ? 'warn' : hop.outcome
    svg.append(s('path', { class: `hue-${hue} link ${hue}`, d: `M${at + 18},30H${at + gap - 24}` }))
    svg.append(s('path', { class: `hue-${hue} tip`, d: `M${at + gap - 18},30l-8,-5v10Z` }))
    disc(at + gap, title, hue)
  }
  disc(56, nodeTitle(first, state.topology), 'tcp')
  return svg
}

function key(language: Language): HTMLElement {
  const sample = (word: Word, look: string): HTMLElement =>
    h('span', {}, h('i', { class: `sample ${look}` }), say(language, word))
  return h(
    'div',
    { class: 'key' },
    sample('barWait', 'wait'),
    sample('barApp', 'app'),
    sample('failed', 'fail'),
    sample('held', 'held'),
    sample('after', 'after'),
  )
}

/** At most eight round marks. */
function ticks(length: number): number[] {
  let step = 1000
  for (const factor of [2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2]) {
    if (length / step <= 8) break
    step *= factor
  }
  const marks: number[] = []
  for (let at = 0; at <= length; at += step) marks.push(at)
  return marks
}

function hatches(): SVGDefsElement {
  const failed = s('pattern', {
    id: 'wf-hatch',
    width: 5,
    height: 5,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  })
  failed.append(s('rect', { width: 3.2, height: 5, fill: 'var(--fail)' }))
  const after = s('pattern', {
    id: 'wf-after',
    width: 7,
    height: 7,
    patternUnits: 'userSpaceOnUse',
    patternTransform: 'rotate(45)',
  })
  after.append(s('rect', { width: 1, height: 7, fill: 'var(--line)' }))
  return s('defs', {}, failed, after)
}
