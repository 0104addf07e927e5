import { describe, expect, test } from 'vitest'
import { type ClientRecord, TrafficStatistics } from '../../../simulator/observation/index.ts'
import { Expectations } from '../../../simulator/scenario/expectations/index.ts'
import type { ExpectationSpec } from '../../../simulator/scenario/expectations/schema.ts'

const client = (fields: Partial<ClientRecord>): ClientRecord => ({
  kind: 'client',
  traceId: 1,
  source: 'jason',
  start: 1_000_000,
  end: 1_250_000,
  method: 'GET',
  url: 'http://a/page?x=1',
  status: 200,
  failure: '',
  body: 'fine',
  ...fields,
})

function judge(
  expectation: ExpectationSpec['expect'],
  records: ClientRecord[],
  window: { from?: string; to?: string } = {},
  ownSeed = true,
) {
  const spec = { name: 'e', expect: expectation, ...window }
  const expectations = new Expectations([spec], new TrafficStatistics(), 10_000_000, ownSeed)
  for (const record of records) expectations.record(record)
  return expectations.verdicts()[0]!
}

describe('an expectation', () => {
  const of = { load: 'jason' }
  test('counts only what began within its window', () => {
    const late = client({ start: 5_000_000, end: 5_000_001, status: 503 })
    const check = { errorRate: { of, max: 0 } }
    expect(judge(check, [client({}), late], { to: '5s' }).ok).toBe(true)
    expect(judge(check, [client({}), late]).ok).toBe(false)
  })
  test('"always" fails on silence and names the first that breaks it', () => {
    const check = { always: { of, is: { status: 200 } } }
    expect(judge(check, []).ok).toBe(false)
    expect(judge(check, [client({}), client({ status: 500 })]).seen).toBe(
      '1 of 2 requests did not: at 1s: 500 after 250ms "fine"',
    )
  })
  test('"never" holds on silence', () => {
    expect(judge({ never: { of, is: { status: 500 } } }, []).ok).toBe(true)
  })
  test('"eventually" wants one', () => {
    expect(judge({ eventually: { of, is: { bodyContains: 'ine' } } }, [client({})]).ok).toBe(true)
    expect(judge({ eventually: { of, is: { bodyLacks: 'ine' } } }, [client({})]).ok).toBe(false)
  })
  test('a latency window includes both ends', () => {
    const check = (a: string, b: string): ExpectationSpec['expect'] => ({ always: { of, is: { latency: [a, b] } } })
    expect(judge(check('250ms', '1s'), [client({})]).ok).toBe(true)
    expect(judge(check('250001us', '1s'), [client({})]).ok).toBe(false)
  })
  test('a path leaves query and host aside', () => {
    const check = (path: string): ExpectationSpec['expect'] => ({ count: { of: { load: 'jason', path }, equals: 1 } })
    expect(judge(check('/page'), [client({})]).ok).toBe(true)
    expect(judge(check('/pa'), [client({})]).ok).toBe(false)
  })
  test('a timeout of the client counts as an error', () => {
    expect(judge({ errorRate: { of, max: 0 } }, [client({ status: 0, failure: 'timeout' })]).ok).toBe(false)
  })
  test('"eventually within" counts from the window', () => {
    const check = { eventually: { of, is: { status: 200 }, within: '300ms' } }
    expect(judge(check, [client({})], { from: '1s' }).ok).toBe(true)
    expect(judge(check, [client({})]).ok).toBe(false)
  })
  test('a golden count is judged for its own seed only', () => {
    const check = { golden: { of, equals: 2 } }
    expect(judge(check, [client({})]).ok).toBe(false)
    expect(judge(check, [client({})], {}, false)).toMatchObject({
      ok: true,
      seen: '1 of 1 requests (another seed: not judged)',
    })
  })
  test('a share counts a version, or whatever is true of a request', () => {
    const records = Array.from({ length: 100 }, (_, i) => client({ status: i % 2 === 0 ? 200 : 503 }))
    expect(judge({ share: { of, having: { status: 503 }, is: 0.5 } }, records).ok).toBe(true)
    expect(judge({ share: { of, having: { status: 503 }, is: 0.9 } }, records).ok).toBe(false)
  })
  test.each([
    ['http_req_duration', 'p(95)<300', true],
    ['http_req_duration', 'p(95)<=249', false],
    ['http_req_duration', 'avg>=250', true],
    ['http_req_duration', 'max<250', false],
    ['http_req_failed', 'rate<0.5', true],
    ['http_req_failed', 'rate==0.25', true],
    ['http_reqs', 'count>=4', true],
    ['http_reqs', 'rate>1', false],
  ])('threshold of k6: %s %s', (metric, text, ok) => {
    const records = [client({}), client({}), client({}), client({ status: 503 })]
    expect(judge({ thresholds: { of, [metric]: [text] } }, records).ok).toBe(ok)
  })
  test('a matrix wants every pair tried, and all requests of it so', () => {
    const check = (outcome: 'allowed' | 'denied' | number) => ({ matrix: { calls: { jason: { '*': outcome } } } })
    expect(judge(check('allowed'), [client({})]).ok).toBe(true)
    expect(judge(check('denied'), [client({ status: 403 }), client({ status: 0 })]).ok).toBe(true)
    expect(judge(check(200), [client({}), client({ status: 403 })]).seen).toBe('jason -> *: 1 of 2 403')
    expect(judge(check('allowed'), []).seen).toBe('jason -> *: not tried')
  })
})
