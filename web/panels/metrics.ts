// The run as curves: answers by status, by version (or load), and percentiles of latency, of the node that is chosen or of the
// whole mesh. A click goes to that moment; the line through all charts is the moment that is shown.
import type { SeriesFrame } from '../../simulator/stream/frame.ts'
import type { Source } from '../connection/source.ts'
import { fill, h } from '../dom.ts'
import type { Store } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'
import type { Charts } from './charts.ts'

/** While time goes on the curves are asked for so often. */
const EVERY_MS = 1000

export function metricsPanel(store: Store, source: Source): HTMLElement {
  const { state } = store
  const title = h('h1', { class: 'title' })
  const note = h('p', { class: 'say' })
  const place = h('div', { class: 'charts' })
  const host = h('div', { class: 'metrics', 'data-test': 'metrics', hidden: true }, title, note, place)
  let charts: Charts | null = null
  let loading = false
  let asked = 0

  const node = (): string => {
    const { selection } = state
    return selection.kind === 'node' ? selection.id : ''
  }
  const ask = (): void => {
    asked = performance.now()
    source.send({ do: 'series', node: node() })
  }
  const show = (): void => {
    host.hidden = state.view !== 'metrics'
    if (host.hidden) return
    ask()
    if (charts !== null || loading) return
    loading = true
    // The library comes when somebody looks for the first time.
    void import('./charts.ts').then(({ createCharts }) => {
      charts = createCharts(place, time => source.send({ do: 'seek', time: Math.round(time * 1_000_000) }))
      draw()
    })
  }
  const draw = (): void => {
    const { series, language, topology } = state
    if (host.hidden) return
    const named = topology.nodes.find(one => one.id === series?.node)
    fill(
      title,
      named === undefined ? say(language, 'metricsMesh') : `${named.app || named.name} ${named.version}`.trim(),
    )
    fill(note, say(language, named === undefined ? 'metricsHint' : 'metricsNode'))
    if (series === null || charts === null) return
    charts.draw({
      series,
      events: state.events.filter(event => event.kind !== 'push'),
      titles: titles(series),
      theme: state.theme,
    })
    charts.cursor(state.time / 1_000_000)
  }
  const titles = ({ node: of }: SeriesFrame): Record<'codes' | 'parts' | 'latency' | 'time', string> => {
    const word = (name: Word): string => say(state.language, name)
    return {
      codes: word('metricsCodes'),
      parts: word(of === '' ? 'metricsLoads' : 'metricsVersions'),
      latency: word('metricsLatency'),
      time: word('metricsTime'),
    }
  }
  store.on(['selection'], () => {
    if (!host.hidden) ask()
  })
  store.on(['look'], () => {
    charts?.clear()
    show()
    draw()
  })
  store.on(['series', 'hello'], draw)
  store.on(['time'], () => {
    if (host.hidden) return
    charts?.cursor(state.time / 1_000_000)
    if (performance.now() - asked > EVERY_MS) ask()
  })
  return host
}
