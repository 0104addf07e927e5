// A tab that does not read: frames are left out for it, never queued without end, and a snapshot brings it back.
import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { Viewers } from '../../simulator/server/viewers.ts'
import { handmadeSource } from '../unit/stream/handmade-mesh.ts'

class SlowSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  bufferedAmount = 0
  sent: string[] = []

  send(text: string): void {
    this.sent.push((JSON.parse(text) as { type: string }).type)
  }

  close(): void {
    this.emit('close')
  }
}

test('a slow viewer loses deltas and gets a snapshot when it has caught up', () => {
  vi.useFakeTimers()
  const viewers = new Viewers(handmadeSource())
  const [slow, quick] = [new SlowSocket(), new SlowSocket()]
  for (const socket of [slow, quick]) viewers.add(socket as unknown as WebSocket)
  vi.advanceTimersByTime(300)
  expect(slow.sent).toEqual(['hello', 'snapshot', 'delta', 'delta', 'delta'])
  slow.bufferedAmount = 2_000_000
  vi.advanceTimersByTime(500)
  expect(slow.sent).toHaveLength(5)
  expect(quick.sent).toHaveLength(10)
  slow.bufferedAmount = 0
  vi.advanceTimersByTime(200)
  expect(slow.sent.slice(5)).toEqual(['snapshot', 'delta'])
  for (const socket of [slow, quick]) socket.close()
  expect(viewers.count).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})
