import { describe, expect, test } from 'vitest'
import { MeshError, mesh } from '../../../simulator/api/index.ts'

const FAULT = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
  - fault: {abort: {httpStatus: 418, percentage: {value: 100}}}
    route: [{destination: {host: reviews, subset: v1}}]
`
const bookinfo = mesh({ scenario: 'bookinfo' })

describe('a mesh of a library user', () => {
  test('answers a request with all its decisions', () => {
    const answer = bookinfo.request({
      from: 'productpage-v1',
      to: 'http://reviews:9080/reviews/0',
      headers: { 'End-User': 'jason' },
    })
    expect(answer.status).toBe(200)
    expect(answer.hops[0]?.steps.find(step => step.step === 'cluster')?.name).toContain('|v2|')
  })
  test('changes by documents laid over it, and stays itself', () => {
    const ask = { from: 'productpage-v1', to: 'http://reviews:9080/reviews/0' }
    expect(bookinfo.with(FAULT).request(ask).status).toBe(418)
    expect(bookinfo.request(ask).status).toBe(200)
    expect(bookinfo.diff(bookinfo.with(FAULT)).verdict).toBe('worse')
  })
  test('runs the same for the same seed', () => {
    const [one, two] = [bookinfo.run({ duration: '2s', seed: '5' }), bookinfo.run({ duration: '2s', seed: '5' })]
    expect(one).toEqual(two)
    expect(one.clients.length).toBeGreaterThan(0)
  })
  test('errors carry file, line and remedy', () => {
    const broken = mesh({ yaml: FAULT.replace('fault', 'falt') })
    expect(() => broken.run()).toThrow(MeshError)
    expect(() => broken.run()).toThrow(/mesh\.yaml:7:\d+.*falt/s)
    expect(() => bookinfo.run({ duration: 'soon' })).toThrow('is no duration')
  })
})
