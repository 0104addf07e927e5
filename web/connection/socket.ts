// Frames from the server that served the page. A lost connection is tried again, each time a little later; the server
// begins every connection with a snapshot, so nothing needs to be made up for.
import type { Command } from '../../simulator/stream/command.ts'
import type { Frame } from '../../simulator/stream/frame.ts'
import type { Listener, Source } from './source.ts'

const PROTOCOL = 2
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 5000

export function connectSocket(listener: Listener): Source {
  let socket: WebSocket | null = null
  let retryMs = FIRST_RETRY_MS
  const open = (): void => {
    const address = new URL('./stream', location.href)
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
    socket = new WebSocket(address)
    socket.onopen = () => {
      retryMs = FIRST_RETRY_MS
      listener.connected(true)
    }
    socket.onmessage = event => {
      const frame = JSON.parse(String(event.data)) as Frame
      // A server of another version has another page too.
      if (frame.type === 'hello' && frame.protocol !== PROTOCOL) location.reload()
      else listener.frame(frame)
    }
    socket.onclose = () => {
      listener.connected(false)
      setTimeout(open, retryMs)
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
    }
  }
  open()
  return {
    send(command: Command): void {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command))
    },
  }
}
