import { describe, expect, test } from 'vitest'
import { type ClientRecord, TrafficStatistics } from '../../../simulator/observation/index.ts'
import { ExpectationMeter } from '../../../simulator/scenario/expectations.ts'
import type { ExpectationSpec } from '../../../simulator/scenario/schema.ts'

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
) {
  const meter = new ExpectationMeter({ name: 'e', expect: expectation, ...window }, new TrafficStatistics(), 10_000_000)
  for (const record of records) meter.observe(record)
  return meter.verdict()
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
})
