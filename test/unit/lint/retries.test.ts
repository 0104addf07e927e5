// SIM0603 and SIM0604: tries, timeouts, and how they multiply down a chain of calls.
import { describe, expect, it } from 'vitest'
import type { ScenarioSpec } from '../../../simulator/scenario/index.ts'
import { app, istio, said } from './mesh.ts'

const rule = (host: string, fields: string): string =>
  istio(
    'networking',
    'VirtualService',
    host,
    `{hosts: [${host}], http: [{route: [{destination: {host: ${host}}}], ${fields}}]}`,
  )
const CHAIN = [app('a'), app('b'), app('c')].join('\n---')
/** a-v1 calls b, b-v1 calls c. */
const calls = (attempts = 1): Pick<ScenarioSpec, 'workloads'> => ({
  workloads: [
    { name: 'a-v1', behaviour: { calls: [{ url: 'http://b/', attempts }] } },
    { name: 'b-v1', behaviour: { calls: [{ url: 'http://c/x?y=1' }] } },
  ],
})

describe('SIM0603 tries and timeouts of one rule', () => {
  const one = (fields: string): string[] => said('SIM0603', app('a') + rule('a', fields))
  it('says that the time for one try is never reached', () => {
    expect(one('timeout: 1s, retries: {attempts: 3, perTryTimeout: 2s, retryOn: 5xx}')).toEqual([
      expect.stringContaining('perTryTimeout 2s never ends a try'),
    ])
  })
  it('counts the tries that can begin', () => {
    expect(one('timeout: 5s, retries: {attempts: 3, perTryTimeout: 2s, retryOn: 5xx}')).toEqual([
      'when tries take their 2s each, only 3 of the 4 tries can begin before the timeout of 5s ends the request (504 UT)',
    ])
  })
  it('says that a slow try is not tried again under conditions that no timeout meets', () => {
    expect(one('retries: {attempts: 2, perTryTimeout: 1s}')).toEqual([
      expect.stringContaining("retryOn (Istio's default) names none of the conditions that a timeout meets"),
    ])
  })
  it('says that without a time for one try a hanging one takes all', () => {
    expect(one('timeout: 3s, retries: {attempts: 2, retryOn: 5xx}')).toEqual([
      expect.stringContaining('a try that hangs takes the whole timeout of 3s: the 2 retries help'),
    ])
  })
  it('keeps silent about tries that fit, and where nothing is tried again', () => {
    expect(one('timeout: 8s, retries: {attempts: 3, perTryTimeout: 2s, retryOn: "5xx,reset"}')).toEqual([])
    expect(one('timeout: 1s, retries: {attempts: 0, perTryTimeout: 2s}')).toEqual([])
    expect(one('timeout: 1s')).toEqual([])
  })
})

describe('SIM0603 timeouts along calls', () => {
  it('tells a callee that waits longer than its caller', () => {
    expect(said('SIM0603', CHAIN + rule('b', 'timeout: 2s') + rule('c', 'timeout: 5s'), calls())).toEqual([
      'b-v1.default waits up to 5s for c.default.svc.cluster.local, but a-v1.default gives up on b.default.svc.cluster.local after 2s: the work after that is for nobody',
    ])
  })
  it('keeps silent when timeouts become shorter inwards', () => {
    expect(said('SIM0603', CHAIN + rule('b', 'timeout: 5s') + rule('c', 'timeout: 2s'), calls())).toEqual([])
  })
})

describe('SIM0604 retries that multiply', () => {
  it('gives the worst case as a figure, with the hops', () => {
    const text = CHAIN + rule('b', 'retries: {attempts: 4}') + rule('c', 'retries: {attempts: 1}')
    const [found, ...rest] = said('SIM0604', text, calls(2))
    expect(rest).toEqual([])
    expect(found).toContain('one request may become 20 requests to it')
    expect(found).toContain('a-v1.default → b.default.svc.cluster.local: 2 by the caller × 5 tries')
    expect(found).toContain('b-v1.default → c.default.svc.cluster.local: 2 tries')
  })
  it("counts Istio's two retries where no rule says otherwise", () => {
    expect(said('SIM0604', CHAIN, calls())[0]).toContain('one request may become 9 requests')
  })
  it('takes the worst of the rules that the path allows', () => {
    const to = 'route: [{destination: {host: c}}]'
    const text =
      CHAIN +
      istio(
        'networking',
        'VirtualService',
        'c',
        `{hosts: [c], http: [{match: [{uri: {exact: /y}}], ${to}, retries: {attempts: 99}}, {match: [{headers: {h: {exact: "1"}}}], ${to}, retries: {attempts: 6}}, {${to}, retries: {attempts: 0}}]}`,
      )
    expect(said('SIM0604', text, calls())[0]).toContain('one request may become 21 requests')
  })
  it('keeps silent when one hop alone tries again, and without calls', () => {
    expect(said('SIM0604', CHAIN + rule('b', 'retries: {attempts: 0}'), calls())).toEqual([])
    expect(said('SIM0604', CHAIN)).toEqual([])
  })
  it('ends at a circle of calls', () => {
    const round = calls()
    round.workloads?.push({ name: 'c-v1', behaviour: { calls: [{ url: 'http://a/' }] } })
    expect(said('SIM0604', CHAIN, round).length).toBeGreaterThan(0)
  })
})
