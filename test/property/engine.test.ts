// The queue against the simplest model of it: a list that is sorted whenever something is taken.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandomTree, Engine, type EventHandler } from '../../simulator/engine/index.ts'

type Act = { act: 'add'; delay: number } | { act: 'cancel'; which: number } | { act: 'step' }

const acts = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ act: fc.constant('add' as const), delay: fc.nat(40) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('cancel' as const), which: fc.nat(1000) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constant('step' as const) }) },
  ),
  { maxLength: 400 },
)

test('the engine takes events in the order of a sorted list, whatever is added and cancelled', () => {
  fc.assert(
    fc.property(acts, (script: Act[]) => {
      const engine = new Engine()
      const taken: number[] = []
      const handler: EventHandler = { onEvent: (_kind, subject) => void taken.push(subject as number) }
      const handles: number[] = []
      let model: { at: number; n: number }[] = []
      const expected: number[] = []
      const take = () => {
        model.sort((a, b) => a.at - b.at || a.n - b.n)
        const first = model.shift()
        if (first !== undefined) expected.push(first.n)
        return first !== undefined
      }
      for (const item of script) {
        if (item.act === 'add') {
          model.push({ at: engine.now + item.delay, n: handles.length })
          handles.push(engine.after(item.delay, handler, 0, handles.length))
        } else if (item.act === 'cancel' && handles.length > 0) {
          const n = item.which % handles.length
          const before = model.length
          model = model.filter(entry => entry.n !== n)
          expect(engine.cancel(handles[n]!)).toBe(model.length < before)
        } else if (item.act === 'step') {
          expect(engine.step()).toBe(take())
        }
        expect(engine.pending).toBe(model.length)
      }
      while (take()) engine.step()
      expect(engine.pending).toBe(0)
      expect(taken).toEqual(expected)
    }),
    { seed: 20261124, numRuns: 150 },
  )
})

/** A little world that schedules, cancels and rolls dice. */
function busy(seed: number): Engine {
  const engine = new Engine()
  const dice = createRandomTree(seed).stream('busy')
  const handles: number[] = []
  const handler: EventHandler = {
    onEvent(kind) {
      engine.note(dice.below(1000))
      for (let i = dice.below(3); i > 0; i--) handles.push(engine.after(dice.below(5000), handler, kind + 1, null))
      if (handles.length > 4) engine.cancel(handles[dice.below(handles.length)]!)
      if (engine.pending < 5) engine.after(10 + dice.below(100), handler, 0, null)
    },
  }
  engine.after(0, handler, 0, null)
  return engine
}

test('a run chopped into sixty pieces, or stepped, has the fingerprint of one in one piece', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), seed => {
      const whole = busy(seed)
      whole.runUntil(60_000)
      const chopped = busy(seed)
      for (let i = 1; i <= 60; i++) chopped.runUntil(i * 1_000)
      const stepped = busy(seed)
      while (stepped.nextEventAt <= 60_000) stepped.step()
      expect(chopped.fingerprint()).toBe(whole.fingerprint())
      expect(stepped.fingerprint()).toBe(whole.fingerprint())
      expect(chopped.eventsRun).toBe(whole.eventsRun)
      expect(busy(seed + 1).fingerprint() === whole.fingerprint()).toBe(false)
    }),
    { seed: 20261124, numRuns: 15 },
  )
})
