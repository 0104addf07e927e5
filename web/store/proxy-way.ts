// The way of one request through one proxy as columns of cards: what was chosen, what was refused and why, what stands
// beside it. A pure function of the proxy's state and the span's trail; words of the mesh are not translated.
import type {
  ChainFrame,
  ClusterFrame,
  DecisionFrame,
  HostFrame,
  ListenerFrame,
  ProxyState,
  RouteFrame,
  SpanFrame,
} from '../../simulator/stream/frame.ts'
import type { Word } from './words.ts'

export type Fate = 'chosen' | 'refused' | 'beside'

export interface Card {
  key: string
  fate: Fate
  title: string
  /** Reasons and facts, one a line; a word of ours, or a word of the mesh as it is. */
  lines: (Word | { text: string })[]
  /** `file:line:column` or ''. */
  source: string
  /** Weighted destinations, the chosen one marked. */
  split?: { name: string; share: number; chosen: boolean }[]
  host?: HostFrame
}

export interface Column {
  title: Word
  cards: Card[]
  /** Cards that found no room. */
  more: number
  note: string
}

/** Cards of a column, the chosen one among them. */
const ROOM = 4

const text = (words: string): { text: string } => ({ text: words })

export interface Way {
  columns: Column[]
  /** Cluster whose gauges are shown; null where none was reached. */
  cluster: ClusterFrame | null
}

export function wayThrough(state: ProxyState, span: SpanFrame | null): Way {
  const trail = span?.trail ?? []
  const step = (kind: DecisionFrame['step']): DecisionFrame | undefined => trail.find(one => one.step === kind)
  const listener = listenerOf(state, step('listener')?.name ?? '', span)
  const chain = chainOf(listener, step('filter chain')?.name ?? '')
  const cluster = state.clusters.find(one => one.name === step('cluster')?.name) ?? null
  return {
    columns: [
      listeners(state, listener, span !== null),
      chains(listener, chain, step('filter chain')),
      filters(chain, trail),
      routes(state, chain, trail),
      clusters(state, chain, trail, cluster),
      endpoints(cluster, step('endpoint')?.name ?? ''),
    ],
    cluster,
  }
}

function listenerOf(state: ProxyState, name: string, span: SpanFrame | null): ListenerFrame | null {
  const found = state.listeners.find(one => one.name === name)
  if (found !== undefined || span !== null) return found ?? null
  return state.listeners.find(one => one.direction !== 'inbound') ?? state.listeners[0] ?? null
}

function chainOf(listener: ListenerFrame | null, name: string): ChainFrame | null {
  if (listener === null) return null
  return listener.chains.find(one => one.name === name) ?? (listener.chains.length === 1 ? listener.chains[0]! : null)
}

function column(title: Word, cards: readonly Card[], note = ''): Column {
  const first = cards.findIndex(card => card.fate === 'chosen')
  const from = Math.max(0, Math.min(first - 1, cards.length - ROOM))
  const shown = cards.slice(from, from + ROOM)
  return { title, cards: shown, more: cards.length - shown.length, note }
}

function listeners({ listeners: all }: ProxyState, chosen: ListenerFrame | null, lit: boolean): Column {
  const direction: Record<ListenerFrame['direction'], Word> = {
    inbound: 'inbound',
    outbound: 'outbound',
    gateway: 'gateway',
  }
  const cards = all.map((one): Card => {
    const own = one === chosen
    return {
      key: one.name,
      fate: own && lit ? 'chosen' : 'beside',
      title: one.name,
      lines: [
        direction[one.direction],
        ...(own ? [] : [one.direction === chosen?.direction ? ('otherPort' as const) : ('otherWay' as const)]),
      ],
      source: '',
    }
  })
  return column('listener', cards, String(all.length))
}

function chains(listener: ListenerFrame | null, chosen: ChainFrame | null, step: DecisionFrame | undefined): Column {
  const all = listener?.chains ?? []
  const cards = all.map((one, i): Card => {
    const own = one === chosen && step !== undefined
    const words: Card['lines'] = one.match === '' ? ['anyConnection'] : [text(one.match)]
    if (own && step.note !== '') words.push(text(step.note))
    if (one.tls) words.push('endsTls')
    return {
      key: `${i} ${one.name}`,
      fate: own ? 'chosen' : 'beside',
      title: one.name || one.network.at(-1) || '–',
      lines: words,
      source: '',
    }
  })
  return column('filterChain', cards, String(all.length))
}

/** Filters stand in their real order; one that answered itself is the last that was reached. */
function filters(chain: ChainFrame | null, trail: readonly DecisionFrame[]): Column {
  const names = chain === null ? [] : chain.http.length > 0 ? chain.http : chain.network
  const acts = new Map(trail.filter(one => one.step === 'filter').map(one => [shortOf(one.name), one]))
  const goesOn = trail.some(one => one.step === 'cluster')
  const last = goesOn ? names.length : Math.max(-1, ...names.map((name, i) => (acts.has(name) ? i : -1)))
  const reached = trail.length > 0
  const cards = names.map((name, i): Card => {
    const act = acts.get(name)
    const passed = reached && (last < 0 || i <= last)
    const note: Card['lines'] =
      act !== undefined ? [act.note === '' ? 'acted' : text(act.note)] : [passed ? 'letPass' : 'notReachedHere']
    const fate: Fate = act !== undefined && !goesOn && i === last ? 'refused' : passed ? 'chosen' : 'beside'
    return { key: name, fate, title: name, lines: note, source: act?.source ?? '' }
  })
  return { title: 'filters', cards, more: 0, note: String(names.length) }
}

const shortOf = (name: string): string => name.replace(/^(?:envoy|istio)\.(?:filters\.(?:http|network)\.)?/, '')

function routes(state: ProxyState, chain: ChainFrame | null, trail: readonly DecisionFrame[]): Column {
  const hostName = trail.find(one => one.step === 'virtual host')?.name ?? ''
  const step = trail.find(one => one.step === 'route')
  const tables = state.routes.filter(one => one.name === chain?.routes)
  const host = tables.flatMap(one => one.hosts).find(one => one.name === hostName)
  const chosenAt = host === undefined || step === undefined ? -1 : chosenRoute(host.routes, step)
  const cluster = trail.find(one => one.step === 'cluster')?.name ?? ''
  const cards = (host?.routes ?? []).map((route, i): Card => {
    const refusal = i < chosenAt ? step?.rejected[i] : undefined
    const chosen = i === chosenAt
    const lines: Card['lines'] = chosen
      ? (route.name === '' ? route.match.slice(0, -1) : route.match).map(text)
      : refusal !== undefined
        ? [text(refusal.why)]
        : [chosenAt >= 0 && i > chosenAt ? 'notReachedHere' : text(route.match.join(' · '))]
    return {
      key: `${i}`,
      fate: chosen ? 'chosen' : refusal !== undefined ? 'refused' : 'beside',
      title: `${i + 1} ${route.name || route.match.at(-1) || '–'}`,
      lines,
      source: route.source,
      ...(route.to.length > 1
        ? {
            split: route.to.map(to => ({
              name: subsetOf(to.cluster),
              share: to.share,
              chosen: chosen && to.cluster === cluster,
            })),
          }
        : {}),
    }
  })
  // an inbound chain carries its one route in itself, and a route without a table is told by the trail alone
  if (cards.length === 0 && step !== undefined)
    cards.push({
      key: 'own',
      fate: 'chosen',
      title: step.name || '–',
      lines: step.note === '' ? [] : [text(step.note)],
      source: step.source,
    })
  return column('route', cards, hostName)
}

/** The refused ones stand before the chosen one, in order. */
function chosenRoute(all: readonly RouteFrame[], step: DecisionFrame): number {
  const after = step.rejected.length
  return after < all.length ? after : all.findIndex(route => route.name === step.name)
}

function clusters(
  state: ProxyState,
  chain: ChainFrame | null,
  trail: readonly DecisionFrame[],
  chosen: ClusterFrame | null,
): Column {
  const hostName = trail.find(one => one.step === 'virtual host')?.name ?? ''
  const step = trail.find(one => one.step === 'route')
  const host = state.routes
    .filter(one => one.name === chain?.routes)
    .flatMap(one => one.hosts)
    .find(one => one.name === hostName)
  const at = host === undefined || step === undefined ? -1 : chosenRoute(host.routes, step)
  const names = [
    ...new Set([
      ...(host?.routes ?? []).flatMap(route => route.to.map(to => to.cluster)),
      ...(chosen === null ? [] : [chosen.name]),
    ]),
  ]
  const cards = names.map((name): Card => {
    const cluster = state.clusters.find(one => one.name === name)
    const share = at < 0 ? undefined : host?.routes[at]?.to.find(to => to.cluster === name)?.share
    const own = name === chosen?.name
    const lines: Card['lines'] = own
      ? [
          text((cluster?.balancer ?? '').toLowerCase().replaceAll('_', ' ')),
          text(`${cluster?.hosts.length ?? 0} × endpoint`),
          cluster?.tls ? 'speaksTls' : 'speaksPlain',
        ]
      : [share === undefined ? 'otherRoute' : 'lostDraw', ...(share === undefined ? [] : [text(`${share} %`)])]
    return { key: name, fate: own ? 'chosen' : 'refused', title: subsetOf(name), lines, source: cluster?.source ?? '' }
  })
  return column('cluster', cards, chosen === null ? '' : hostOf(chosen.name))
}

function endpoints(cluster: ClusterFrame | null, chosen: string): Column {
  const cards = (cluster?.hosts ?? []).map((host): Card => {
    const own = host.address === chosen
    const ejected = host.ejectedAt >= 0
    const lines: Card['lines'] = [text(host.pod)]
    if (ejected) lines.push('ejectedHost')
    else if (host.health !== 'healthy') lines.push(text(host.health))
    lines.push(text(`${host.active} × active · ${host.connections} × connection`))
    return {
      key: host.address,
      fate: own ? 'chosen' : ejected ? 'refused' : 'beside',
      title: host.address,
      lines,
      source: '',
      host,
    }
  })
  if (cluster !== null && chosen !== '' && !cards.some(card => card.fate === 'chosen'))
    cards.unshift({ key: chosen, fate: 'chosen', title: chosen, lines: ['goneHost'], source: '' })
  return column('endpoint', cards, cluster === null ? '' : String(cluster.hosts.length))
}

/** `outbound|9080|v3|reviews.default.svc.cluster.local` -> `reviews v3`. */
export function subsetOf(cluster: string): string {
  const [, , subset = '', host = ''] = cluster.split('|')
  if (host === '') return cluster
  const name = host.split('.')[0] ?? host
  return subset === '' ? name : `${name} ${subset}`
}

const hostOf = (cluster: string): string => cluster.split('|')[3] || cluster
