import { describe, expect, test } from 'vitest'
import { parseCommand } from '../../../simulator/stream/command.ts'
import type { DeltaFrame, RequestFrame } from '../../../simulator/stream/frame.ts'
import { Tape } from '../../../simulator/stream/tape.ts'
import { handmadeSource } from './handmade-mesh.ts'

function advanced(steps: number, wallMs = 100): { frames: DeltaFrame[]; source: ReturnType<typeof handmadeSource> } {
  const source = handmadeSource()
  const frames: DeltaFrame[] = []
  for (let i = 0; i < steps; i++) {
    const frame = source.advance(wallMs)
    if (frame !== null) frames.push(frame)
  }
  return { frames, source }
}

describe('a session', () => {
  test('knows the whole graph before the first request', () => {
    const { topology } = handmadeSource().snapshot()
    expect(topology.nodes.map(node => `${node.kind} ${node.name}`)).toEqual([
      'client internet',
      'gateway istio-ingressgateway',
      'workload productpage-v1',
      'workload details-v1',
      'workload reviews-v1',
      'workload reviews-v2',
      'workload reviews-v3',
      'workload ratings-v1',
      'service reviews',
      'istiod istiod',
    ])
    expect(topology.edges.map(edge => edge.id)).toContain('workload/default/productpage-v1>service/default/reviews')
    expect(topology.edges.map(edge => edge.id)).toContain('client/internet>workload/istio-system/istio-ingressgateway')
  })

  test('tells frames in order, with every request once', () => {
    const { frames } = advanced(20)
    expect(frames.map(frame => frame.seq)).toEqual(frames.map((_, i) => i + 1))
    expect(frames.at(-1)?.time).toBe(2_000_000)
    const ids = frames.flatMap(frame => frame.requests.map(request => request.traceId))
    expect(ids).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  })

  test('tells rates, shares and failures of the last seconds', () => {
    const { source } = advanced(100)
    const { edges } = source.snapshot()
    const of = (id: string) => edges.find(edge => edge.id === id)
    const reviews = of('workload/default/productpage-v1>service/default/reviews')
    expect(reviews?.rate).toBeCloseTo(20, 0)
    expect(of('service/default/reviews>workload/default/reviews-v1')?.share).toBeCloseTo(0.7, 1)
    expect(of('service/default/reviews>workload/default/reviews-v2')?.share).toBeCloseTo(0.1, 1)
    expect(reviews?.p50).toBeGreaterThanOrEqual(14_000)
  })

  test('hangs hops under the hop that caused them', () => {
    const { frames } = advanced(5)
    const request = frames.flatMap(frame => frame.requests).find(r => r.traceId === 6)
    const parents = request?.hops.map(hop => [hop.edges.at(-1)?.split('>')[1], hop.parent])
    expect(parents?.[0]).toEqual(['workload/istio-system/istio-ingressgateway', -1])
    expect(parents?.[1]).toEqual(['workload/default/productpage-v1', 0])
    expect(parents?.at(-1)).toEqual(['workload/default/ratings-v1', request?.hops.at(-2)?.span])
  })

  test('stands still while paused and goes on by steps', () => {
    const { source } = advanced(3)
    source.command({ do: 'pause' })
    expect(source.advance(1000)).toBeNull()
    const before = source.now
    source.command({ do: 'step', by: 'request' })
    expect(source.now).toBeGreaterThan(before)
    expect(source.snapshot().running).toBe(false)
  })

  test('runs at its pace, loses no microsecond, and lets go what it cannot keep', () => {
    const source = handmadeSource()
    source.command({ do: 'speed', speed: 0.1 })
    for (let i = 0; i < 1000; i++) source.advance(0.125)
    expect(source.now).toBe(12_500)
    source.command({ do: 'speed', speed: null })
    let left = 5
    source.advance(100, () => --left > 0)
    expect(source.now).toBe(112_500)
  })

  test('has the same fingerprint in one piece, in sixty, and with somebody looking', () => {
    const whole = handmadeSource()
    whole.runUntil(6_000_000)
    const { source } = advanced(60)
    source.snapshot()
    source.command({ do: 'inspect', traceId: 3 })
    expect(source.now).toBe(whole.now)
    expect(source.fingerprint()).toBe(whole.fingerprint())
  })

  test('refuses documents with errors and tells where; the mesh goes on', () => {
    const { source } = advanced(3)
    const bad = source.command({ do: 'apply', files: [{ name: 'reviews.yaml', content: 'kind: X\nnonsense: 1\n' }] })
    expect(bad.all).toEqual([])
    expect(bad.asker).toMatchObject([{ type: 'diagnostics', applied: false, diagnostics: [{ at: { line: 2 } }] }])
    expect(source.advance(100)).not.toBeNull()
    const good = source.command({ do: 'apply', files: [{ name: 'reviews.yaml', content: 'kind: X\n' }] })
    expect(good.asker).toMatchObject([{ applied: true }])
    expect(good.all).toMatchObject([{ type: 'delta', pushes: 2 }])
    expect(good.all[0]).toHaveProperty('events.0.kind', 'mark')
  })

  test('shows one request with the decisions of each proxy', () => {
    const { source } = advanced(10)
    const [frame] = source.command({ do: 'inspect', traceId: 17 }).asker
    if (frame?.type !== 'request') throw new Error('no request frame')
    expect(frame.request?.outcome).toBe('ok')
    const productpage = frame.spans.find(span => span.authority === 'reviews:9080')
    expect(productpage?.trail.map(step => step.step)).toContain('cluster')
    expect(productpage?.log).toContain('"GET /reviews/0 HTTP/1.1" 200')
    expect(source.command({ do: 'inspect', traceId: 9999 }).asker).toMatchObject([{ request: null, spans: [] }])
  })

  test('begins anew on reset', () => {
    const { source } = advanced(10)
    source.command({ do: 'reset' })
    expect(source.now).toBe(0)
    expect(source.snapshot().requests).toEqual([])
  })
})

describe('a command', () => {
  test('is understood or refused with a reason', () => {
    expect(parseCommand('{"do":"speed","speed":10}')).toEqual({ command: { do: 'speed', speed: 10 } })
    expect(parseCommand('{')).toEqual({ reason: 'the message is not JSON' })
    expect(parseCommand('{"do":"speed","speed":-1}')).toHaveProperty('reason')
    expect(parseCommand('{"do":"format disk"}')).toHaveProperty('reason')
    expect(parseCommand('{"do":"play","more":1}')).toHaveProperty('reason')
  })
})

describe('going back in time', () => {
  const at = (source: ReturnType<typeof handmadeSource>): string =>
    `${source.now} ${JSON.stringify(source.snapshot().edges)} ${source.snapshot().requests.length}`

  test('shows any moment as it was', () => {
    const source = handmadeSource()
    source.runUntil(3_000_000)
    const then = at(source)
    source.runUntil(9_000_000)
    source.command({ do: 'seek', time: 3_000_000 })
    expect(at(source)).toBe(then)
  })

  test('does again what was applied, at its time', () => {
    const source = handmadeSource()
    source.runUntil(2_000_000)
    source.command({ do: 'apply', files: [{ name: 'reviews.yaml', content: 'weights: changed' }] })
    source.runUntil(4_000_000)
    source.command({ do: 'seek', time: 1_000_000 })
    expect(source.command({ do: 'files' }).asker).not.toContainEqual(
      expect.objectContaining({
        files: expect.arrayContaining([{ name: 'reviews.yaml', content: 'weights: changed' }]),
      }),
    )
    source.command({ do: 'seek', time: 3_000_000 })
    expect(JSON.stringify(source.command({ do: 'files' }).asker)).toContain('weights: changed')
  })

  test('goes back from the command of a viewer only to a moment that can be', () => {
    expect(parseCommand('{"do":"seek","time":-1}')).toHaveProperty('reason')
    expect(parseCommand('{"do":"seek","time":5}')).toEqual({ command: { do: 'seek', time: 5 } })
  })
})

describe('the tape', () => {
  test('shows the past at once, leaves what has run as it is, and plays on from there to the edge', () => {
    const source = handmadeSource()
    source.runUntil(9_000_000)
    const print = source.fingerprint()
    source.command({ do: 'seek', time: 2_000_000 })
    expect(source.snapshot()).toMatchObject({ time: 2_000_000, edge: 9_000_000 })
    expect(source.fingerprint()).toBe(print)
    const frame = source.advance(100)
    expect(frame?.time).toBe(2_100_000)
    expect(frame?.requests.every(request => request.end > 2_000_000 && request.end <= 2_100_000)).toBe(true)
    expect(frame?.requests.length).toBeGreaterThan(0)
    expect(source.fingerprint()).toBe(print)
  })

  test('steps back and forward by requests and by events', () => {
    const source = handmadeSource()
    source.runUntil(3_000_000)
    source.command({ do: 'step', by: 'request', back: true })
    const [last] = source.snapshot().requests.slice(-1)
    expect(source.now).toBe(last?.end)
    source.command({ do: 'step', by: 'request', back: true })
    expect(source.now).toBeLessThan(last?.end ?? 0)
    source.command({ do: 'step', by: 'request' })
    expect(source.now).toBe(last?.end)
    source.command({ do: 'step', by: 'event', back: true })
    const event = source.now
    expect(event).toBeLessThan(last?.end ?? 0)
    source.command({ do: 'step', by: 'event' })
    expect(source.now).toBe(last?.end)
  })

  test('begins another future where something is applied in the past', () => {
    const source = handmadeSource()
    source.runUntil(5_000_000)
    source.command({ do: 'apply', files: [{ name: 'reviews.yaml', content: 'weights: later' }] })
    source.runUntil(6_000_000)
    source.command({ do: 'seek', time: 2_000_000 })
    source.command({ do: 'apply', files: [{ name: 'ratings.yaml', content: 'weights: sooner' }] })
    expect(source.snapshot()).toMatchObject({ time: 2_000_000, edge: 2_000_000 })
    source.runUntil(7_000_000)
    const files = JSON.stringify(source.command({ do: 'files' }).asker)
    expect(files).toContain('sooner')
    expect(files).not.toContain('later')
  })

  test('keeps the future that there was where what is applied in the past has an error', () => {
    const source = handmadeSource()
    source.runUntil(5_000_000)
    source.command({ do: 'apply', files: [{ name: 'reviews.yaml', content: 'weights: later' }] })
    source.runUntil(6_000_000)
    const print = source.fingerprint()
    source.command({ do: 'seek', time: 2_000_000 })
    const { all, asker } = source.command({ do: 'apply', files: [{ name: 'a.yaml', content: 'nonsense: 1' }] })
    expect([all, asker[0]]).toMatchObject([[], { type: 'diagnostics', applied: false }])
    expect(source.snapshot()).toMatchObject({ time: 2_000_000, edge: 6_000_000 })
    expect(source.fingerprint()).toBe(print)
    source.runUntil(7_000_000)
    expect(JSON.stringify(source.command({ do: 'files' }).asker)).toContain('later')
  })

  test('runs again to show the decisions of a request of long ago', () => {
    const source = handmadeSource()
    source.runUntil(400_000_000)
    const [frame] = source.command({ do: 'inspect', traceId: 17 }).asker
    if (frame?.type !== 'request') throw new Error('no request frame')
    expect(frame.request?.traceId).toBe(17)
    expect(frame.spans.length).toBeGreaterThan(3)
  })

  test('keeps what went wrong when it thins the rest, and says so', () => {
    const tape = new Tape()
    const request = (traceId: number, end: number): RequestFrame => ({
      traceId,
      load: 'readers',
      start: end - 1000,
      end,
      method: 'GET',
      url: 'http://a/',
      status: 200,
      failure: '',
      outcome: traceId % 100 === 0 ? 'fail' : 'ok',
      hops: [],
    })
    for (let id = 1; id <= 60_000; id++) tape.request(request(id, id * 10_000))
    const { requests, sampling } = tape.between(0, 100_000_000)
    expect(sampling).toBeGreaterThan(1)
    expect(requests.filter(r => r.outcome === 'fail')).toHaveLength(100)
    expect(tape.latest(600_000_000, 1_000_000).length).toBeLessThanOrEqual(24_000)
    expect(tape.beats.reduce((sum, beat) => sum + beat.requests, 0)).toBe(60_000)
  })
})
