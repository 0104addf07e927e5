// Rotation, outage, wrong clocks, plugged-in authorities: what agents do, and what handshakes make of it.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Authority } from '../../../simulator/citadel/index.ts'
import { loadResources } from '../../../simulator/resources/index.ts'
import { ask, FRESH, httpMesh } from '../envoy-filters/http-mesh.ts'

const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
const mesh = () => httpMesh(FRESH, ['stream', 'certificate'])
type Mesh = ReturnType<typeof mesh>
const status = (m: Mesh): number | string => {
  const answer = ask(m, {}, 'server', 1)
  return typeof answer === 'string' ? answer : answer.status
}
const last = (m: Mesh) => m.recorder.of('stream').findLast(s => s.direction === 'outbound')
const renewals = (m: Mesh, pod: string): number[] =>
  m.recorder.of('certificate').flatMap(r => (r.pod === pod && r.what === 'renewed' ? [r.at / HOUR] : []))

describe('rotation', () => {
  test('a certificate lives for a day, from two minutes ago on, and is renewed after half of it, give or take 14.4 minutes', () => {
    const m = mesh()
    expect(m.world.citadel.of('server.default').certificate).toMatchObject({
      sans: ['spiffe://cluster.local/ns/default/sa/default'],
      notBefore: -2 * MINUTE,
      notAfter: 24 * HOUR,
      issuer: 'cluster.local',
    })
    m.world.engine.runUntil(5 * 24 * HOUR)
    const times = renewals(m, 'server.default')
    const steps = times.map((at, i) => at - (times[i - 1] ?? 0))
    expect(steps.length).toBeGreaterThanOrEqual(9)
    for (const step of steps) expect(Math.abs(step - 12)).toBeLessThanOrEqual(0.24)
    expect(new Set(steps).size).toBe(steps.length)
    expect(renewals(m, 'client.default')).not.toEqual(times)
    expect(status(m)).toBe(200)
  })
})

describe('an authority that is down', () => {
  test('all goes on until the certificates end, and again when it is back', () => {
    const m = mesh()
    const { authority } = m.world.citadel
    authority.up = false
    m.world.engine.runUntil(23.9 * HOUR)
    expect(status(m)).toBe(200)
    m.world.engine.runUntil(24.1 * HOUR)
    expect(status(m)).toBe(503)
    expect(last(m)).toMatchObject({
      flags: expect.arrayContaining(['UF']),
      upstreamTransportFailure:
        'TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:_X509_verify_cert:_certificate_verification_error_at_depth_0:_certificate_has_expired:TLS_error_end',
    })
    authority.up = true
    m.world.engine.runUntil(24.2 * HOUR)
    expect(status(m)).toBe(200)
  })
  test('is asked again after 0.1, 0.2, 0.4, 0.8 and 1.6 seconds, then by a back-off of up to a minute', () => {
    const m = mesh()
    m.world.citadel.authority.up = false
    m.world.engine.runUntil(13 * HOUR)
    const asked = m.recorder.of('certificate').filter(r => r.pod === 'server.default' && r.what === 'unanswered')
    const steps = asked.map(({ at }, i) => (at - (asked[i - 1]?.at ?? at)) / 1e6).slice(1)
    expect(steps[0]).toBeLessThan(1)
    expect(Math.max(...steps)).toBeLessThanOrEqual(90)
    expect(steps.at(-1)).toBeGreaterThanOrEqual(30)
  })
})

describe('a proxy that never got a certificate', () => {
  test('listens to nobody', () => {
    const m = mesh()
    m.world.citadel.stop('server.default')
    expect(status(m)).toBe(503)
    expect(last(m)?.upstreamTransportFailure).toBe('delayed_connect_error:_Connection_refused')
    m.world.citadel.stop('client.default')
    expect(ask(m, {}, 'server', 1)).toBe('refused')
  })
})

describe('wrong clocks', () => {
  test('a client ahead of time refuses the server, one behind finds it not valid yet', () => {
    const m = mesh()
    m.world.citadel.setSkew('client.default', 25 * HOUR)
    expect(status(m)).toBe(503)
    expect(last(m)?.upstreamTransportFailure).toContain('certificate_has_expired')
    m.world.citadel.setSkew('client.default', -3 * MINUTE)
    expect(status(m)).toBe(503)
    expect(last(m)?.upstreamTransportFailure).toContain('certificate_is_not_yet_valid')
    m.world.citadel.setSkew('client.default', -1 * MINUTE)
    expect(status(m)).toBe(200)
  })
  test('a server that refuses the client lets it believe in a connection first, as TLS 1.3 has it', () => {
    const m = mesh()
    m.world.citadel.setSkew('server.default', 25 * HOUR)
    expect(status(m)).toBe(503)
    expect(last(m)).toMatchObject({ flags: expect.arrayContaining(['UC']), upstreamTransportFailure: '' })
  })
})

const secrets = (which: string) =>
  loadResources([
    {
      name: 'cacerts.yaml',
      content: readFileSync(new URL(`../../../scenarios/sec-plugin-ca/${which}.yaml`, import.meta.url), 'utf8'),
    },
  ]).resources.filter(resource => resource.kind === 'Secret')

describe('plugged-in authorities', () => {
  test('chain and roots come from the Secret; equal names with other keys are other roots', () => {
    const authority = new Authority()
    expect(authority.reload(secrets('mesh/cacerts'), 'istio-system')).toBe(true)
    const issued = authority.sign('spiffe://x', HOUR, 0)
    expect(issued?.certificate.chain).toEqual(['O=Shop, CN=Cluster one'])
    expect(issued?.trusted).toEqual([issued?.certificate.issuer])
    const before = issued?.certificate.issuer
    expect(authority.reload(secrets('both-trusted'), 'istio-system')).toBe(true)
    expect(authority.signer.trusted).toHaveLength(2)
    expect(authority.signer.root).toBe(before)
    expect(authority.reload(secrets('new-signs'), 'istio-system')).toBe(true)
    expect(authority.signer.root).not.toBe(before)
    expect(authority.reload(secrets('new-signs'), 'istio-system')).toBe(false)
    expect(authority.reload([], 'istio-system')).toBe(true)
    expect(authority.signer.root).toBe('cluster.local')
  })
  test('a certificate for longer than 90 days is refused', () => {
    expect(new Authority().sign('spiffe://x', 91 * 24 * HOUR, 0)).toBeNull()
  })
})
