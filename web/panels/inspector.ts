// The right panel: what is chosen, in words and figures, with the requests behind each figure. Nothing chosen: the mesh as
// a table, which is also the graph for those who cannot see it.
import type { EdgeFigures, NodeFigures, Outcomes } from '../../simulator/stream/frame.ts'
import { type Child, fill, h, pressable } from '../dom.ts'
import { duration, percent, rate } from '../store/figures.ts'
import { judge, nodeTitle, OUTCOMES, titleOf } from '../store/reading.ts'
import type { Selection, Store } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'
import { decisionsPanel } from './decisions.ts'
import { prose } from './prose.ts'
import { type Row, requestTable, rowOf } from './rows.ts'

const ROWS = 12

export function inspectorPanel(
  store: Store,
  host: HTMLElement,
  choose: (selection: Selection) => void,
  lookInside: (pod: string, span?: number) => void,
): void {
  const { state } = store
  const title = h('h2')
  const close = h('button', { type: 'button', 'data-test': 'close', onclick: () => choose({ kind: 'none' }) }, 'Esc')
  const body = h('div', { class: 'panel-body', 'data-test': 'inspector' })
  fill(host, h('div', { class: 'panel-head' }, title, h('div', { class: 'space' }), close), body)
  const open = (traceId: number): void => choose({ kind: 'request', traceId })

  const draw = (): void => {
    const { selection, language } = state
    const words: Record<Selection['kind'], Word> = { none: 'inspector', node: 'node', edge: 'edge', request: 'request' }
    title.textContent = say(language, words[selection.kind])
    close.hidden = selection.kind === 'none'
    const scroll = body.scrollTop
    if (selection.kind === 'node') fill(body, ...nodeParts(selection.id))
    else if (selection.kind === 'edge') fill(body, ...edgeParts(selection.id))
    else if (selection.kind === 'none') fill(body, ...meshParts())
    body.scrollTop = scroll
  }
  const meshParts = (): Child[] => {
    const { language, topology } = state
    const words = state.shelf.find(card => card.name === state.hello?.scenario.name)?.[language]
    const table = h('tbody')
    for (const node of topology.nodes.filter(n => n.kind !== 'istiod' && n.kind !== 'client')) {
      const figures = state.nodes.get(node.id)
      const health = judge(figures)
      const row = h(
        'tr',
        { 'data-row': node.id },
        h('td', {}, titleOf(node, topology)),
        h('td', {}, rate(figures?.rate ?? 0)),
        h(
          'td',
          { class: health.hue === 'ok' || health.hue === 'idle' ? '' : health.hue },
          percent(health.failed + health.denied),
        ),
      )
      pressable(row, () => choose({ kind: 'node', id: node.id }))
      table.append(row)
    }
    const heads = (['name', 'rate', 'errorShare'] as const).map(word => h('th', { scope: 'col' }, say(language, word)))
    return [
      h('h1', { class: 'title' }, words?.title ?? state.hello?.scenario.title ?? say(language, 'theMesh')),
      ...(words === undefined
        ? [h('p', { class: 'say' }, state.hello?.sentence ?? '')]
        : [h('div', { class: 'readme', 'data-test': 'readme' }, ...prose(words.paragraphs))]),
      section(
        'nodes',
        h('table', { class: 'rows', 'data-test': 'nodes' }, h('thead', {}, h('tr', {}, ...heads)), table),
      ),
      section('latest', requestTable(state.requests.slice(-ROWS).reverse().map(rowOf), -1, language, open)),
    ]
  }
  const nodeParts = (id: string): Child[] => {
    const { topology, language } = state
    const node = topology.nodes.find(n => n.id === id)
    if (node === undefined) return []
    const figures = state.nodes.get(id)
    const health = judge(figures)
    const name = titleOf(node, topology)
    const calls = topology.edges.filter(edge => edge.source === id || edge.target === id)
    return [
      h('h1', { class: 'title' }, name),
      h(
        'p',
        { class: 'say' },
        say(language, 'nodeSay', { rate: rate(figures?.rate ?? 0), name, share: percent(health.failed) }),
      ),
      ended(figures),
      h(
        'dl',
        { class: 'figures section' },
        pair('p99', duration(figures?.p99 ?? 0)),
        pair('pods', node.pods.length === 0 ? '–' : node.pods.join(', ')),
        pair('proxy', node.proxied ? say(language, 'sidecar') : say(language, 'noSidecar')),
      ),
      !node.proxied
        ? null
        : h(
            'div',
            { class: 'actions section' },
            ...node.pods
              .slice(0, 8)
              .map((pod, i) =>
                h(
                  'button',
                  { type: 'button', 'data-inside': pod, title: pod, onclick: () => lookInside(pod) },
                  say(language, node.pods.length === 1 ? 'insideProxy' : 'insideProxyN', { n: i + 1 }),
                ),
              ),
          ),
      section(
        'latest',
        requestTable(
          latest(edge => calls.some(call => call.id === edge) && edge.endsWith(`>${id}`)),
          -1,
          language,
          open,
        ),
      ),
    ]
  }
  const edgeParts = (id: string): Child[] => {
    const { topology, language } = state
    const [source = '', target = ''] = id.split('>')
    const figures = state.edges.get(id)
    const [from, to] = [nodeTitle(source, topology), nodeTitle(target, topology)]
    const mtls = figures?.mtls ?? 0
    const locked =
      mtls >= 0.995
        ? say(language, 'mtlsAll')
        : mtls > 0
          ? say(language, 'mtlsPart', { share: percent(mtls) })
          : say(language, 'mtlsNone')
    return [
      h('h1', { class: 'title' }, `${from} → ${to}`),
      h('p', { class: 'say' }, say(language, 'callsOnly', { source: from, target: to })),
      ended(figures),
      h(
        'dl',
        { class: 'figures section' },
        pair('rate', rate(figures?.rate ?? 0)),
        figures?.share === null || figures === undefined ? null : pair('share', percent(figures.share)),
        pair('median', duration(figures?.p50 ?? 0)),
        pair('p99', duration(figures?.p99 ?? 0)),
        pair('mtls', locked),
        figures === undefined || figures.flag === '' ? null : pair('flag', figures.flag),
      ),
      section(
        'latest',
        requestTable(
          latest(edge => edge === id),
          -1,
          language,
          open,
        ),
      ),
    ]
  }
  /** The latest requests over an edge, each with what became of it there. */
  const latest = (over: (edge: string) => boolean): Row[] => {
    const rows: Row[] = []
    for (let i = state.requests.length - 1; i >= 0 && rows.length < ROWS; i--) {
      const request = state.requests[i]
      const hop = request?.hops.find(h => h.edges.some(over))
      if (request === undefined || hop === undefined) continue
      const { status, flags, outcome } = hop
      rows.push({
        ...rowOf(request),
        start: hop.start,
        path: hop.path.replace(/^https?:\/\/[^/]*/, ''),
        status,
        flags,
        outcome,
        took: hop.end - hop.start,
      })
    }
    return rows
  }
  const ended = (figures: EdgeFigures | NodeFigures | undefined): HTMLElement => {
    const { language } = state
    const { total } = judge(figures)
    if (total === 0 || figures === undefined) return h('p', { class: 'quiet section' }, say(language, 'noRequests'))
    const outcomes: Outcomes = figures.outcomes
    const bar = h('div', { class: 'bar' })
    const key = h('div', { class: 'key' })
    for (const outcome of OUTCOMES) {
      if (outcomes[outcome] === 0) continue
      const part = h('i', { class: `fill-${outcome}` })
      part.style.flex = String(outcomes[outcome])
      bar.append(part)
      key.append(h('span', {}, h('b', { class: outcome }, String(outcomes[outcome])), ` ${say(language, outcome)}`))
    }
    return h('section', { class: 'section' }, h('h3', {}, say(language, 'howEnded', { n: total })), bar, key)
  }
  const section = (word: Word, ...children: Child[]): HTMLElement =>
    h('section', { class: 'section' }, h('h3', {}, say(state.language, word)), ...children)
  const pair = (word: Word, value: string): HTMLElement =>
    h('div', {}, h('dt', {}, say(state.language, word)), h('dd', {}, value))

  const drawDecisions = decisionsPanel(store, body, lookInside)
  let last = 0
  store.on(['selection', 'look', 'hello', 'topology', 'shelf'], () => {
    body.scrollTop = 0
    draw()
    if (state.selection.kind === 'request') drawDecisions()
  })
  store.on(['detail'], () => {
    if (state.selection.kind === 'request') drawDecisions()
  })
  store.on(['figures'], () => {
    // Rows under a reader's hand stay; figures come once a second.
    if (state.selection.kind === 'request' || performance.now() - last < 1000 || body.contains(document.activeElement))
      return
    last = performance.now()
    draw()
  })
  draw()
}
