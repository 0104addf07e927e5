import { describe, expect, test } from 'vitest'
import { readScenario } from '../../../simulator/cli/files.ts'
import type { Frame, ProxyFrame } from '../../../simulator/stream/frame.ts'
import { createFrameSource, type FrameSource } from '../../../simulator/stream/index.ts'
import { handmadeSource } from './handmade-mesh.ts'

/** Patience for so many looks. */
function looks(times: number): () => boolean {
  let left = times
  return () => --left > 0
}

/** Lets the rim tick until nothing is owed any more; all frames that came as answers, with how many ticks it took. */
function waited(source: FrameSource, asker: unknown): { frames: Frame[]; ticks: number } {
  const frames: Frame[] = []
  for (let ticks = 1; ticks < 1000; ticks++) {
    source.advance(100, looks(20))
    const answers = source.answers()
    for (const { to, asker: told } of answers) {
      expect(to).toBe(asker)
      frames.push(...told)
    }
    if (!answers.some(answer => answer.asker.some(frame => frame.type === 'digging'))) return { frames, ticks }
  }
  throw new Error('nothing was answered')
}

describe('what is long ago', () => {
  test('is run again a piece at a time, for who asked, and the same comes out as at once', () => {
    const [source, other] = [handmadeSource(), handmadeSource()]
    for (const one of [source, other]) {
      one.runUntil(400_000_000)
      one.command({ do: 'pause' })
      one.command({ do: 'seek', time: 30_000_000 })
    }
    const me = {}
    const traceId = 300
    const first = source.command({ do: 'inspect', traceId }, looks(5), me)
    expect(first.asker).toMatchObject([{ type: 'digging' }])
    const { frames, ticks } = waited(source, me)
    expect(ticks).toBeGreaterThan(3)
    expect(frames.at(-1)).toEqual(other.command({ do: 'inspect', traceId }).asker[0])
    expect(source.fingerprint()).toBe(other.fingerprint())
  })

  test('an Apply there is answered later and begins the same future as one that nobody had to wait for', () => {
    const [source, other] = [handmadeSource(), handmadeSource()]
    const files = [{ name: 'reviews.yaml', content: 'weights: other' }]
    for (const one of [source, other]) {
      one.runUntil(60_000_000)
      one.command({ do: 'pause' })
      one.command({ do: 'seek', time: 20_000_000 })
    }
    other.command({ do: 'apply', files })
    const me = {}
    expect(source.command({ do: 'apply', files }, looks(3), me).asker).toMatchObject([{ type: 'digging' }])
    expect(source.snapshot().edge).toBe(60_000_000)
    expect(waited(source, me).frames.at(-1)).toMatchObject({ type: 'diagnostics', applied: true })
    expect(source.snapshot()).toMatchObject({ time: 20_000_000, edge: 20_000_000 })
    for (const one of [source, other]) one.runUntil(25_000_000)
    expect(source.fingerprint()).toBe(other.fingerprint())
  })

  test('is not answered when the run has gone another way meanwhile', () => {
    const source = handmadeSource()
    source.runUntil(60_000_000)
    source.command({ do: 'seek', time: 20_000_000 })
    source.command({ do: 'apply', files: [{ name: 'a.yaml', content: 'a: 1' }] }, looks(3), 'me')
    source.command({ do: 'reset' })
    expect(source.answers()).toMatchObject([{ to: 'me', asker: [{ type: 'refusal' }] }])
  })
})

describe('a proxy from the inside', () => {
  const { scenario, files } = readScenario('bookinfo')
  const frameOf = (source: FrameSource, pod: string): ProxyFrame => {
    const [frame] = source.command({ do: 'proxy', pod }).asker
    if (frame?.type !== 'proxy') throw new Error(`${frame?.type}`)
    return frame
  }

  test('shows routes in words, clusters with their breakers and hosts, and what istiod sent', () => {
    const source = createFrameSource({ scenario, files })
    source.runUntil(3_000_000)
    const { state } = frameOf(source, 'productpage-v1-0.default')
    const reviews = state?.routes.flatMap(table => table.hosts).find(host => host.domains.includes('reviews'))
    expect(reviews?.routes.map(route => route.to.map(to => to.share))).toEqual([[100], [80, 20]])
    expect(reviews?.routes[0]?.match.join()).toContain('end-user')
    expect(reviews?.routes[0]?.source).toMatch(/reviews\.yaml:\d+/)
    const cluster = state?.clusters.find(one => one.name === 'outbound|9080|v3|reviews.default.svc.cluster.local')
    expect(cluster).toMatchObject({ tls: true, hosts: [{ node: 'workload/default/reviews-v3', health: 'healthy' }] })
    expect(cluster?.requests.limit).toBeGreaterThan(1000)
    expect(state?.listeners.find(listener => listener.name === 'virtualInbound')?.chains.length).toBeGreaterThan(2)
    expect(state?.sync.map(({ status }) => status)).toEqual(['SYNCED', 'SYNCED', 'SYNCED', 'SYNCED'])
    expect(state?.certificate?.name).toBe('spiffe://cluster.local/ns/default/sa/bookinfo-productpage')
  })

  test('shows the past as it was, although the mesh has gone on', () => {
    const source = createFrameSource({ scenario, files })
    source.runUntil(2_000_000)
    const then = frameOf(source, 'productpage-v1-0.default')
    source.runUntil(4_000_000)
    expect(frameOf(source, 'productpage-v1-0.default')).not.toEqual(then)
    source.command({ do: 'seek', time: 2_000_000 })
    expect(frameOf(source, 'productpage-v1-0.default')).toEqual(then)
  })

  test('a pod that is not there has none', () => {
    expect(frameOf(createFrameSource({ scenario, files }), 'nobody.default').state).toBeNull()
  })
})
