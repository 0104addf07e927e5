// Everybody who looks at the one mesh, and the clock that moves it while somebody does. Two tabs see the same mesh. A tab
// that reads slowly gets fewer frames: beyond a limit of unsent bytes deltas are left out, and a snapshot follows when it
// has caught up, so that no buffer grows without end.
import type { WebSocket } from 'ws'
import type { Frame, FrameSource } from '../stream/index.ts'
import { parseCommand } from '../stream/index.ts'

/** Milliseconds between two frames. */
const INTERVAL_MS = 100
/** Share of an interval that the simulation may take, so that commands and other tabs are heard in between. */
const BUSY_MS = 60
/** Unsent bytes at which a viewer stops getting deltas, and at which he gets a snapshot again. */
const BEHIND_BYTES = 1_000_000
const CAUGHT_UP_BYTES = 64_000
/** A clock that slept (a suspended laptop) does not make up for more than this. */
const LONGEST_LEAP_MS = 400

interface Viewer {
  socket: WebSocket
  behind: boolean
}

export class Viewers {
  private readonly source: FrameSource
  private readonly viewers = new Set<Viewer>()
  private timer: ReturnType<typeof setInterval> | null = null
  private last = 0

  constructor(source: FrameSource) {
    this.source = source
  }

  get count(): number {
    return this.viewers.size
  }

  add(socket: WebSocket): void {
    const viewer: Viewer = { socket, behind: false }
    this.viewers.add(viewer)
    socket.on('message', (data, binary) => this.heard(viewer, binary ? '' : String(data)))
    socket.on('close', () => this.leave(viewer))
    // An error is followed by close; what matters is that it does not end the process.
    socket.on('error', () => this.leave(viewer))
    this.send(viewer, this.source.hello())
    this.send(viewer, this.source.snapshot())
    if (this.timer === null) {
      this.last = performance.now()
      this.timer = setInterval(() => this.tick(), INTERVAL_MS)
    }
  }

  /** Says goodbye to all (1001: going away). */
  close(): void {
    for (const { socket } of this.viewers) socket.close(1001, 'the server stops')
    this.stop()
  }

  /** Sockets that did not answer the goodbye. */
  terminate(): void {
    for (const { socket } of this.viewers) socket.terminate()
    this.viewers.clear()
  }

  private tick(): void {
    const now = performance.now()
    const wallMs = Math.min(now - this.last, LONGEST_LEAP_MS)
    this.last = now
    const frame = this.source.advance(wallMs, () => performance.now() - now < BUSY_MS)
    if (frame !== null) this.tellAll(frame)
    this.tellAnswers()
  }

  /** What viewers had to wait for. */
  private tellAnswers(): void {
    for (const { to, all, asker } of this.source.answers()) {
      const viewer = [...this.viewers].find(one => one === to)
      if (viewer !== undefined) for (const frame of asker) this.send(viewer, frame)
      for (const frame of all) this.tellAll(frame)
    }
  }

  private heard(viewer: Viewer, text: string): void {
    const parsed = parseCommand(text)
    if ('reason' in parsed) {
      this.send(viewer, { type: 'refusal', reason: parsed.reason })
      return
    }
    const began = performance.now()
    const { all, asker } = this.source.command(parsed.command, () => performance.now() - began < BUSY_MS, viewer)
    for (const frame of asker) this.send(viewer, frame)
    for (const frame of all) this.tellAll(frame)
  }

  private tellAll(frame: Frame): void {
    const text = JSON.stringify(frame)
    for (const viewer of this.viewers) this.deliver(viewer, frame, text)
  }

  private deliver(viewer: Viewer, frame: Frame, text: string): void {
    const { socket } = viewer
    if (socket.readyState !== socket.OPEN) return
    if (viewer.behind) {
      if (socket.bufferedAmount > CAUGHT_UP_BYTES) return
      viewer.behind = false
      if (frame.type === 'delta') {
        this.send(viewer, this.source.snapshot())
        return
      }
    } else if (frame.type === 'delta' && socket.bufferedAmount > BEHIND_BYTES) {
      viewer.behind = true
      return
    }
    socket.send(text)
  }

  private send(viewer: Viewer, frame: Frame): void {
    if (viewer.socket.readyState === viewer.socket.OPEN) viewer.socket.send(JSON.stringify(frame))
  }

  private leave(viewer: Viewer): void {
    this.viewers.delete(viewer)
    if (this.viewers.size === 0) this.stop()
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }
}
