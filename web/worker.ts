// The same engine in a browser worker: frames without a server. The first message brings the scenario; every later one
// is a command, or a run to a point of time whose fingerprint is asked for.
import type { Command } from '../simulator/stream/command.ts'
import type { Frame } from '../simulator/stream/frame.ts'
import { createFrameSource, type FrameSource, type FrameSourceOptions } from '../simulator/stream/index.ts'

export type ToWorker =
  | { start: FrameSourceOptions; paced: boolean }
  | { command: Command }
  /** Runs to `until` in `pieces` equal pieces; answered with the fingerprint. */
  | { until: number; pieces: number }

export type FromWorker = { frame: Frame } | { fingerprint: string }

const INTERVAL_MS = 100
const BUSY_MS = 60

let source: FrameSource | null = null
let last = 0

function tell(message: FromWorker): void {
  self.postMessage(message)
}

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data
  if ('start' in message) {
    source = createFrameSource(message.start)
    tell({ frame: source.hello() })
    tell({ frame: source.snapshot() })
    last = performance.now()
    if (message.paced) setInterval(tick, INTERVAL_MS)
    return
  }
  if (source === null) return
  if ('command' in message) {
    const began = performance.now()
    const { all, asker } = source.command(message.command, () => performance.now() - began < BUSY_MS)
    for (const frame of [...asker, ...all]) tell({ frame })
    return
  }
  const from = source.now
  for (let piece = 1; piece <= message.pieces; piece++) {
    source.runUntil(from + Math.floor(((message.until - from) * piece) / message.pieces))
  }
  tell({ fingerprint: source.fingerprint() })
}

function tick(): void {
  const now = performance.now()
  const frame = source?.advance(now - last, () => performance.now() - now < BUSY_MS) ?? null
  last = now
  if (frame !== null) tell({ frame })
  for (const { all, asker } of source?.answers() ?? []) for (const found of [...asker, ...all]) tell({ frame: found })
}
