import { describe, expect, test } from 'vitest'
import {
  checkDistribution,
  compileDistribution,
  createRandomTree,
  describeDistribution,
  exactExp,
  exactLog,
  formatDuration,
  parseDuration,
} from '../../../simulator/engine/index.ts'

function moments(draw: () => number, n = 100_000): { mean: number; variance: number } {
  let sum = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    const x = draw()
    sum += x
    squares += x * x
  }
  const mean = sum / n
  return { mean, variance: squares / n - mean * mean }
}

describe('random streams', () => {
  test('a stream depends on seed and name only', () => {
    const a = createRandomTree(7)
    const b = createRandomTree('7')
    a.stream('another consumer').next()
    const first = a.stream('proxy/x/lb')
    const second = b.stream('proxy/x/lb')
    const draws = Array.from({ length: 20 }, () => first.next())
    expect(Array.from({ length: 20 }, () => second.next())).toEqual(draws)
    expect(createRandomTree(8).stream('proxy/x/lb').next()).not.toBe(draws[0])
    expect(a.stream('proxy/y/lb').next()).not.toBe(draws[0])
  })

  test('known dice stay the same dice', () => {
    const stream = createRandomTree(1).stream('golden')
    const drawn = [stream.next(), stream.exponential(), stream.normal(), stream.below(1000)]
    expect(drawn).toMatchInlineSnapshot(`
      [
        0.9665795618202537,
        0.6063814435266873,
        0.9269230070718073,
        508,
      ]
    `)
  })

  test('uniform, exponential and normal have their moments', () => {
    const stream = createRandomTree('moments').stream('s')
    const uniform = moments(() => stream.next())
    expect(uniform.mean).toBeCloseTo(0.5, 2)
    expect(uniform.variance).toBeCloseTo(1 / 12, 2)
    const exponential = moments(() => stream.exponential(), 400_000)
    expect(Math.abs(exponential.mean - 1)).toBeLessThan(0.007)
    expect(Math.abs(exponential.variance - 1)).toBeLessThan(0.025)
    const normal = moments(() => stream.normal(), 400_000)
    expect(Math.abs(normal.mean)).toBeLessThan(0.007)
    expect(Math.abs(normal.variance - 1)).toBeLessThan(0.012)
  })

  test('the tails of exponential and normal are as long as they should be', () => {
    const stream = createRandomTree('tails').stream('s')
    const n = 400_000
    let beyond3 = 0
    let beyond8 = 0
    let normal2 = 0
    let normal35 = 0
    for (let i = 0; i < n; i++) {
      const e = stream.exponential()
      if (e > 3) beyond3++
      if (e > 8) beyond8++
      const z = stream.normal()
      if (z > 2) normal2++
      if (z > 3.5 || z < -3.5) normal35++
    }
    const within = (count: number, p: number) =>
      expect(Math.abs(count - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)))
    within(beyond3, 0.049787)
    within(beyond8, 0.00033546)
    within(normal2, 0.02275)
    within(normal35, 0.00046526)
  })

  test('below(n) reaches every face evenly', () => {
    const stream = createRandomTree(3).stream('die')
    const faces = [0, 0, 0, 0, 0, 0]
    for (let i = 0; i < 60_000; i++) faces[stream.below(6)]!++
    for (const count of faces) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  test('own logarithm and exponential agree with the platform to fifteen digits', () => {
    for (let i = 1; i < 2000; i++) {
      const x = (i * 0.37) ** 3 * 1e-4
      expect(Math.abs(exactLog(x) - Math.log(x))).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(Math.log(x))))
      const y = (i - 1000) * 0.05
      expect(Math.abs(exactExp(y) / Math.exp(y) - 1)).toBeLessThan(1e-15)
    }
    expect(exactLog(1)).toBe(0)
    expect(exactExp(0)).toBe(1)
  })
})

describe('durations', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['5ms', 5_000],
    ['1.5s', 1_500_000],
    ['0.1s', 100_000],
    ['1h30m', 5_400_000_000],
    ['1m0.25s', 60_250_000],
    ['250us', 250],
    ['3µs', 3],
    ['1500ns', 1],
    ['.5s', 500_000],
    ['-2s', -2_000_000],
    ['3600s', 3_600_000_000],
  ])('%s is %d microseconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })

  test.each(['', '5', 's', '1 s', '1.5', '5 minutes', '1s ', '--1s', '1d', '1e3s'])('"%s" is no duration', text => {
    expect(parseDuration(text)).toBeNull()
  })

  test.each([
    [0, '0s'],
    [250, '250us'],
    [5_000, '5ms'],
    [1_250, '1.25ms'],
    [2_003_000, '2.003s'],
    [90_000_000, '1m30s'],
    [3_600_000_000, '1h0m0s'],
    [-1_500_000, '-1.5s'],
  ])('%d prints as %s', (us, text) => {
    expect(formatDuration(us)).toBe(text)
    expect(parseDuration(text)).toBe(us)
  })
})

describe('distributions', () => {
  const stream = createRandomTree('distributions').stream('s')

  test('a bare duration is constant and draws no dice', () => {
    const untouched = createRandomTree(1).stream('a')
    const other = createRandomTree(1).stream('a')
    expect(compileDistribution('5ms', untouched)()).toBe(5_000)
    expect(compileDistribution({ constant: '1s' }, untouched)()).toBe(1_000_000)
    expect(untouched.next()).toBe(other.next())
  })

  test('uniform stays within its bounds, exponential has its mean', () => {
    const uniform = compileDistribution({ uniform: ['1ms', '5ms'] }, stream)
    const drawn = Array.from({ length: 2000 }, uniform)
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(5_000)
    expect(drawn.every(Number.isInteger)).toBe(true)
    expect(Math.abs(moments(compileDistribution({ exponential: '10ms' }, stream)).mean - 10_000)).toBeLessThan(150)
  })

  test('lognormal has the median and the 99th percentile asked for', () => {
    const draw = compileDistribution({ lognormal: { p50: '10ms', p99: '80ms' } }, stream)
    const drawn = Array.from({ length: 50_000 }, draw).sort((a, b) => a - b)
    expect(Math.abs(drawn[25_000]! / 10_000 - 1)).toBeLessThan(0.03)
    expect(Math.abs(drawn[49_500]! / 80_000 - 1)).toBeLessThan(0.08)
  })

  test('a histogram gives back its shares, also over an empty bucket', () => {
    const histogram = [
      { upTo: '10ms', count: 50 },
      { upTo: '20ms', count: 0 },
      { upTo: '30ms', count: 150 },
    ]
    const draw = compileDistribution({ histogram }, createRandomTree('h').stream('h'))
    const values = Array.from({ length: 4_000 }, draw)
    expect(values.filter(us => us <= 10_000).length / 4_000).toBeCloseTo(0.25, 1)
    expect(values.filter(us => us > 10_000 && us < 20_000)).toEqual([])
    expect(checkDistribution({ histogram: [histogram[2]!, histogram[0]!] })).toMatch(/must rise/)
  })
  test('empirical follows its points', () => {
    const spec = {
      empirical: [
        { p: 0, value: '1ms' },
        { p: 0.5, value: '2ms' },
        { p: 1, value: '10ms' },
      ],
    }
    const draw = compileDistribution(spec, stream)
    const drawn = Array.from({ length: 20_000 }, draw)
    expect(Math.abs(drawn.filter(v => v <= 2_000).length / 20_000 - 0.5)).toBeLessThan(0.02)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(10_000)
  })

  test('a wrong spec is named in a sentence', () => {
    expect(checkDistribution('fast')).toBe('"fast" is not a duration such as 5ms')
    expect(checkDistribution({ uniform: ['5ms', '1ms'] })).toMatch(/exceeds/)
    expect(checkDistribution({ lognormal: { p50: '5ms', p99: '1ms' } })).toMatch(/below/)
    expect(checkDistribution({ empirical: [] })).toMatch(/no points/)
    expect(checkDistribution({ exponential: '-1s' })).toMatch(/negative/)
    expect(checkDistribution({ exponential: '1s' })).toBeNull()
    expect(describeDistribution({ lognormal: { p50: '5ms', p99: '40ms' } })).toBe('lognormal p50 5ms p99 40ms')
  })
})
