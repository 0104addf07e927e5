// The server over a mesh written by hand: what it answers, to whom, and in what order.
import { get } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningServer, startServer } from '../../simulator/server/index.ts'
import type { Frame } from '../../simulator/stream/frame.ts'
import { FILES, handmadeSource } from '../unit/stream/handmade-mesh.ts'

const running: RunningServer[] = []

async function served(): Promise<RunningServer> {
  const server = await startServer({
    scenario: { name: 'bookinfo', title: 'Bookinfo', duration: '60s' },
    files: FILES,
    source: handmadeSource(),
    port: 0,
    webDir: '/nonexistent',
  })
  running.push(server)
  return server
}

afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

function ask(
  server: RunningServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; type: string; body: string }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path, headers, agent: false }, response => {
      let body = ''
      response.on('data', chunk => {
        body += String(chunk)
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body }),
      )
    }).on('error', reject)
  })
}

/** Opens the stream and collects frames until `enough` says so. */
function frames(
  server: RunningServer,
  enough: (all: Frame[]) => boolean,
  talk: (socket: WebSocket) => void = () => undefined,
): Promise<Frame[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/stream`, { origin: `http://localhost:${server.port}` })
    const all: Frame[] = []
    socket.on('open', () => talk(socket))
    socket.on('message', data => {
      all.push(JSON.parse(String(data)) as Frame)
      if (!enough(all)) return
      socket.close()
      resolve(all)
    })
    socket.on('error', reject)
  })
}

/** The status with which an upgrade is refused. */
function refusal(server: RunningServer, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers })
    socket.on('open', () => reject(new Error('the socket was opened')))
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.on('error', () => undefined)
  })
}

describe('the server', () => {
  test('answers its API and says what is wrong as problem details', async () => {
    const server = await served()
    expect(JSON.parse((await ask(server, '/healthz')).body)).toEqual({ status: 'ok' })
    expect(JSON.parse((await ask(server, '/api/scenario')).body)).toMatchObject({ type: 'hello', protocol: 2 })
    expect(JSON.parse((await ask(server, '/api/files')).body)).toEqual({ files: FILES })
    const missing = await ask(server, '/../package.json')
    expect(missing).toMatchObject({ status: 404, type: 'application/problem+json; charset=utf-8' })
    expect((await ask(server, '/')).status).toBe(503)
  })

  test('refuses a foreign Host and a foreign Origin', async () => {
    const server = await served()
    expect((await ask(server, '/healthz', { host: 'evil.example' })).status).toBe(403)
    expect((await ask(server, '/healthz', { host: `localhost:${server.port + 1}` })).status).toBe(403)
    expect((await ask(server, '/healthz', { origin: 'http://evil.example' })).status).toBe(403)
    expect((await ask(server, '/healthz', { host: `localhost:${server.port}` })).status).toBe(200)
    expect(await refusal(server, '/stream', { origin: 'http://evil.example' })).toBe(403)
    expect(await refusal(server, '/stream', { host: 'evil.example' })).toBe(403)
    expect(await refusal(server, '/other', {})).toBe(404)
  })

  test('takes the next free port', async () => {
    const first = await served()
    const second = await startServer({
      scenario: { name: 'x', title: 'x', duration: '1s' },
      files: [],
      source: handmadeSource(),
      port: first.port,
      webDir: '/nonexistent',
    })
    running.push(second)
    expect(second.port).toBeGreaterThan(first.port)
    expect((await ask(second, '/healthz')).status).toBe(200)
  })

  test('streams hello, snapshot and deltas in order', async () => {
    const server = await served()
    const all = await frames(server, list => list.length >= 6)
    expect(all.map(frame => frame.type)).toEqual(['hello', 'snapshot', 'delta', 'delta', 'delta', 'delta'])
    const deltas = all.filter(frame => frame.type === 'delta')
    expect(deltas.map(frame => frame.seq)).toEqual([1, 2, 3, 4])
    expect(deltas.at(-1)?.time).toBeGreaterThan(deltas[0]?.time ?? 0)
  })

  test('obeys commands and refuses what is none', async () => {
    const server = await served()
    const all = await frames(
      server,
      list => list.some(frame => frame.type === 'refusal') && list.some(frame => frame.type === 'files'),
      socket => {
        socket.send('{"do":"pause"}')
        socket.send('{"do":"nothing"}')
        socket.send('{"do":"files"}')
      },
    )
    expect(all.find(frame => frame.type === 'delta')).toMatchObject({ running: false })
    expect(all.find(frame => frame.type === 'files')).toMatchObject({ files: FILES })
    const before = server.source.now
    await frames(server, list => list.length >= 2)
    expect(server.source.now).toBe(before)
  })

  test('closes with viewers attached', async () => {
    const server = await served()
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/stream`)
    const code = new Promise<number>(resolve => socket.on('close', resolve))
    await new Promise(resolve => socket.on('message', resolve))
    await server.close()
    running.splice(0)
    expect(await code).toBe(1001)
  })
})
