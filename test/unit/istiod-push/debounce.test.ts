import { describe, expect, test } from 'vitest'
import { Engine } from '../../../simulator/engine/index.ts'
import type { EventHandler } from '../../../simulator/engine/types.ts'
import { Debounce } from '../../../simulator/istiod/push/debounce.ts'

/** Adds one change at each of the given times (milliseconds); returns when which changes were pushed. */
function pushes(changesMs: number[], buildUs = 0): { atMs: number; changes: number[] }[] {
  const engine = new Engine()
  const seen: { atMs: number; changes: number[] }[] = []
  const options = { afterUs: 100_000, maxUs: 10_000_000 }
  const debounce = new Debounce<number>(
    engine,
    batch => {
      seen.push({ atMs: engine.now / 1000, changes: batch })
      return buildUs
    },
    options,
  )
  const source: EventHandler = { onEvent: (_kind, subject) => debounce.add(subject as number) }
  for (const at of changesMs) engine.schedule(at * 1000, source, 0, at)
  engine.runUntil(60_000_000)
  return seen
}

describe('the debounce of istiod', () => {
  test('pushes a lone change after the quiet period', () => {
    expect(pushes([0])).toEqual([{ atMs: 100, changes: [0] }])
  })

  test('gathers changes until it has been quiet since the last one', () => {
    expect(pushes([0, 30, 60, 90, 120])).toEqual([{ atMs: 220, changes: [0, 30, 60, 90, 120] }])
  })

  test('pushes each of changes that are further apart than the quiet period', () => {
    expect(pushes([0, 150, 300]).map(push => push.atMs)).toEqual([100, 250, 400])
  })

  test('pushes after the maximum although it never becomes quiet', () => {
    const steady = Array.from({ length: 250 }, (_, i) => i * 50)
    const seen = pushes(steady)
    expect(seen[0]?.atMs).toBeGreaterThanOrEqual(10_000)
    expect(seen[0]?.atMs).toBeLessThan(10_100)
    expect(seen.flatMap(push => push.changes)).toEqual(steady)
  })

  test('builds one push at a time: changes that come meanwhile form the next batch', () => {
    expect(pushes([0, 150, 260], 400_000)).toEqual([
      { atMs: 100, changes: [0] },
      { atMs: 500, changes: [150, 260] },
    ])
  })
})
