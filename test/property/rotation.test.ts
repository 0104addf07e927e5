// A year of certificates: 200 pods in pairs, each pair with a request in flight at every moment, so across every rotation;
// each connection is new, so every certificate of its lifetime is used in a handshake. Nothing may be lost.
import { expect, test } from 'vitest'
import type { Observation, Recorder } from '../../simulator/observation/types.ts'
import { loadResources, meshConfigFrom } from '../../simulator/resources/index.ts'
import { World } from '../../simulator/world/index.ts'
import { served } from '../unit/envoy-filters/http-mesh.ts'

const HOUR = 3_600_000_000
const YEAR = 365 * 24 * HOUR
const PAIRS = 100

class Counter implements Recorder {
  readonly renewed = new Map<string, number>()
  readonly answers = new Map<string, number>()
  wants(kind: Observation['kind']): boolean {
    return kind === 'certificate'
  }
  wantsTrail(): boolean {
    return false
  }
  record(seen: Observation): void {
    if (seen.kind === 'certificate' && seen.what === 'renewed')
      this.renewed.set(seen.pod, (this.renewed.get(seen.pod) ?? 0) + 1)
  }
  answered(how: string): void {
    this.answers.set(how, (this.answers.get(how) ?? 0) + 1)
  }
}

/** Answers after thirteen hours. */
function serve(world: World, name: string): void {
  const { engine } = world
  const wake = { onEvent: (_kind: number, answer: unknown) => (answer as () => void)() }
  world.pod(`${name}.default`)!.listen(8000, {
    accept: () => ({
      kind: 'accepted',
      hello: null,
      handler: {
        onRequest: ({ protocol }, responder) => {
          const answer = () => responder.respond({ status: 200, headers: [], body: '', trailers: null, protocol })
          engine.after(13 * HOUR, wake, 0, answer)
        },
        onData: () => {},
        onClosed: () => {},
      },
    }),
  })
}

/** One request every twelve hours, on a connection of its own. */
function ask(world: World, counter: Counter, from: string, to: string): void {
  const ip = world.resolve(to, 'default')!
  const send = { onEvent: () => once() }
  const once = (): void => {
    if (world.engine.now < YEAR - 14 * HOUR) world.engine.after(12 * HOUR, send, 0, null)
    const request = {
      ...{ method: 'GET', scheme: 'http', authority: `${to}:8000`, path: '/', headers: [], body: '' },
      ...{ protocol: 'HTTP/1.1' as const, traceId: 0, parentSpan: 0 },
    }
    world.pod(`${from}.default`)!.network.dial(
      { ip, port: 8000, tls: null, firstBytes: 'HTTP/1.1', bypassCapture: false },
      {
        onConnected: connection => {
          connection.request(request, {
            onResponse: ({ status }) => {
              counter.answered(String(status))
              connection.close()
            },
            onReset: reason => counter.answered(reason),
          })
        },
        onConnectFailure: failure => counter.answered(failure),
        onData: () => {},
        onClosed: () => {},
      },
    )
  }
  once()
}

test('a year of rotation for 200 pods loses no request', () => {
  const names = Array.from({ length: PAIRS }, (_, i) => [`client-${i}`, `server-${i}`] as const)
  const content = names.map(([client, server]) => served(client) + served(server)).join('')
  const { resources } = loadResources([{ name: 'mesh.yaml', content }])
  const counter = new Counter()
  const { meshConfig } = meshConfigFrom(resources)
  const world = new World({ seed: 'year', resources, meshConfig, recorder: counter, push: { maxConnectionAge: 0 } })
  for (const [client, server] of names) {
    serve(world, server)
    ask(world, counter, client, server)
  }
  world.engine.runUntil(YEAR)
  expect([...counter.answers.keys()]).toEqual(['200'])
  expect(counter.answers.get('200')).toBeGreaterThanOrEqual(PAIRS * 728)
  expect(counter.renewed.size).toBe(2 * PAIRS)
  for (const times of counter.renewed.values()) expect(times).toBeGreaterThanOrEqual(725)
}, 120_000)
