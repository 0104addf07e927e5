// Checked against a real Envoy 1.3x: keys sorted, types kept, null for what is not there, `-` in text.
import { describe, expect, test } from 'vitest'
import {
  attributesOf,
  compileExpression,
  compileJsonFormat,
  compileTextFormat,
  type StreamRecord,
} from '../../../simulator/observation/index.ts'
import { blank } from './records.ts'

const record: StreamRecord = {
  ...blank,
  span: 1,
  traceId: 1,
  proxy: 'curl-0.default',
  pod: 'curl-0',
  start: 1_250_000,
  end: 1_252_700,
  authority: 'reviews:9080',
  path: '/reviews/0?a=b',
  status: 503,
  flags: ['UF', 'URX'],
  details: 'upstream reset',
  attempts: 3,
  listener: '',
  virtualHost: 'reviews',
  cluster: 'outbound|9080||reviews.default.svc.cluster.local',
  upstreamHost: '10.0.0.1:9080',
  upstreamProtocol: '',
  upstreamTransportFailure: 'delayed_connect_error:_Connection refused',
  mtls: false,
  tls: false,
  upstreamTls: false,
  downstreamRemote: '10.0.0.9:40001',
  downstreamLocal: '10.96.0.4:9080',
  requestId: 'id-1',
  bytesSent: 98,
  requestHeaders: [
    ['x-num', '5'],
    ['x-empty', ''],
  ],
  responseHeaders: [],
}

describe('a text format', () => {
  const line = (format: string, omit = false) => compileTextFormat(format, omit)(record)

  test('puts a dash where nothing is, or nothing when told to omit', () => {
    expect(line('%REQ(X-NONE)%|%RESP(X-A)%|%UPSTREAM_LOCAL_ADDRESS%')).toBe('-|-|-')
    expect(line('%REQ(X-NONE)%|', true)).toBe('|')
  })
  test('falls back, cuts, and escapes the sign', () => {
    expect(line('%REQ(X-NONE?:PATH):8% 100%% %REQ(x-num?:path)%')).toBe('/reviews 100% 5')
  })
  test('reasons are one word', () => {
    expect(line('%RESPONSE_CODE_DETAILS% %UPSTREAM_TRANSPORT_FAILURE_REASON%')).toBe(
      'upstream_reset delayed_connect_error:_Connection_refused',
    )
  })
  test('splits addresses and names flags', () => {
    expect(line('%UPSTREAM_HOST% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT%')).toBe(
      '10.0.0.1:9080 10.0.0.9 9080',
    )
    expect(line('%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%')).toBe(
      'UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded',
    )
  })
  test('prints times as asked', () => {
    expect(line('%START_TIME% %START_TIME(%Y/%m/%d %H:%M:%S.%3f)% %START_TIME(%s)%')).toBe(
      '2026-01-01T00:00:01.250Z 2026/01/01 00:00:01.250 1767225601',
    )
  })
  test('evaluates expressions, brackets and all', () => {
    expect(line("%CEL(response.code >= 500 ? 'bad' : 'good')% %CEL(size(request.path))%")).toBe('bad 14')
  })
  test('tells of an operator that nothing answers', () => {
    const unknown: string[] = []
    expect(compileTextFormat('%NO_SUCH_THING%', false, name => unknown.push(name))(record)).toBe('-')
    expect(unknown).toEqual(['NO_SUCH_THING'])
  })
})

test('a JSON format sorts keys, keeps types, nests, and has null for what is absent', () => {
  const fields = {
    zeta: '%DURATION%',
    code: '%RESPONSE_CODE%',
    text: 'd=%DURATION%',
    none: '%REQ(X-NONE)%',
    in: { a: '%REQ(X-EMPTY)%' },
  }
  expect(compileJsonFormat(fields)(record)).toBe('{"code":503,"in":{"a":""},"none":null,"text":"d=2","zeta":2}\n')
  expect(compileJsonFormat(fields, true)(record)).toBe('{"code":503,"in":{"a":""},"text":"d=2","zeta":2}\n')
})

describe('an expression', () => {
  const value = (text: string) => {
    const compiled = compileExpression(text)
    return compiled.ok ? compiled.evaluate(attributesOf(record)) : compiled.why
  }
  test('reads attributes; flags are bits', () => {
    expect(value("response.code >= 400 || xds.cluster_name == 'BlackHoleCluster'")).toBe(true)
    expect(value('response.flags')).toBe(0x8020n)
    expect(value("request.url_path + '?' + request.query")).toBe('/reviews/0?a=b')
    expect(value("request.headers['x-num'] == '5'")).toBe(true)
  })
  test('has no value where an attribute is absent, and has() asks', () => {
    expect(value("request.useragent == 'x'")).toBeUndefined()
    expect(value('has(request.useragent)')).toBe(false)
    expect(value('response.code >= 400 || request.useragent == "x"')).toBe(true)
  })
  test('that does not parse says why', () => {
    expect(value('(response.code')).toMatch(/RPAREN/)
  })
})
