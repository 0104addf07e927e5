// Door of the room: one call starts the server over a scenario and tells its address.
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import type { SourceFile } from '../resources/types.ts'
import type { ScenarioSpec } from '../scenario/index.ts'
import { createFrameSource, type FrameSource, type ShelfEntry } from '../stream/index.ts'
import { buildApp } from './app.ts'
import { foreign, ownNames } from './origin.ts'
import { builtPage, readPage } from './page.ts'
import { Viewers } from './viewers.ts'

export interface ServerOptions {
  scenario: ScenarioSpec
  /** Documents of the mesh. */
  files: SourceFile[]
  seed?: string
  /** The next free one is taken when it is in use; 0 = any. Default 8080. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /** Folder of the built page; default: where the build puts it. */
  webDir?: string
  /** Scenarios that viewers may go over to. */
  shelf?: readonly ShelfEntry[]
  /** The mesh to show instead of one made of scenario and files. */
  source?: FrameSource
}

export interface RunningServer {
  /** `http://127.0.0.1:8080/`. */
  url: string
  port: number
  source: FrameSource
  /** Stops accepting, says goodbye to viewers, resolves when all is closed. */
  close(): Promise<void>
}

/** Ports tried after the wanted one. */
const PORTS_TRIED = 50
const STREAM_PATH = '/stream'
/** Files of one's own travel in one message. */
const MESSAGE_BYTES_MAX = 16_000_000
/** Milliseconds that viewers have to answer the goodbye. */
const GOODBYE_MS = 2_000

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1'
  const source = options.source ?? createFrameSource(options, options.shelf)
  let names: ReadonlySet<string> = new Set()
  const app = buildApp({
    source,
    files: options.files,
    page: readPage(options.webDir ?? builtPage()),
    names: () => names,
  })
  const viewers = new Viewers(source)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const reason = foreign(request, names)
    if (reason !== null) return refuse(socket, '403 Forbidden', reason)
    if ((request.url ?? '').split('?')[0] !== STREAM_PATH) {
      return refuse(socket, '404 Not Found', 'streams are at /stream')
    }
    sockets.handleUpgrade(request, socket, head, opened => viewers.add(opened))
  })
  const port = await listen(app, host, options.port ?? 8080)
  names = ownNames(host, port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    port,
    source,
    close: async () => {
      viewers.close()
      const patience = setTimeout(() => viewers.terminate(), GOODBYE_MS)
      app.server.closeIdleConnections()
      await app.close()
      clearTimeout(patience)
    },
  }
}

/** The wanted port, or the first free one after it. */
async function listen(app: FastifyInstance, host: string, wanted: number): Promise<number> {
  await app.ready()
  for (let port = wanted; ; port++) {
    try {
      await app.listen({ host, port })
      return (app.server.address() as AddressInfo).port
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (!taken || wanted === 0 || port >= wanted + PORTS_TRIED) throw error
    }
  }
}

function refuse(socket: Duplex, status: string, detail: string): void {
  const body = JSON.stringify({
    type: 'about:blank',
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
  })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
