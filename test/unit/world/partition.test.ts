// The network between two pods carries nothing for a while, or for good.
import { expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import type { ClientConnection, HttpRequest } from '../../../simulator/wire/types.ts'
import { World } from '../../../simulator/world/index.ts'

const SECOND = 1_000_000
const REQUEST: HttpRequest = {
  method: 'GET',
  scheme: 'http',
  authority: 'b',
  path: '/',
  headers: [],
  body: '',
  protocol: 'HTTP/1.1',
  traceId: 1,
  parentSpan: 0,
}
const pod = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, annotations: { sidecar.istio.io/inject: "false" } }\nspec: { containers: [{ name: app }] }\n`

function start() {
  const { resources } = loadResources([{ name: 'mesh.yaml', content: `${pod('a')}---\n${pod('b')}` }])
  const world = new World({ seed: '1', resources, recorder: new MemoryRecorder({ kinds: [] }) })
  const [a, b] = [world.pod('a.default')!, world.pod('b.default')!]
  b.listen(80, {
    accept: () => ({
      kind: 'accepted',
      hello: null,
      handler: {
        onRequest: (_request, responder) =>
          responder.respond({ status: 200, headers: [], body: '', trailers: null, protocol: 'HTTP/1.1' }),
        onData: () => {},
        onClosed: () => {},
      },
    }),
  })
  const heard: string[] = []
  const at = (what: string) => heard.push(`${what} ${(world.engine.now / SECOND).toFixed(3)}`)
  let connection: ClientConnection | null = null
  const dial = () =>
    a.network.dial(
      { ip: b.ip, port: 80, tls: null, firstBytes: 'HTTP/1.1', bypassCapture: true },
      {
        onConnected: open => {
          connection = open
          at('connected')
        },
        onConnectFailure: failure => at(failure),
        onData: () => {},
        onClosed: how => at(how),
      },
    )
  const ask = () =>
    connection?.request(REQUEST, { onResponse: r => at(String(r.status)), onReset: reason => at(reason) })
  const cut = (on: boolean) => world.partition(new Set(['a.default']), new Set(['b.default']), on)
  return { world, heard, dial, ask, cut, run: (seconds: number) => world.engine.runUntil(seconds * SECOND) }
}

test('what is under way waits until the network carries again', () => {
  const mesh = start()
  mesh.dial()
  mesh.run(1)
  mesh.cut(true)
  mesh.ask()
  mesh.run(5)
  expect(mesh.heard).toEqual(['connected 0.001'])
  mesh.cut(false)
  mesh.run(6)
  expect(mesh.heard.slice(1)).toEqual(['200 5.000'])
})

test('a connection whose segments nobody confirms is lost after tcp_retries2, a dial after the last SYN', () => {
  const mesh = start()
  mesh.dial()
  mesh.run(1)
  mesh.cut(true)
  mesh.ask()
  mesh.dial()
  mesh.run(2_000)
  expect(mesh.heard.slice(1)).toEqual(['unreachable 128.000', 'connection termination 925.600', 'rst 925.600'])
})
