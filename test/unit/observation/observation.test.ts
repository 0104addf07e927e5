import { describe, expect, test } from 'vitest'
import {
  accessLogLine,
  LatencyHistogram,
  MemoryRecorder,
  type StreamRecord,
  TrafficStatistics,
  timestamp,
} from '../../../simulator/observation/index.ts'
import { blank } from './records.ts'

const stream = (fields: Partial<StreamRecord>): StreamRecord => ({
  ...blank,
  span: 1,
  traceId: 1,
  proxy: 'productpage-v1-0.default',
  pod: 'productpage-v1-0',
  start: 1_000_000,
  end: 1_012_345,
  upstreamStart: 1_001_000,
  upstreamEnd: 1_011_000,
  authority: 'reviews:9080',
  path: '/reviews/0',
  virtualHost: 'reviews.default.svc.cluster.local:9080',
  cluster: 'outbound|9080|v1|reviews.default.svc.cluster.local',
  upstreamHost: '10.244.0.12:9080',
  upstreamProtocol: 'HTTP/1.1',
  requestId: 'abc',
  bytesSent: 12,
  ...fields,
})

describe('the latency histogram', () => {
  test('is exact below 128 µs', () => {
    const histogram = new LatencyHistogram()
    for (let us = 1; us <= 100; us++) histogram.add(us)
    expect([histogram.percentile(1), histogram.percentile(50), histogram.percentile(99)]).toEqual([1, 50, 99])
  })
  test('gives percentiles at most 1.6 % above the true value', () => {
    const histogram = new LatencyHistogram()
    for (let i = 1; i <= 1_000; i++) histogram.add(i * 7_919)
    for (const percent of [10, 50, 90, 99, 100]) {
      const truth = Math.ceil(percent * 10) * 7_919
      expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(truth)
      expect(histogram.percentile(percent)).toBeLessThanOrEqual(truth * 1.016)
    }
  })
  test('merged halves equal the whole', () => {
    const [whole, left, right] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()]
    for (let i = 0; i < 500; i++) {
      whole.add(i * i)
      ;(i % 2 === 0 ? left : right).add(i * i)
    }
    left.merge(right)
    expect([left.count, left.sumUs, left.percentile(95)]).toEqual([whole.count, whole.sumUs, whole.percentile(95)])
  })
})

describe('traffic statistics', () => {
  test('count an edge on the side of the caller, by the version that answered', () => {
    const statistics = new TrafficStatistics()
    const party = (app: string, version: string) => ({
      workload: `${app}-${version}`,
      app,
      version,
      namespace: 'default',
    })
    statistics.directory = {
      byPod: id => (id === 'productpage-v1-0.default' ? party('productpage', 'v1') : null),
      byIp: ip => (ip === '10.244.0.12' ? party('reviews', 'v1') : null),
      byLoad: () => null,
    }
    statistics.record(stream({}))
    statistics.record(stream({ direction: 'inbound', proxy: 'reviews-v1-0.default' }))
    statistics.record(stream({ status: 503, flags: ['UO'], upstreamHost: '' }))
    statistics.record(stream({ isShadow: true }))
    const [edge] = statistics.sorted()
    expect(statistics.edges.size).toBe(1)
    expect(edge).toMatchObject({ source: 'productpage', destination: 'reviews', requests: 2, errors: 1 })
    expect([...(edge?.versions ?? [])]).toEqual([
      ['v1', 1],
      ['', 1],
    ])
  })
  test('a caller that went away itself is no error of the callee', () => {
    const statistics = new TrafficStatistics()
    statistics.record(stream({ status: 0, flags: ['DC'] }))
    expect(statistics.sorted()[0]?.errors).toBe(0)
  })
})

describe('the access log', () => {
  test("prints Istio's default text format", () => {
    expect(accessLogLine(stream({ flags: ['DI'] }))).toBe(
      '[2026-01-01T00:00:01.000Z] "GET /reviews/0 HTTP/1.1" 200 DI via_upstream - "-" 0 12 12 10 "-" "-" "abc" ' +
        '"reviews:9080" "10.244.0.12:9080" outbound|9080|v1|reviews.default.svc.cluster.local - - - - default',
    )
  })
  test('counts days as the calendar does', () => {
    expect(timestamp(0, 951_782_400)).toBe('2000-02-29T00:00:00.000Z')
    expect(timestamp(86_399_999_000, 1_767_139_200)).toBe('2025-12-31T23:59:59.999Z')
  })
})

test('a memory recorder keeps no more than its capacity, the newest', () => {
  const memory = new MemoryRecorder({ capacity: 3, kinds: ['mark'] })
  for (let at = 0; at < 10; at++) memory.record({ kind: 'mark', at, what: '' })
  memory.record(stream({}))
  expect(memory.of('mark').map(mark => mark.at)).toEqual([7, 8, 9])
})
