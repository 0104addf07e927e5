// What the picture of a proxy shows, from a real run: the way that was taken, and why others were not.
import { expect, test } from 'vitest'
import { readScenario } from '../../../simulator/cli/files.ts'
import type { ProxyState, SpanFrame } from '../../../simulator/stream/frame.ts'
import { createFrameSource } from '../../../simulator/stream/index.ts'
import { type Card, subsetOf, wayThrough } from '../../../web/store/proxy-way.ts'

const POD = 'productpage-v1-0.default'

/** The proxy of a pod, and its calls to a host, as a scenario has them after some seconds. */
function looked(scenario: string, seconds: number, pod: string): { state: ProxyState; spans: SpanFrame[] } {
  const source = createFrameSource(readScenario(scenario))
  source.runUntil(seconds * 1_000_000)
  const [frame] = source.command({ do: 'proxy', pod }).asker
  if (frame?.type !== 'proxy' || frame.state === null) throw new Error('no such proxy')
  const spans = source.snapshot().requests.flatMap(({ traceId }) => {
    const [detail] = source.command({ do: 'inspect', traceId }).asker
    return detail?.type === 'request' ? detail.spans.filter(span => span.kind === 'proxy' && span.pod === pod) : []
  })
  return { state: frame.state, spans }
}

const chosen = (cards: readonly Card[]): string[] =>
  cards.filter(card => card.fate === 'chosen').map(card => card.title)

test('everybody else: the first route is refused with its reason, the weight draws a subset', () => {
  const { state, spans } = looked('bookinfo', 4, POD)
  const span = spans.find(one => one.authority.startsWith('reviews') && one.cluster.includes('|v1|')) ?? null
  const { columns, cluster } = wayThrough(state, span)
  expect(columns.map(column => column.title)).toEqual([
    'listener',
    'filterChain',
    'filters',
    'route',
    'cluster',
    'endpoint',
  ])
  const [listener, , filters, route, clusters, endpoint] = columns.map(column => column.cards)
  expect(chosen(listener ?? [])).toEqual(['0.0.0.0_9080'])
  expect(chosen(filters ?? []).at(-1)).toBe('router')
  expect(route?.map(card => card.fate)).toEqual(['refused', 'chosen'])
  expect(JSON.stringify(route?.[0]?.lines)).toContain('end-user')
  expect(route?.[1]?.split?.map(({ share, chosen: own }) => [share, own])).toEqual([
    [80, true],
    [20, false],
  ])
  expect(clusters?.map(card => [card.title, card.fate, card.lines[0]])).toEqual([
    ['reviews v2', 'refused', 'otherRoute'],
    ['reviews v1', 'chosen', expect.anything()],
    ['reviews v3', 'refused', 'lostDraw'],
  ])
  expect(chosen(endpoint ?? [])).toEqual([span?.upstreamHost])
  expect(cluster?.hosts).toHaveLength(1)
})

test('a request that a filter answers goes no further', () => {
  const { state, spans } = looked('trap-rbac', 12, 'shop-0.default')
  const span = spans.find(one => one.status === 403) ?? null
  const { columns, cluster } = wayThrough(state, span)
  const filters = columns.find(column => column.title === 'filters')?.cards ?? []
  const refused = filters.findIndex(card => card.fate === 'refused')
  expect(filters[refused]?.title).toBe('rbac')
  expect(filters.slice(refused + 1).every(card => card.lines[0] === 'notReachedHere')).toBe(true)
  expect(cluster).toBeNull()
})

test('an ejected host says so and until when', () => {
  const { state } = looked('tm-outlier-ejection', 20, 'curl-0.default')
  const all = state.clusters.flatMap(one => one.hosts)
  const ejected = all.filter(host => host.ejectedAt >= 0)
  expect(ejected.length).toBeGreaterThan(0)
  for (const host of ejected) expect(host.ejectedUntil).toBeGreaterThan(host.ejectedAt)
})

test('clusters are named as people name them', () => {
  expect(subsetOf('outbound|9080|v3|reviews.default.svc.cluster.local')).toBe('reviews v3')
  expect(subsetOf('outbound|9080||reviews.default.svc.cluster.local')).toBe('reviews')
  expect(subsetOf('PassthroughCluster')).toBe('PassthroughCluster')
})
