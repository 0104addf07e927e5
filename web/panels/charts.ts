// Three charts of uPlot over one axis of time. Colours are the house's roles, read from the page so that they follow its theme;
// statuses have a dash of their own besides, so that the charts read without colour.
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { EventFrame, SeriesFrame } from '../../simulator/stream/frame.ts'
import { clock } from '../store/figures.ts'

export interface Charts {
  draw(what: {
    series: SeriesFrame
    events: readonly EventFrame[]
    titles: Record<'codes' | 'parts' | 'latency' | 'time', string>
    theme: string
  }): void
  /** The moment that is shown, seconds. */
  cursor(time: number): void
  /** Colours or words are other ones now. */
  clear(): void
}

interface Line {
  name: string
  values: (number | null)[]
  colour: string
  dash: number[]
}

const HEIGHT = 140
/** Of the charts, from top to bottom. */
const ORDER = ['codes', 'parts', 'latency']
const ROLES = ['--accent', '--ok', '--warn', '--denied', '--plane', '--tcp', '--fail', '--moon']
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]]
const EVENT_ROLES: Partial<Record<EventFrame['kind'], string>> = { ejection: '--fail', return: '--ok', nack: '--fail' }

const role = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function codeLook(code: string, i: number): Pick<Line, 'colour' | 'dash'> {
  const roleOf = code.startsWith('2')
    ? '--ok'
    : code.startsWith('4')
      ? '--denied'
      : code.startsWith('3')
        ? '--accent'
        : '--fail'
  return { colour: role(roleOf), dash: code.startsWith('2') ? [] : (DASHES[1 + (i % 3)] ?? []) }
}

/** `go`: somebody clicked at a time, seconds. */
export function createCharts(place: HTMLElement, go: (time: number) => void): Charts {
  const kept = new Map<string, { chart: uPlot; key: string }>()
  let now = 0
  let events: readonly EventFrame[] = []

  const marks = (chart: uPlot): void => {
    const { ctx, bbox } = chart
    const line = (at: number, colour: string, dash: number[]): void => {
      const x = Math.round(chart.valToPos(at, 'x', true))
      if (x < bbox.left || x > bbox.left + bbox.width) return
      ctx.save()
      ctx.strokeStyle = colour
      ctx.lineWidth = devicePixelRatio
      ctx.setLineDash(dash)
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      ctx.restore()
    }
    for (const { at, kind } of events) line(at / 1_000_000, role(EVENT_ROLES[kind] ?? '--line2'), [3, 3])
    line(now, role('--text'), [])
  }

  let timeWord = ''
  const chartOf = (title: string, lines: readonly Line[], unit: string): uPlot => {
    const axis = { stroke: role('--text3'), grid: { stroke: role('--line') }, ticks: { stroke: role('--line') } }
    const chart = new uPlot(
      {
        title,
        width: Math.max(240, place.clientWidth),
        height: HEIGHT,
        scales: {
          x: { time: false, range: (_chart, _min, max) => [0, Math.max(max ?? 0, now, 1)] },
          y: { range: (_chart, _min, max) => [0, (max ?? 0) > 0 ? max * 1.1 : 1] },
        },
        axes: [
          { ...axis, values: (_chart, ticks) => ticks.map(tick => clock(tick * 1_000_000, 0)) },
          { ...axis, size: 64, values: (_chart, ticks) => ticks.map(tick => `${tick}${unit}`) },
        ],
        series: [
          { label: timeWord, value: (_chart, at) => (at == null ? '' : clock(at * 1_000_000, 0)) },
          ...lines.map(({ name, colour, dash }) => ({
            label: name,
            stroke: colour,
            dash,
            width: 2,
            points: { show: false },
            value: (_chart: uPlot, value: number | null) =>
              value === null ? '' : `${Math.round(value * 100) / 100}${unit}`,
          })),
        ],
        cursor: { sync: { key: 'meshsim' }, drag: { x: false, y: false } },
        hooks: { draw: [marks] },
      },
      [[], ...lines.map(() => [])] as unknown as uPlot.AlignedData,
      place,
    )
    // uPlot keeps clicks to itself.
    chart.over.addEventListener('mouseup', ({ offsetX }) => go(Math.max(0, chart.posToVal(offsetX, 'x'))))
    return chart
  }

  const show = (
    id: string,
    title: string,
    lines: readonly Line[],
    times: number[],
    unit: string,
    theme: string,
  ): void => {
    const key = [theme, title, ...lines.map(({ name }) => name)].join('\n')
    let known = kept.get(id)
    if (known?.key !== key) {
      known?.chart.destroy()
      known = { chart: chartOf(title, lines, unit), key }
      kept.set(id, known)
      place.append(...ORDER.flatMap(one => kept.get(one)?.chart.root ?? []))
    }
    known.chart.setData([times, ...lines.map(({ values }) => values)] as uPlot.AlignedData)
  }

  const resize = new ResizeObserver(() => {
    for (const { chart } of kept.values()) chart.setSize({ width: Math.max(240, place.clientWidth), height: HEIGHT })
  })
  resize.observe(place)

  return {
    draw({ series, events: marked, titles, theme }) {
      events = marked
      timeWord = titles.time
      const { width, p50, p90, p99 } = series
      const times = p50.map((_value, i) => i * width)
      const ms = (values: (number | null)[]): (number | null)[] => values.map(us => (us === null ? null : us / 1000))
      const codes = series.codes.map(({ name, rates }, i) => ({ name, values: rates, ...codeLook(name, i) }))
      const look = (i: number): Pick<Line, 'colour' | 'dash'> => ({
        colour: role(ROLES[i % ROLES.length]!),
        dash: DASHES[Math.floor(i / ROLES.length) % DASHES.length]!,
      })
      const parts = series.parts.map(({ name, rates }, i) => ({ name, values: rates, ...look(i) }))
      const latency = [
        { name: 'p50', values: ms(p50), ...look(1) },
        { name: 'p90', values: ms(p90), ...look(2) },
        { name: 'p99', values: ms(p99), ...look(3) },
      ]
      show('codes', titles.codes, codes, times, '/s', theme)
      show('parts', titles.parts, parts, times, '/s', theme)
      show('latency', titles.latency, latency, times, ' ms', theme)
    },
    cursor(time) {
      now = time
      for (const { chart } of kept.values()) chart.redraw(false, true)
    },
    clear() {
      for (const { chart } of kept.values()) chart.destroy()
      kept.clear()
    },
  }
}
