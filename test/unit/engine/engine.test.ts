import { describe, expect, test } from 'vitest'
import { Engine, type EventHandler, Timer } from '../../../simulator/engine/index.ts'

class Log implements EventHandler {
  readonly seen: string[] = []
  readonly engine: Engine
  constructor(engine: Engine) {
    this.engine = engine
  }
  onEvent(kind: number, subject: unknown): void {
    this.seen.push(`${this.engine.now}:${kind}:${String(subject)}`)
  }
}

describe('the engine', () => {
  test('runs events by time, and equal times in the order they were scheduled', () => {
    const engine = new Engine()
    const log = new Log(engine)
    engine.schedule(20, log, 1, 'late')
    engine.schedule(10, log, 1, 'first')
    engine.schedule(10, log, 2, 'second')
    engine.schedule(10, log, 3, 'third')
    expect(engine.runUntil(15)).toBe(3)
    expect(log.seen).toEqual(['10:1:first', '10:2:second', '10:3:third'])
    expect(engine.now).toBe(15)
    expect(engine.pending).toBe(1)
    expect(engine.step()).toBe(true)
    expect(engine.now).toBe(20)
    expect(engine.step()).toBe(false)
    expect(engine.eventsRun).toBe(4)
  })

  test('a cancelled event does not run, and cancelling twice or too late says so', () => {
    const engine = new Engine()
    const log = new Log(engine)
    const id = engine.after(5, log, 0, 'x')
    expect(engine.cancel(id)).toBe(true)
    expect(engine.cancel(id)).toBe(false)
    expect(engine.pending).toBe(0)
    const ran = engine.after(5, log, 0, 'y')
    engine.runUntil(5)
    expect(engine.cancel(ran)).toBe(false)
    expect(engine.cancel(0)).toBe(false)
    expect(log.seen).toEqual(['5:0:y'])
  })

  test('a stale handle does not cancel the event that took over its slot', () => {
    const engine = new Engine()
    const log = new Log(engine)
    const stale = engine.after(1, log, 0, 'old')
    engine.runUntil(1)
    engine.after(1, log, 0, 'new')
    expect(engine.cancel(stale)).toBe(false)
    engine.runUntil(2)
    expect(log.seen).toEqual(['1:0:old', '2:0:new'])
  })

  test('many cancelled timers are swept out and leave the order of the rest untouched', () => {
    const engine = new Engine()
    const log = new Log(engine)
    for (let i = 0; i < 5000; i++) {
      const id = engine.schedule(1 + ((i * 7919) % 1000), log, 0, i)
      if (i % 10 !== 0) engine.cancel(id)
    }
    expect(engine.pending).toBe(500)
    engine.runUntil(2000)
    const times = log.seen.map(line => Number(line.split(':')[0]))
    expect(times).toHaveLength(500)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })

  test('an event in the past or at a broken time is refused with the handler named', () => {
    const engine = new Engine()
    const log = new Log(engine)
    engine.runUntil(100)
    expect(() => engine.schedule(99, log, 0, null)).toThrow(/handler=Log/)
    expect(() => engine.schedule(100.5, log, 0, null)).toThrow(/whole time/)
    expect(() => engine.after(Number.NaN, log, 0, null)).toThrow(/whole time/)
  })

  test('a component that never lets time pass is stopped by name', () => {
    const engine = new Engine({ eventsPerInstant: 100 })
    class Wild implements EventHandler {
      onEvent(): void {
        engine.after(0, this, 7, null)
      }
    }
    engine.after(3, new Wild(), 7, null)
    expect(() => engine.runUntil(10)).toThrow(
      /too many events at one instant \(limit=100, at=3, handler=Wild, kind=7\)/,
    )
  })

  test('a queue that grows without end is stopped by name', () => {
    const engine = new Engine({ queueLength: 50 })
    const log = new Log(engine)
    expect(() => {
      for (let i = 0; i < 51; i++) engine.after(i, log, 0, null)
    }).toThrow(/too many events in the queue/)
  })

  test('the fingerprint tells another time, kind or noted word', () => {
    const run = (time: number, kind: number, word: number) => {
      const engine = new Engine()
      engine.schedule(time, new Log(engine), kind, null)
      engine.runUntil(1000)
      engine.note(word)
      return engine.fingerprint()
    }
    expect(run(5, 1, 9)).toMatch(/^[0-9a-f]{16}$/)
    expect(run(5, 1, 9)).toBe(run(5, 1, 9))
    expect(new Set([run(5, 1, 9), run(6, 1, 9), run(5, 2, 9), run(5, 1, 10), run(5, 1, 2 ** 40)]).size).toBe(5)
  })

  test('stop returns after the current event and leaves the clock there', () => {
    const engine = new Engine()
    engine.schedule(10, { onEvent: () => engine.stop() }, 0, null)
    engine.schedule(20, new Log(engine), 0, null)
    expect(engine.runUntil(100)).toBe(1)
    expect(engine.now).toBe(10)
    expect(engine.nextEventAt).toBe(20)
  })

  test('a timer fires once, can be moved and disarmed', () => {
    const engine = new Engine()
    const log = new Log(engine)
    const timer = new Timer(engine, log, 4, 'route timeout')
    timer.arm(10)
    timer.arm(20)
    engine.runUntil(15)
    expect(timer.armed).toBe(true)
    engine.runUntil(25)
    expect(timer.armed).toBe(false)
    timer.arm(5)
    timer.disarm()
    engine.runUntil(50)
    expect(log.seen).toEqual(['20:4:route timeout'])
  })
})
