// SIM0601, 0602, 0605 and 0608: rules, weights, subsets, ports.
import { describe, expect, it } from 'vitest'
import { app, istio, lint, said } from './mesh.ts'

const MESH = app('reviews', { versions: ['v1', 'v2'] })
const route = (http: string): string =>
  MESH + istio('networking', 'VirtualService', 'reviews', `{hosts: [reviews], http: ${http}}`)
const rules = (subsets: string): string =>
  istio('networking', 'DestinationRule', 'reviews', `{host: reviews, subsets: ${subsets}}`)
const BOTH = rules('[{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]')
const TO = 'route: [{destination: {host: reviews}}]'

describe('SIM0601 rules that an earlier one leaves nothing', () => {
  it('tells a narrower prefix behind a wider one, with the line of the taker', () => {
    const [found, ...rest] = lint(
      route(
        `[{name: wide, match: [{uri: {prefix: /a}}], ${TO}}, {match: [{uri: {exact: /a/b}, method: {exact: GET}}], ${TO}}]`,
      ),
    )
    expect(rest).toEqual([])
    expect(found?.message).toBe('rule #2 is never reached: rule "wide" (line 20) takes every request that it matches')
    expect(found?.at).toMatchObject({ file: 'mesh.yaml', line: 20 })
  })
  it('tells one match of several', () => {
    const text = route(
      `[{match: [{uri: {prefix: /a}}], ${TO}}, {match: [{uri: {prefix: /b}}, {uri: {prefix: /a/c}}], ${TO}}]`,
    )
    expect(said('SIM0601', text)).toEqual([expect.stringContaining('match #2 of rule #2 is never reached')])
  })
  it.each([
    ['another header', '{uri: {prefix: /a}, headers: {x: {exact: "1"}}}', '{uri: {prefix: /a/b}}'],
    ['another port', '{uri: {prefix: /a}, port: 80}', '{uri: {prefix: /a}, port: 81}'],
    ['an expression that cannot be compared', '{uri: {regex: "/a[0-9]+"}}', '{uri: {prefix: /a1}}'],
    ['another gateway', '{uri: {prefix: /}, gateways: [ns/one]}', '{uri: {prefix: /}}'],
    ['what the wide one must not see', '{withoutHeaders: {x: {}}}', '{uri: {prefix: /}}'],
    ['a case that only the second ignores', '{uri: {prefix: /a}}', '{uri: {prefix: /a}, ignoreUriCase: true}'],
  ])('keeps silent about %s', (_what, wide, narrow) => {
    expect(said('SIM0601', route(`[{match: [${wide}], ${TO}}, {match: [${narrow}], ${TO}}]`))).toEqual([])
  })
  it.each([
    ['a regex that matches the exact path', '{uri: {regex: "/a[0-9]+"}}', '{uri: {exact: /a12}}'],
    ['a prefix written as a regex', '{uri: {regex: "/a.*"}}', '{uri: {prefix: /a/b}}'],
    ['the same header asked more strictly', '{headers: {X: {prefix: a}}}', '{headers: {x: {exact: ab}}}'],
  ])('proves %s', (_what, wide, narrow) => {
    expect(said('SIM0601', route(`[{match: [${wide}], ${TO}}, {match: [${narrow}], ${TO}}]`))).toHaveLength(1)
  })
})

describe('SIM0602 weights', () => {
  const weighted = (a: number, b: number): string =>
    route(
      `[{route: [{destination: {host: reviews, subset: v1}, weight: ${a}}, {destination: {host: reviews, subset: v2}, weight: ${b}}]}]`,
    )
  it('keeps silent about weights that give what they say', () => {
    expect(said('SIM0602', weighted(90, 10) + BOTH)).toEqual([])
  })
  it('says what shares a sum other than 100 gives', () => {
    expect(said('SIM0602', weighted(1, 3) + BOTH)).toEqual([
      'the weights sum to 4, not to 100; requests are shared reviews subset v1 25 %, reviews subset v2 75 %',
    ])
  })
  it('says which share fails for want of pods', () => {
    const text = weighted(90, 10) + rules('[{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v9}}]')
    expect(said('SIM0602', text)).toEqual([
      '10 % of the requests of this rule go to reviews subset v2, which no running pod carries: they are answered 503 UH (no healthy upstream)',
    ])
  })
  it('says that two shares reach the same pods', () => {
    const text = weighted(90, 10) + rules('[{name: v1, labels: {version: v1}}, {name: v2, labels: {app: reviews}}]')
    expect(said('SIM0602', text)).toEqual([expect.stringContaining('reach the same pods')])
  })
  it('says that a lone destination gets everything', () => {
    const text = route('[{route: [{destination: {host: reviews}, weight: 20}]}]')
    expect(said('SIM0602', text)).toEqual([expect.stringContaining('weight 20 of the only destination')])
  })
})

describe('SIM0605 subsets', () => {
  it('names what the pods carry instead', () => {
    const [found] = lint(MESH + rules('[{name: v3, labels: {version: v3}}]'))
    expect(found?.message).toContain('subset v3 (version=v3) is empty: none of the 2 endpoints of reviews.default')
    expect(found?.hint).toBe('the endpoints carry version=v1 and version=v2')
  })
  it('keeps silent about subsets with pods, and where no pod is known at all', () => {
    expect(said('SIM0605', MESH + BOTH)).toEqual([])
    expect(said('SIM0605', app('reviews', { versions: [] }) + BOTH)).toEqual([])
  })
})

describe('SIM0608 ports whose protocol is guessed', () => {
  it('tells a port with a name that says nothing', () => {
    expect(said('SIM0608', app('reviews', { port: 'web' }))).toEqual([expect.stringContaining('port 80 is not said')])
  })
  it('keeps silent about a port that says its protocol', () => {
    expect(said('SIM0608', app('reviews', { port: 'http-web' }))).toEqual([])
  })
})
