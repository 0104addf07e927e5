// Inside one proxy: six columns from listener to endpoint, the way of the chosen request lit, what was refused greyed with
// its reason; below them breakers, certificate and how far its configuration is behind istiod's.
import type { ClusterFrame, ProxyState, SpanFrame } from '../../simulator/stream/frame.ts'
import type { Source } from '../connection/source.ts'
import { type Child, fill, h, pressable, s } from '../dom.ts'
import { clock, duration } from '../store/figures.ts'
import { type Card, type Column, subsetOf, type Way, wayThrough } from '../store/proxy-way.ts'
import type { Selection, Store } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'
import { chooseHop } from './decisions.ts'

/** While time goes on the proxy is looked at so often. */
const EVERY_MS = 1000
/** A certificate that outlives ten years has no end in any run, µs. */
const LASTS_FOR_EVER = 10 * 365 * 86_400_000_000

export function proxyPanel(store: Store, source: Source, choose: (selection: Selection) => void): HTMLElement {
  const { state } = store
  const host = h('div', { class: 'proxy', 'data-test': 'proxy', hidden: true })
  let asked = 0

  const spans = (): SpanFrame[] =>
    (state.detail?.spans ?? []).filter(span => span.kind === 'proxy' && span.pod === state.inside)
  const chosenSpan = (): SpanFrame | null => {
    const all = spans()
    return (
      all.find(span => span.span === state.insideSpan) ??
      all.find(span => span.direction !== 'inbound') ??
      all[0] ??
      null
    )
  }
  const leave = (): void => store.change({ inside: '', proxy: null }, 'inside')
  const look = (): void => {
    asked = performance.now()
    if (state.inside !== '') source.send({ do: 'proxy', pod: state.inside })
  }
  /** The latest request that this pod had a hand in. */
  const nextRequest = (): void => {
    const node = state.topology.nodes.find(one => one.pods.includes(state.inside))?.id
    const through = state.requests.findLast(
      request =>
        request.traceId !== state.detail?.traceId &&
        request.hops.some(hop => hop.edges.some(edge => edge.startsWith(`${node}>`) || edge.endsWith(`>${node}`))),
    )
    if (through !== undefined) choose({ kind: 'request', traceId: through.traceId })
  }
  const draw = (): void => {
    host.hidden = state.inside === ''
    if (host.hidden) return
    const { proxy, language } = state
    const inner = proxy?.pod === state.inside ? proxy.state : null
    if (inner === null) {
      const word: Word = proxy?.pod === state.inside ? 'noProxy' : 'lookingInside'
      fill(host, crumbs(), h('p', { class: 'say' }, say(language, word)), digging())
      return
    }
    const span = chosenSpan()
    const way = wayThrough(inner, span)
    const columns = h('div', { class: 'columns' }, ...way.columns.map(drawColumn))
    const lines = s('svg', { class: 'lit', 'aria-hidden': 'true' })
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['card'] : undefined
    fill(
      host,
      crumbs(),
      headline(span, way),
      sees(span),
      h('div', { class: 'picture' }, columns, lines),
      gauges(way.cluster, inner),
      sync(inner),
      digging(),
    )
    if (focused !== undefined) host.querySelector<HTMLElement>(`[data-card="${CSS.escape(focused)}"]`)?.focus()
    join(columns, lines)
  }
  const digging = (): Child => {
    const { digging: dig, language } = state
    if (dig === null) return null
    return h(
      'p',
      { class: 'quiet', role: 'status' },
      say(language, 'digging', { time: clock(dig.time, 0), goal: clock(dig.goal, 0) }),
    )
  }
  const crumbs = (): HTMLElement => {
    const node = state.topology.nodes.find(one => one.pods.includes(state.inside))
    const crumb = (words: string, act: () => void): HTMLElement =>
      h('button', { type: 'button', class: 'crumb', onclick: act }, words)
    const parts: Child[] = [
      crumb(say(state.language, 'mesh'), () => {
        leave()
        choose({ kind: 'none' })
      }),
    ]
    if (node !== undefined) {
      parts.push(
        ' › ',
        node.namespace,
        ' › ',
        crumb(node.name, () => {
          leave()
          choose({ kind: 'node', id: node.id })
        }),
      )
    }
    return h(
      'nav',
      { class: 'crumbs', 'aria-label': say(state.language, 'whereAmI') },
      ...parts,
      ' › ',
      state.inside.split('.')[0] ?? '',
      ' › ',
      h('b', {}, say(state.language, 'proxy')),
    )
  }
  const headline = (span: SpanFrame | null, way: Way): HTMLElement => {
    const { language } = state
    const ejected = way.cluster?.hosts.filter(one => one.ejectedAt >= 0).length ?? 0
    const words: Child[] =
      span === null
        ? [say(language, 'noWay')]
        : [
            say(language, way.cluster === null ? 'wayEnds' : 'wayGoes', {
              what: `${span.method} ${span.path}`,
              cluster: way.cluster === null ? '' : subsetOf(way.cluster.name),
              status: `${span.status} ${span.flags.join(',')}`.trim(),
            }),
          ]
    if (ejected > 0) words.push(' ', h('span', { class: 'fail' }, say(language, 'ejectedNow', { n: ejected })))
    return h(
      'div',
      { class: 'headline' },
      h('h1', { 'data-test': 'proxy-say' }, ...words),
      h('button', { type: 'button', 'data-test': 'next-request', onclick: nextRequest }, say(language, 'nextRequest')),
      h('button', { type: 'button', 'data-test': 'leave-proxy', onclick: leave }, say(language, 'back')),
    )
  }
  /** The calls of this request that the proxy had a hand in. */
  const sees = (span: SpanFrame | null): HTMLElement => {
    const { language } = state
    const way: Record<string, Word> = { inbound: 'inbound', outbound: 'outbound', gateway: 'gateway' }
    return h(
      'div',
      { class: 'sees', role: 'group', 'aria-label': say(language, 'sees') },
      h('span', { class: 'quiet' }, say(language, 'sees')),
      ...spans().map(one =>
        h(
          'button',
          {
            type: 'button',
            class: 'chip',
            'aria-pressed': String(one.span === span?.span),
            onclick: () => {
              store.change({ insideSpan: one.span }, 'inside')
              chooseHop(store, String(one.direction === 'inbound' ? one.parent : one.span))
            },
          },
          `${say(language, way[one.direction] ?? 'outbound')} · ${one.authority}${one.path} · ${one.status}`,
        ),
      ),
    )
  }
  const drawColumn = (column: Column): HTMLElement => {
    const { language } = state
    return h(
      'section',
      { class: 'column', 'data-column': column.title },
      h('h2', {}, say(language, column.title), h('span', { class: 'quiet', title: column.note }, column.note)),
      ...column.cards.map(drawCard),
      column.cards.length === 0 ? h('p', { class: 'quiet' }, say(language, 'notReachedHere')) : null,
      column.more > 0 ? h('p', { class: 'quiet' }, say(language, 'more', { n: column.more })) : null,
    )
  }
  const drawCard = (card: Card): HTMLElement => {
    const { language } = state
    const element = h(
      'div',
      { class: `pcard ${card.fate}`, 'data-card': card.key, 'data-fate': card.fate },
      h('div', { class: 'pcard-name', title: card.title }, card.title),
      ...card.lines.map(line =>
        h(
          'div',
          { class: line === 'ejectedHost' ? 'fail' : '' },
          typeof line === 'string' ? say(language, line) : line.text,
        ),
      ),
      card.source === '' ? null : h('div', { class: 'code link' }, card.source.split('/').at(-1) ?? ''),
      card.split === undefined ? null : splitBar(card.split),
      card.host !== undefined && card.host.ejectedAt >= 0
        ? countdown(card.host.ejectedAt, card.host.ejectedUntil)
        : null,
    )
    if (card.source === '') element.setAttribute('tabindex', '0')
    else pressable(element, () => store.change({ wanted: card.source }, 'wanted'))
    return element
  }
  const splitBar = (split: NonNullable<Card['split']>): HTMLElement => {
    const bar = h('div', { class: 'split-bar' })
    for (const part of split) {
      const piece = h(
        'i',
        { class: part.chosen ? 'mine' : '', title: `${part.name} ${part.share} %` },
        `${part.name} ${part.share}`,
      )
      piece.style.flex = String(Math.max(1, part.share))
      bar.append(piece)
    }
    return bar
  }
  const countdown = (from: number, until: number): HTMLElement => {
    const left = Math.max(0, until - state.time)
    const bar = h('div', { class: 'meter fail-meter' }, h('i'))
    const inner = bar.firstElementChild as HTMLElement
    inner.style.width = `${Math.round((100 * left) / Math.max(1, until - from))}%`
    return h('div', {}, h('span', { class: 'fail' }, say(state.language, 'ejectedLeft', { left: duration(left) })), bar)
  }
  const gauges = (cluster: ClusterFrame | null, inner: ProxyState): HTMLElement => {
    const { language } = state
    const gauge = (word: Word, used: number, limit: number): HTMLElement => {
      const bar = h('div', { class: 'meter' }, h('i'))
      const part = bar.firstElementChild as HTMLElement
      part.style.width = `${Math.min(100, Math.round((100 * used) / Math.max(1, limit)))}%`
      if (used >= limit) bar.classList.add('fail-meter')
      // Istio's "no limit" is the largest number there is
      const most = limit >= 2 ** 31 ? '∞' : String(limit)
      return h(
        'div',
        { class: 'gauge' },
        h('span', {}, say(language, word)),
        h('b', {}, say(language, 'usedOf', { used, limit: most })),
        bar,
      )
    }
    const parts: Child[] = []
    if (cluster !== null) {
      parts.push(
        gauge('connections', cluster.connections.used, cluster.connections.limit),
        gauge('waiting', cluster.pending.used, cluster.pending.limit),
        gauge('requests', cluster.requests.used, cluster.requests.limit),
        gauge('retries', cluster.retries.used, cluster.retries.limit),
        h(
          'div',
          { class: 'gauge' },
          h('span', {}, say(language, 'breaker')),
          h(
            'b',
            { class: cluster.overflow > 0 ? 'fail' : 'ok' },
            cluster.overflow > 0
              ? say(language, 'turnedAway', { n: cluster.overflow })
              : say(language, 'breakerClosed'),
          ),
        ),
      )
    }
    const { certificate } = inner
    if (certificate !== null) {
      const left = Math.max(0, certificate.notAfter - state.time)
      const bar = h('div', { class: 'meter plane-meter' }, h('i'))
      const part = bar.firstElementChild as HTMLElement
      part.style.width = `${Math.round((100 * left) / Math.max(1, certificate.notAfter - certificate.notBefore))}%`
      parts.push(
        h(
          'div',
          { class: 'gauge', title: `${certificate.name} · ${certificate.issuer}` },
          h('span', {}, say(language, 'certificate')),
          h(
            'b',
            {},
            left > LASTS_FOR_EVER ? '∞' : say(language, 'hoursLeft', { h: (left / 3_600_000_000).toFixed(1) }),
          ),
          bar,
        ),
      )
    }
    return h('div', { class: 'gauges', 'data-test': 'gauges' }, ...parts)
  }
  const sync = (inner: ProxyState): HTMLElement => {
    const { language } = state
    const words: Record<string, Word> = { SYNCED: 'inStep', STALE: 'behind', ERROR: 'nacked', 'NOT SENT': 'notSent' }
    return h(
      'div',
      { class: 'sync', 'data-test': 'sync' },
      h(
        'span',
        { class: 'quiet' },
        say(language, 'configurationHere', { n: inner.pushes, istiod: inner.istiod || '–' }),
      ),
      ...inner.sync.map(({ type, status, version, error }) =>
        h(
          'div',
          { class: `sync-card${status === 'SYNCED' ? '' : ' off'}`, title: error },
          h('b', {}, type),
          h('span', {}, say(language, words[status] ?? 'inStep')),
          h('b', { class: 'code' }, String(version)),
        ),
      ),
    )
  }

  store.on(['inside'], () => {
    if (state.inside !== '' && state.proxy?.pod !== state.inside) {
      look()
      if (spans().length === 0) nextRequest()
    }
    draw()
  })
  store.on(['proxy', 'detail', 'look', 'topology', 'digging'], draw)
  store.on(['jump'], () => {
    if (state.inside !== '') look()
  })
  store.on(['time'], () => {
    if (state.inside !== '' && performance.now() - asked > EVERY_MS && state.digging === null) look()
  })
  new ResizeObserver(() => {
    const [columns, lines] = [host.querySelector('.columns'), host.querySelector('.lit')]
    if (columns instanceof HTMLElement && lines instanceof SVGSVGElement) join(columns, lines)
  }).observe(host)
  return host
}

/** The lit line through the chosen cards, and thin ones to what was refused beside them. */
function join(columns: HTMLElement, lines: SVGSVGElement): void {
  const frame = columns.getBoundingClientRect()
  lines.setAttribute('width', String(frame.width))
  lines.setAttribute('height', String(frame.height))
  fill(lines)
  let from: { x: number; y: number } | null = { x: -24, y: -1 }
  for (const column of columns.children) {
    const cards = [...column.querySelectorAll<HTMLElement>('.pcard')]
    const strip = column instanceof HTMLElement && column.dataset['column'] === 'filters'
    const lit = cards.filter(card => card.classList.contains('chosen'))
    const [first, last] = [strip ? lit[0] : lit[0], strip ? lit.at(-1) : lit[0]]
    for (const card of strip ? [] : cards) {
      if (from === null || from.y < 0 || !card.classList.contains('refused')) continue
      const box = card.getBoundingClientRect()
      lines.append(
        s('path', {
          class: 'refused',
          d: curve(from, { x: box.left - frame.left, y: box.top - frame.top + box.height / 2 }),
        }),
      )
    }
    if (first === undefined || last === undefined) {
      from = null
      continue
    }
    const [a, b] = [first.getBoundingClientRect(), last.getBoundingClientRect()]
    const to = { x: a.left - frame.left, y: a.top - frame.top + (strip ? Math.min(20, a.height / 2) : a.height / 2) }
    if (from !== null)
      lines.append(s('path', { class: 'way', d: curve(from.y < 0 ? { x: from.x, y: to.y } : from, to) }))
    from = { x: b.right - frame.left, y: b.top - frame.top + b.height / 2 }
  }
}

function curve(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const middle = (from.x + to.x) / 2
  return `M${from.x},${from.y}C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`
}
