import { describe, expect, test } from 'vitest'
import { createRandomTree, Engine, SECOND } from '../../../simulator/engine/index.ts'
import type { HttpRequest, HttpResponse } from '../../../simulator/wire/types.ts'
import {
  Application,
  type BehaviourSpec,
  type ClientFailure,
  checkBehaviour,
  HttpClient,
  parseUrl,
} from '../../../simulator/world/apps/index.ts'
import { LoadGenerator, type LoadSpec } from '../../../simulator/world/load/index.ts'
import { Memory, Wires } from './wires.ts'

interface Answer {
  at: number
  status: number
  body: string
  headers: Record<string, string>
  failure: ClientFailure | null
}

/** Services by name, all on port 80, and a client that calls them. */
function town(behaviours: Record<string, BehaviourSpec>) {
  const engine = new Engine()
  const tree = createRandomTree('town')
  const wires = new Wires(engine)
  const memory = new Memory()
  const names = Object.keys(behaviours)
  const resolve = (host: string) =>
    names.includes(host) ? `10.0.0.${names.indexOf(host) + 1}` : host === 'nobody' ? '10.9.9.9' : null
  const common = { scheduler: engine, tree, recorder: memory, network: wires, resolve }
  const apps = new Map<string, Application>()
  for (const name of names) {
    const app = new Application({ ...common, name, pod: `${name}.default`, behaviour: behaviours[name] })
    apps.set(name, app)
    wires.ears.set(`${resolve(name)}:80`, app)
  }
  const client = new HttpClient({ scheduler: engine, network: wires, resolve, keepAlive: false })
  const call = (host: string, path = '/', headers: [string, string][] = [], patienceUs = 0): Answer[] => {
    const answers: Answer[] = []
    const request: HttpRequest = {
      method: 'GET',
      scheme: 'http',
      authority: host,
      path,
      headers,
      body: '',
      protocol: 'HTTP/1.1',
      traceId: 1,
      parentSpan: 0,
    }
    const onOutcome = (_: number, response: HttpResponse | null, failure: ClientFailure | null) =>
      void answers.push({
        at: engine.now,
        status: response?.status ?? 0,
        body: response?.body ?? '',
        headers: Object.fromEntries(response?.headers ?? []),
        failure,
      })
    client.send(request, { host, port: 80, tls: null }, patienceUs, { onOutcome }, 0)
    return answers
  }
  const load = (spec: Omit<LoadSpec, 'name' | 'source'>) => {
    let trace = 0
    return new LoadGenerator({
      ...common,
      spec: { name: 'visitors', source: 'internet', ...spec },
      nextTraceId: () => ++trace,
    })
  }
  return { engine, wires, memory, apps, call, load }
}

const finish = (engine: Engine) => engine.runUntil(engine.now + 100 * SECOND)

describe('an application', () => {
  test('without described behaviour answers 200 with its name at once', () => {
    const { engine, call } = town({ hello: {} })
    const answers = call('hello')
    finish(engine)
    expect(answers).toEqual([{ at: 400, status: 200, body: 'hello', headers: {}, failure: null }])
  })

  test('with one worker serves one after the other, in order, and turns away what the queue cannot hold', () => {
    const { engine, call, memory } = town({ slow: { workers: 1, queueLimit: 1, serviceTime: '10ms' } })
    const all = [call('slow', '/a'), call('slow', '/b'), call('slow', '/c')]
    finish(engine)
    expect(all.map(([answer]) => [answer!.at, answer!.status])).toEqual([
      [10_400, 200],
      [20_400, 200],
      [400, 503],
    ])
    expect(memory.served.filter(r => r.status === 200).map(r => [r.path, r.begun - r.start])).toEqual([
      ['/a', 0],
      ['/b', 10_000],
    ])
  })

  test('a worker held for its own work alone serves the next while a call is under way', () => {
    const calls = [{ url: 'http://back/' }]
    for (const [holdWorker, last] of [
      ['request', 50_000],
      ['work', 31_000],
    ] as const) {
      const { engine, call } = town({
        front: { workers: 1, serviceTime: '5ms', holdWorker, calls },
        back: { serviceTime: '20ms' },
      })
      call('front')
      const second = call('front')
      finish(engine)
      expect(Math.abs(second[0]!.at - last)).toBeLessThan(1_500)
    }
  })

  test('fails first, then recovers; a new behaviour counts anew', () => {
    const { engine, call, apps } = town({ app: { failFirst: { count: 2 } } })
    const statuses: number[] = []
    const once = () => {
      const answers = call('app')
      finish(engine)
      statuses.push(answers[0]!.status)
    }
    for (let i = 0; i < 3; i++) once()
    apps.get('app')!.setBehaviour({ failFirst: { count: 1, status: 500 } })
    for (let i = 0; i < 2; i++) once()
    expect(statuses).toEqual([503, 503, 200, 500, 200])
  })

  test('resets instead of answering', () => {
    const { engine, call } = town({ app: { reset: { first: 1 } } })
    const first = call('app')
    finish(engine)
    const second = call('app')
    finish(engine)
    expect([first[0]!.failure, second[0]!.status]).toEqual(['reset', 200])
  })

  test('answers an error for the share of requests that was asked for', () => {
    const { engine, load, memory } = town({ app: { errors: { rate: 0.3, status: 500 } } })
    load({ requests: [{ url: 'http://app/' }], pattern: { constant: 1000 }, count: 2000 }).start()
    finish(engine)
    const failed = memory.clients.filter(r => r.status === 500).length
    expect(Math.abs(failed - 600)).toBeLessThan(4 * 20.5)
  })

  test('routes by path, takes status and delay from the path, echoes headers', () => {
    const { engine, call } = town({
      httpbin: {
        statusFromPath: '/status/',
        delayFromPath: '/delay/',
        routes: [
          { path: '/headers', echoHeaders: true },
          { prefix: '/static', status: 304, body: '' },
        ],
      },
    })
    const all = ['/status/418', '/delay/2', '/headers?x=1', '/static/logo'].map(path =>
      call('httpbin', path, [['x-a', '1']]),
    )
    finish(engine)
    expect(all.map(([a]) => [a!.status, a!.at, a!.body])).toEqual([
      [418, 400, 'httpbin'],
      [200, 2_000_400, 'httpbin'],
      [200, 400, 'x-a: 1'],
      [304, 400, ''],
    ])
  })

  test('obeys steering headers only when it may be steered and is meant', () => {
    const { engine, call } = town({ a: { steerable: true }, b: {} })
    const steer: [string, string][] = [
      ['x-app-status', '418'],
      ['x-app-response-headers', 'x-one=1;x-two=2'],
    ]
    const all = [call('a', '/', steer), call('a', '/', [...steer, ['x-app-only', 'c']]), call('b', '/', steer)]
    finish(engine)
    expect(all.map(([a]) => a!.status)).toEqual([418, 200, 200])
    expect(all[0]![0]!.headers).toEqual({ 'x-one': '1', 'x-two': '2' })
  })

  test('an abandoned request still runs to its end, unless the application notices', () => {
    for (const finishAbandoned of [true, false]) {
      const { engine, call, memory } = town({
        front: { serviceTime: '20ms', finishAbandoned, calls: [{ url: 'http://back/' }] },
        back: {},
      })
      const answers = call('front', '/', [], 10_000)
      finish(engine)
      expect(answers[0]).toMatchObject({ failure: 'timeout', at: 10_000 })
      expect(memory.served.map(r => `${r.pod} ${r.abandoned}`)).toEqual(
        finishAbandoned ? ['back.default false', 'front.default true'] : ['front.default true'],
      )
    }
  })

  test('tells what is wrong with a behaviour', () => {
    expect(checkBehaviour({})).toBeNull()
    expect(checkBehaviour({ routes: [{ calls: [{ url: 'reviews' }] }] })).toEqual({
      path: ['routes', 0, 'calls', 0, 'url'],
      message: '"reviews" is not http://host[:port]/path',
    })
    expect(parseUrl('https://a.b:8443/x?y=1')).toEqual({
      scheme: 'https',
      host: 'a.b',
      port: 8443,
      authority: 'a.b:8443',
      path: '/x?y=1',
    })
    expect(parseUrl('ftp://a/')).toBeNull()
  })
})

/** Bookinfo's call tree as documented: 3 s twice, page always 200, reviews wait 10 s for ratings. */
const bookinfo = (ratingsDelay: string): Record<string, BehaviourSpec> => ({
  productpage: {
    session: { cookie: 'session' },
    calls: [
      { url: 'http://details/details/0', timeout: '3s', onFailure: { ignore: true, body: 'no details' } },
      { url: 'http://reviews/reviews/0', timeout: '3s', attempts: 2, onFailure: { ignore: true, body: 'no reviews' } },
    ],
  },
  details: {},
  reviews: {
    calls: [
      {
        url: 'http://ratings/ratings/0',
        timeout: '10s',
        onFailure: { ignore: true, body: 'Ratings service is currently unavailable' },
      },
    ],
  },
  ratings: { serviceTime: ratingsDelay },
})

describe('calls', () => {
  test('bookinfo with ratings 7 s late: page 200 after 6 s without reviews, ratings asked twice', () => {
    const { engine, call, memory } = town(bookinfo('7s'))
    const answers = call('productpage')
    finish(engine)
    expect(answers[0]!.status).toBe(200)
    expect(Math.abs(answers[0]!.at - 6 * SECOND)).toBeLessThan(50_000)
    expect(answers[0]!.body).toBe('productpage\ndetails 200\nreviews 500\nno reviews')
    expect(memory.served.filter(r => r.pod === 'ratings.default')).toHaveLength(2)
    expect(memory.served.filter(r => r.pod === 'reviews.default').map(r => [r.abandoned, r.status])).toEqual([
      [true, 200],
      [true, 200],
    ])
  })

  test('the user of the session, not of the request, becomes end-user on the calls', () => {
    const spec = bookinfo('1ms')
    spec['reviews'] = { echoHeaders: true }
    const { engine, call, wires, apps } = town(spec)
    const seen: string[] = []
    wires.ears.set('10.0.0.3:80', {
      accept: (attempt, connection) => {
        const result = apps.get('reviews')!.accept(attempt, connection)
        if (result.kind !== 'accepted') return result
        const { handler } = result
        return {
          ...result,
          handler: {
            onRequest: (request, responder) => {
              seen.push(request.headers.map(([n, v]) => `${n}=${v}`).join(' '))
              handler.onRequest(request, responder)
            },
            onData: data => handler.onData(data),
            onClosed: () => handler.onClosed(),
          },
        }
      },
    })
    call('productpage', '/', [
      ['cookie', 'a=b; session=jason'],
      ['end-user', 'mallory'],
      ['x-request-id', '7'],
      ['x-other', '1'],
    ])
    finish(engine)
    expect(seen).toEqual(['cookie=a=b; session=jason x-request-id=7 end-user=jason'])
  })

  test('parallel calls wait for the slowest; a failed one gives its status', () => {
    const { engine, call } = town({
      front: {
        callOrder: 'parallel',
        calls: [{ url: 'http://a/' }, { url: 'http://b/' }, { url: 'http://nobody/', attempts: 2 }],
      },
      a: { serviceTime: '30ms' },
      b: { serviceTime: '10ms', status: 418 },
    })
    const answers = call('front')
    finish(engine)
    expect(answers[0]!.status).toBe(418)
    expect(Math.abs(answers[0]!.at - 30_800)).toBeLessThan(100)
    expect(answers[0]!.body).toBe('front\na 200\nb 418\nnobody 500')
  })
})

describe('load', () => {
  test('a constant rate sends evenly and stops at its count', () => {
    const { engine, load, memory } = town({ app: {} })
    const generator = load({ requests: [{ url: 'http://app/' }], pattern: { constant: 3 }, count: 6 })
    generator.start()
    finish(engine)
    expect(memory.clients.map(r => r.start)).toEqual([333_333, 666_667, 1_000_000, 1_333_333, 1_666_667, 2_000_000])
    expect([generator.sent, generator.finished, generator.inFlight]).toEqual([6, 6, 0])
  })

  test('Poisson has its rate, a new rate acts at once, a pause sends nothing', () => {
    const { engine, load } = town({ app: {} })
    const generator = load({ requests: [{ url: 'http://app/' }], pattern: { poisson: 100 } })
    generator.start()
    engine.runUntil(40 * SECOND)
    expect(Math.abs(generator.sent - 4000)).toBeLessThan(4 * 63)
    const before = generator.sent
    generator.pause()
    engine.runUntil(50 * SECOND)
    expect(generator.sent).toBe(before)
    generator.setRate(10)
    generator.resume()
    engine.runUntil(150 * SECOND)
    expect(Math.abs(generator.sent - before - 1000)).toBeLessThan(4 * 32)
  })

  test('stages ramp: the area under the rate is what is sent', () => {
    const { engine, load, memory } = town({ app: {} })
    const stages = [
      { for: '20s', rate: 0, to: 100 },
      { for: '10s', rate: 100 },
    ]
    load({ requests: [{ url: 'http://app/' }], pattern: { stages } }).start()
    finish(engine)
    expect(Math.abs(memory.clients.length - 2000)).toBeLessThan(4 * 45)
    const early = memory.clients.filter(r => r.start < 10 * SECOND).length
    expect(Math.abs(early - 250)).toBeLessThan(4 * 16)
    expect(memory.clients.every(r => r.start <= 30 * SECOND)).toBe(true)
  })

  test('users wait for their answers and think', () => {
    const { engine, load, memory, wires } = town({ app: { serviceTime: '400us' } })
    load({ requests: [{ url: 'http://app/' }], pattern: { users: 2, think: '200us' }, stop: '10ms' }).start()
    finish(engine)
    // The first takes 800 µs with the connection's set-up, the others 600 µs on the same one.
    expect(memory.clients.slice(0, 6).map(r => [r.start, r.end])).toEqual([
      [0, 800],
      [0, 800],
      [1_000, 1_600],
      [1_000, 1_600],
      [1_800, 2_400],
      [1_800, 2_400],
    ])
    expect(wires.dials).toBe(2)
  })

  test('the mix follows its weights, failures carry their reason', () => {
    const { engine, load, memory } = town({ app: { serviceTime: '50ms', workers: 50 } })
    const requests = [
      { url: 'http://app/a', weight: 8 },
      { url: 'http://nobody/', weight: 1 },
      { url: 'http://nowhere/', weight: 1 },
    ]
    load({ requests, pattern: { poisson: 200 }, count: 2000, timeout: '20ms' }).start()
    finish(engine)
    const share = (failure: string) => memory.clients.filter(r => r.failure === failure).length
    expect(Math.abs(share('timeout') - 1600)).toBeLessThan(4 * 18)
    expect(Math.abs(share('refused') - 200)).toBeLessThan(4 * 14)
    expect(share('timeout') + share('refused') + share('unreachable')).toBe(2000)
  })
})

describe('a script', () => {
  const SLOW: BehaviourSpec = { serviceTime: '100ms' }
  const port = (service: string) => ({ url: `http://${service}/` })
  test('does its steps in order, and what stands in one list at once', () => {
    const { engine, call } = town({
      a: {
        script: [
          { sleep: '50ms' },
          [{ call: port('b') }, { call: port('c') }, { sleep: '300ms' }],
          { call: port('b') },
        ],
      },
      b: SLOW,
      c: SLOW,
    })
    const answers = call('a')
    finish(engine)
    expect(answers[0]).toMatchObject({ status: 200, body: 'a\nb 200\nc 200\nb 200' })
    expect(Math.round(answers[0]!.at / 10_000)).toBe(45)
  })
  test("takes isotope's calls: port 8080, sizes, percent", () => {
    const { engine, wires, call, apps } = town({
      a: { script: [{ call: 'b' }, { call: { service: 'b', size: 10, probability: 0 } }] },
      b: {},
    })
    wires.ears.set('10.0.0.2:8080', apps.get('b')!)
    const answers = call('a')
    finish(engine)
    expect(answers[0]?.body).toBe('a\nb 200')
  })
  test('ends at the step that failed', () => {
    const { engine, call, apps } = town({
      a: { script: [{ call: port('b') }, { call: port('b') }] },
      b: { status: 503 },
    })
    const answers = call('a')
    finish(engine)
    expect([answers[0]?.status, apps.get('b')?.arrived]).toEqual([503, 1])
  })
  test('cannot stand beside calls', () => {
    expect(checkBehaviour({ calls: [], script: [] })?.message).toBe('give either calls or script')
    expect(checkBehaviour({ script: [{ call: 'no service' }] })?.path).toEqual(['script', 0])
  })
})
