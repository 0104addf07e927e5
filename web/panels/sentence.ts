// One sentence first: what is seen, in words and figures out of the same data as the picture, and one thing worth doing.
import { fill, h } from '../dom.ts'
import { duration, percent } from '../store/figures.ts'
import { judge, nodeTitle, worstEdge } from '../store/reading.ts'
import type { State, Store } from '../store/store.ts'
import { say } from '../store/words.ts'

/** A new sentence at most so often: words that change faster are not read. */
const EVERY_MS = 2000

export function sentencePanel(store: Store, open: (traceId: number) => void): HTMLElement {
  const { state } = store
  const words = h('p', { 'data-test': 'sentence', 'aria-live': 'off' })
  const button = h('button', { class: 'filled', type: 'button', 'data-test': 'act' })
  let wanted = -1
  button.addEventListener('click', () => {
    if (wanted >= 0) open(wanted)
  })
  let last = 0
  const draw = (force: boolean): void => {
    const now = performance.now()
    if (!force && now - last < EVERY_MS) return
    // Until there are figures, the scenario's own words stand here; figures replace them at once.
    last = entry(state) === null ? 0 : now
    const said = sentenceOf(state)
    fill(words, said.calm, ' ', said.hue === '' ? said.news : h('span', { class: said.hue }, said.news))
    const bad = state.requests.findLast(request => request.outcome === 'fail' || request.outcome === 'denied')
    const shown = said.hue === '' ? state.requests.at(-1) : (bad ?? state.requests.findLast(r => r.outcome === 'warn'))
    wanted = shown?.traceId ?? -1
    button.hidden = wanted < 0
    fill(button, say(state.language, said.hue === '' ? 'showLatest' : 'showFailed'))
  }
  store.on(['figures'], () => draw(false))
  store.on(['hello', 'look', 'topology'], () => draw(true))
  draw(true)
  return h('div', { class: 'sentence' }, words, button)
}

function sentenceOf(state: State): { calm: string; news: string; hue: string } {
  const { language, topology } = state
  if (state.hello === null) return { calm: say(language, 'building'), news: '', hue: '' }
  if (topology.nodes.length === 0) return { calm: say(language, 'noMesh'), news: '', hue: '' }
  const entered = entry(state)
  if (entered === null) {
    const loaded = topology.nodes.some(node => node.kind === 'client') || state.requests.length > 0
    return { calm: loaded ? state.hello.sentence : say(language, 'noTraffic'), news: '', hue: '' }
  }
  const name = (id: string): string => nodeTitle(id, topology)
  const calm = [say(language, 'sentence', { rate: entered.rate.toFixed(1), name: name(entered.node) })]
  const split = busiestSplit(state)
  if (split !== null)
    calm.push(say(language, 'split', { service: name(split.service), shares: split.shares.join(', ') }))
  const worst = worstEdge(state.edges.values())
  if (worst === null) {
    const p99 = duration(state.nodes.get(entered.node)?.p99 ?? 0)
    return { calm: [...calm, say(language, 'allWell', { p99 })].join(' '), news: '', hue: '' }
  }
  const [source = '', target = ''] = worst.edge.id.split('>')
  const { judgement } = worst
  const values = {
    source: name(source),
    target: name(target),
    flag: worst.edge.flag === '' ? '' : ` (${worst.edge.flag})`,
  }
  if (judgement.hue === 'denied') {
    return {
      calm: calm.join(' '),
      news: say(language, 'refused', { ...values, share: percent(judgement.denied) }),
      hue: 'denied',
    }
  }
  if (judgement.failed > 0) {
    const news = say(language, 'worst', { ...values, share: percent(judgement.failed) })
    return { calm: calm.join(' '), news, hue: judgement.hue === 'fail' ? 'fail' : 'warn' }
  }
  return {
    calm: calm.join(' '),
    news: say(language, 'slowed', { ...values, share: percent(judgement.degraded) }),
    hue: 'warn',
  }
}

/** The first workload that clients reach: behind the gateway where there is one. */
function entry(state: State): { node: string; rate: number } | null {
  const { edges, nodes } = state.topology
  const first =
    edges.find(edge => edge.source.startsWith('client/')) ??
    edges.find(edge => state.edges.has(edge.id) && !edges.some(other => other.target === edge.source))
  let at = first?.target ?? null
  const kind = nodes.find(node => node.id === at)?.kind
  if (at !== null && kind === 'gateway') {
    const onward = edges.filter(edge => edge.source === at)
    const busiest = onward.sort((a, b) => (state.edges.get(b.id)?.rate ?? 0) - (state.edges.get(a.id)?.rate ?? 0))[0]
    at = busiest?.target ?? at
  }
  if (at === null) return null
  const figures = state.nodes.get(at)
  return figures === undefined || judge(figures).total === 0 ? null : { node: at, rate: figures.rate }
}

function busiestSplit(state: State): { service: string; shares: string[] } | null {
  const services = state.topology.nodes.filter(node => node.kind === 'service')
  let best: { service: string; rate: number; shares: string[] } | null = null
  for (const service of services) {
    const taken = state.topology.edges.filter(
      edge => edge.source === service.id && (state.edges.get(edge.id)?.share ?? 0) > 0,
    )
    const rate = state.nodes.get(service.id)?.rate ?? 0
    if (taken.length < 2 || (best !== null && best.rate >= rate)) continue
    const shares = taken.map(edge => {
      const version = state.topology.nodes.find(node => node.id === edge.target)?.version ?? ''
      return `${version || nodeTitle(edge.target, state.topology)} ${percent(state.edges.get(edge.id)?.share ?? 0)}`
    })
    best = { service: service.id, rate, shares }
  }
  return best
}
