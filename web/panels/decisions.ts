// Why a request went where it went: for the chosen hop, the chain of decisions in the caller's proxy and in the server's,
// with the candidates that were refused and the place of the document behind each.
import type { DecisionFrame, SpanFrame } from '../../simulator/stream/frame.ts'
import { type Child, fill, h, s } from '../dom.ts'
import { duration } from '../store/figures.ts'
import type { Store } from '../store/store.ts'
import { say, type Word } from '../store/words.ts'
import { chosenRow, hopRows } from './hops.ts'

type Tab = 'decisions' | 'headers' | 'wire' | 'log'

/** Returns a function that draws into `body`. */
export function decisionsPanel(
  store: Store,
  body: HTMLElement,
  lookInside: (pod: string, span: number) => void,
): () => void {
  const { state } = store
  let tab: Tab = 'decisions'
  const draw = (): void => {
    const { detail, language } = state
    const rows = detail === null ? [] : hopRows(detail, state.topology)
    const row = chosenRow(rows, chosenHop(store))
    if (detail === null || row === null) {
      fill(body, h('p', { class: 'say' }, say(language, detail?.request === null ? 'gone' : 'choose')))
      return
    }
    const tabs = (['decisions', 'headers', 'wire', 'log'] as const).map(name =>
      h(
        'button',
        {
          type: 'button',
          role: 'tab',
          'aria-selected': String(name === tab),
          onclick: () => {
            tab = name
            draw()
          },
        },
        say(language, name),
      ),
    )
    const proxies = [row.caller, row.server].filter(span => span !== null)
    fill(
      body,
      h('div', { class: 'tabs', role: 'tablist' }, ...tabs),
      h('h1', { class: 'title section' }, row.title),
      ...parts(proxies, row.app),
    )
  }
  const parts = (proxies: readonly SpanFrame[], app: SpanFrame | null): Child[] => {
    const { language } = state
    if (proxies.length === 0 && app === null) return [h('p', { class: 'say' }, say(language, 'notReached'))]
    if (tab === 'log')
      return proxies.map(span =>
        h('section', { class: 'section' }, h('h3', {}, span.pod), h('pre', { class: 'log' }, span.log)),
      )
    if (tab === 'wire')
      return proxies.flatMap(({ pod, wire }) =>
        wire === null
          ? []
          : [
              h(
                'section',
                { class: 'section' },
                h('h3', {}, say(language, wire.encrypted ? 'wireSecret' : 'wireOpen', { pod })),
                h('pre', { class: wire.encrypted ? 'log wire secret' : 'log wire' }, wire.lines.join('\n')),
              ),
            ],
      )
    if (tab === 'headers') {
      const told = proxies.filter(span => span.requestHeaders.length > 0 || span.responseHeaders.length > 0)
      if (told.length === 0) return [h('p', { class: 'say' }, say(language, 'noHeaders'))]
      return told.map(span =>
        h(
          'section',
          { class: 'section' },
          h('h3', {}, span.pod),
          headerList(span.requestHeaders),
          h('hr'),
          headerList(span.responseHeaders),
        ),
      )
    }
    const chains = proxies.map((span, i) =>
      section(
        i === 0 && span.direction !== 'inbound' ? 'decidedBy' : 'arrivedAt',
        { pod: span.pod },
        chain(span.trail, span.outcome, place => store.change({ wanted: place }, 'wanted')),
        h(
          'button',
          { type: 'button', 'data-inside': span.pod, onclick: () => lookInside(span.pod, span.span) },
          say(language, 'insideProxy'),
        ),
      ),
    )
    if (app === null) return chains
    const worked = {
      pod: app.pod,
      wait: duration(app.begun - app.start),
      work: duration(app.end - app.begun),
      status: app.status,
    }
    const note = app.details === '' ? '' : ` · ${say(language, 'abandoned')}`
    return [...chains, section('app', {}, h('p', {}, `${say(language, 'appWorked', worked)}${note}`))]
  }
  const section = (word: Word, values: Record<string, string>, ...children: Child[]): HTMLElement =>
    h('section', { class: 'section' }, h('h3', {}, say(state.language, word, values)), ...children)
  return draw
}

/** The hop that is chosen in the waterfall, kept on the store's host so that both panels agree. */
export function chosenHop(store: Store): string {
  return chosen.get(store) ?? ''
}

export function chooseHop(store: Store, key: string): void {
  chosen.set(store, key)
  store.change({}, 'detail')
}

const chosen = new WeakMap<Store, string>()

function chain(trail: readonly DecisionFrame[], outcome: string, go: (place: string) => void): HTMLElement {
  return h(
    'ol',
    { class: 'chain', 'data-test': 'chain' },
    ...trail.map(step => {
      const last = step.step === 'end'
      return h(
        'li',
        {},
        sign(last ? outcome : 'ok', last && (outcome === 'fail' || outcome === 'denied')),
        h('span', { class: 'step' }, step.step),
        h(
          'div',
          {},
          h('div', { class: `chosen-name${last && outcome !== 'ok' ? ` ${outcome}` : ''}` }, step.name),
          step.note === '' ? null : h('div', { class: 'note' }, step.note),
          step.source === ''
            ? null
            : h(
                'button',
                { type: 'button', class: 'source', onclick: () => go(step.source) },
                step.source.split('/').at(-1) ?? '',
              ),
          ...step.rejected.map(other => h('div', { class: 'rejected' }, h('s', {}, other.name), ` ${other.why}`)),
        ),
      )
    }),
  )
}

function sign(hue: string, bad: boolean): SVGElement {
  const paint = `var(--${hue})`
  return s(
    'svg',
    { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    bad
      ? s('path', { d: 'M8,1L15,8L8,15L1,8Z', fill: paint })
      : s('path', {
          d: 'M8,1.5a6.5,6.5 0 1 0 0.01,0ZM5,8.2L7.2,10.4L11,6',
          fill: 'none',
          stroke: paint,
          'stroke-width': 1.7,
        }),
  )
}

function headerList(lines: readonly [string, string][]): HTMLElement {
  return h('div', { class: 'headers' }, ...lines.map(([name, value]) => h('div', {}, h('b', {}, `${name}: `), value)))
}
