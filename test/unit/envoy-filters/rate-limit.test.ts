// Local limits with descriptors held against real Envoy 1.40: which bucket gives, which answer tells what.
import { describe, expect, test } from 'vitest'
import { draftHeaders } from '../../../simulator/envoy/filters/http/ratelimit-headers.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import type { Resource } from '../../../simulator/resources/types.ts'
import { rateLimitsOf } from '../../../simulator/scenario/rate-limits.ts'
import { RateLimiter } from '../../../simulator/world/apps/index.ts'
import { ask, clientFilter, httpMesh } from './http-mesh.ts'

const SECOND = 1_000_000
const bucket = (tokens: number) => ({ max_tokens: tokens, tokens_per_fill: tokens, fill_interval: '60s' })
const always = { default_value: { numerator: 100 } }

const LIMITS = clientFilter(
  'envoy.filters.http.local_ratelimit',
  {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    stat_prefix: 'limits',
    enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
    token_bucket: bucket(5),
    filter_enabled: always,
    filter_enforced: always,
    response_headers_to_add: [{ header: { key: 'x-local-rate-limit', value: 'true' } }],
    descriptors: [{ entries: [{ key: 'path', value: '/p' }], token_bucket: bucket(3) }],
  },
  {
    applyTo: 'HTTP_ROUTE',
    match: { context: 'SIDECAR_OUTBOUND' },
    patch: {
      operation: 'MERGE',
      value: {
        route: { rate_limits: [{ actions: [{ request_headers: { header_name: ':path', descriptor_key: 'path' } }] }] },
      },
    },
  },
)

describe('local rate limits', () => {
  test('the bucket of a descriptor first, the default one behind it; answers tell of the bucket that decided', () => {
    const mesh = httpMesh(LIMITS)
    const seen = ['/p', '/p', '/p', '/p', '/q', '/q', '/p', '/q'].map(path => {
      const answer = ask(mesh, { path }, 'server', 0.01)
      if (typeof answer === 'string') return answer
      const told = answer.headers.filter(([name]) => name.startsWith('x-ratelimit') || name.startsWith('x-local'))
      return [path, answer.status, ...told.map(([, value]) => value)].join(' ')
    })
    expect(seen).toEqual([
      '/p 200 3 2 0',
      '/p 200 3 1 0',
      '/p 200 3 0 20',
      '/p 429 true 3 0 20',
      '/q 200 5 1 0',
      '/q 200 5 0 12',
      '/p 429 true 3 0 20',
      '/q 429 true 5 0 12',
    ])
    const { proxy } = mesh.world.pod('client.default')!
    const count = (of: string): number => proxy?.stat(`limits.http_local_rate_limit.${of}`) ?? -1
    expect(['enabled', 'enforced', 'ok', 'rate_limited'].map(count)).toEqual([8, 3, 5, 3])
  })
})

function limiter(text: string): { limiter: RateLimiter; wrong: string | null } {
  const content = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: default}\ndata:\n  limits.yaml: |\n${text.replace(/^/gm, '    ')}`
  const resources: readonly Resource[] = loadResources([{ name: 'limits.yaml', content }]).resources
  const { domains, wrong } = rateLimitsOf(resources, 'default', 'limits')
  return { limiter: new RateLimiter(domains), wrong }
}

describe('the rate limit service', () => {
  const TREE = `domain: shop
descriptors:
- key: user
  descriptors:
  - key: path
    value: /pay
    rate_limit: {unit: minute, requests_per_unit: 2, name: pay}
  - key: path
    value: /img*
    rate_limit: {unlimited: true}
- key: path
  rate_limit: {unit: second, requests_per_unit: 1}
- key: quiet
  shadow_mode: true
  rate_limit: {unit: hour, requests_per_unit: 0}
`
  const code = (rate: RateLimiter, now: number, ...entries: [string, string][]): string =>
    rate.answer({ domain: 'shop', descriptors: [{ entries: entries.map(([key, value]) => ({ key, value })) }] }, now)
      .overall_code

  test('counts by value in windows that begin with the unit', () => {
    const { limiter: rate } = limiter(TREE)
    const pay = (user: string, now: number): string => code(rate, now, ['user', user], ['path', '/pay'])
    expect([1, 2, 3].map(at => pay('ann', at * SECOND))).toEqual(['OK', 'OK', 'OVER_LIMIT'])
    expect(pay('bob', 3 * SECOND)).toBe('OK')
    expect(pay('ann', 59 * SECOND)).toBe('OVER_LIMIT')
    expect(pay('ann', 60 * SECOND)).toBe('OK')
  })
  test('unlimited, in the shadow, unknown: all pass', () => {
    const { limiter: rate } = limiter(TREE)
    for (let i = 0; i < 5; i++) {
      expect(code(rate, i, ['user', 'ann'], ['path', '/img/a'])).toBe('OK')
      expect(code(rate, i, ['quiet', 'x'])).toBe('OK')
      expect(code(rate, i, ['nobody', 'x'])).toBe('OK')
    }
  })
  test('says what is left and until when, and the headers say it to the client', () => {
    const { limiter: rate } = limiter(TREE)
    const descriptors = [
      {
        entries: [
          { key: 'user', value: 'ann' },
          { key: 'path', value: '/pay' },
        ],
      },
      { entries: [{ key: 'path', value: '/a' }] },
    ]
    const { statuses } = rate.answer({ domain: 'shop', descriptors }, 12.5 * SECOND)
    expect(draftHeaders(statuses)).toEqual([
      ['x-ratelimit-limit', '1, 2;w=60;name="pay", 1;w=1'],
      ['x-ratelimit-remaining', '0'],
      ['x-ratelimit-reset', '1'],
    ])
  })
  test.each([
    ['domain: x\ndescriptors: [{key: a, rate_limit: {unit: fortnight}}]', /unit/],
    ['domain: x\ndescriptors: [{kee: a}]', /kee|key/],
    ['domain: [', /limits.yaml/],
  ])('a broken configuration is told: %s', (text, words) => {
    expect(limiter(text).wrong).toMatch(words)
  })
})
