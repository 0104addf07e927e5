import { describe, expect, test } from 'vitest'
import { SeriesKeeper } from '../../../simulator/stream/series.ts'

const SECOND = 1_000_000
const answer = (second: number, status = 200, part = 'v1', duration = 1000) => ({
  ...{ end: second * SECOND, status, part, duration },
})

describe('curves of a run', () => {
  test('answers a second by status and by part, percentiles where there were any', () => {
    const keeper = new SeriesKeeper()
    for (const [second, status, part] of [
      [0.1, 200, 'v1'],
      [0.9, 503, 'v2'],
      [2.5, 0, 'v1'],
    ] as const)
      keeper.add('a', answer(second, status, part))
    const read = keeper.read(['a'], 3 * SECOND)
    expect(read.width).toBe(1)
    expect(read.codes).toEqual([
      { name: '200', rates: [1, 0, 0, 0] },
      { name: '503', rates: [1, 0, 0, 0] },
      { name: 'no answer', rates: [0, 0, 1, 0] },
    ])
    expect(read.parts.map(({ name }) => name)).toEqual(['v1', 'v2'])
    expect(read.p50.map(us => us !== null)).toEqual([true, false, true, false])
  })
  test('places are read together', () => {
    const keeper = new SeriesKeeper()
    keeper.add('a', answer(0))
    keeper.add('b', answer(0, 200, 'v2'))
    keeper.add('c', answer(0))
    expect(keeper.read(['a', 'b'], 0).codes).toEqual([{ name: '200', rates: [2] }])
  })
  test('a long run has wider buckets, never more of them, and loses no answer', () => {
    const keeper = new SeriesKeeper()
    for (let second = 0; second < 5000; second++) keeper.add('a', answer(second))
    const { width, codes } = keeper.read(['a'], 4999 * SECOND)
    expect(width).toBe(16)
    const [curve] = codes
    expect(curve!.rates.length).toBeLessThanOrEqual(600)
    expect(curve!.rates.reduce((sum, rate) => sum + rate * width, 0)).toBe(5000)
  })
})
