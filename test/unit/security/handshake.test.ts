// Handshakes in steps, sessions that are resumed, versions and suites: as real Envoys 1.40 had it, side by side.
import { describe, expect, test } from 'vitest'
import { compileCommonTls } from '../../../simulator/envoy/tls-context.ts'
import { negotiate } from '../../../simulator/envoy/tls-negotiation.ts'
import type { ClientHello, TlsVersion } from '../../../simulator/wire/types.ts'
import { ask, FRESH, httpMesh } from '../envoy-filters/http-mesh.ts'

const CLUSTER = 'cluster.outbound|8000||server.default.svc.cluster.local;.'

test('every step is told, and the second connection resumes the session of the first', () => {
  const mesh = httpMesh(FRESH, ['stream', 'handshake'])
  for (let i = 0; i < 3; i++) ask(mesh, {}, 'server', 1)
  const shakes = mesh.recorder.of('handshake')
  expect(shakes.map(({ outcome, resumed }) => [outcome, resumed])).toEqual([
    ['done', false],
    ['done', true],
    ['done', true],
  ])
  expect(shakes[0]!.steps.map(({ step }) => step)).toEqual([
    'ClientHello',
    'filter chain',
    'ServerHello',
    'server certificate',
    'client certificate',
    'verification',
    'Finished',
  ])
  expect(shakes[0]!.steps[2]!.note).toContain('TLS 1.3, TLS_AES_128_GCM_SHA256')
  const { proxy } = mesh.world.pod('client.default')!
  expect([proxy?.stat(`${CLUSTER}ssl.handshake`), proxy?.stat(`${CLUSTER}ssl.session_reused`)]).toEqual([3, 2])
})

test('a renewed certificate begins new sessions', () => {
  const mesh = httpMesh(FRESH, ['handshake'])
  ask(mesh, {}, 'server', 1)
  mesh.world.engine.runUntil(13 * 3_600_000_000)
  ask(mesh, {}, 'server', 1)
  expect(mesh.recorder.of('handshake').map(({ resumed }) => resumed)).toEqual([false, false])
})

describe('what both sides have', () => {
  const hello = (min: TlsVersion, max: TlsVersion, ciphers: string[] = []): ClientHello => ({
    ...{ sni: '', alpn: [], certificate: null, verify: () => null },
    versions: { min, max },
    ciphers,
  })
  const mesh = { sans: [], issuer: 'r', notBefore: 0, notAfter: 1, subject: '', serial: 1 }
  const agreed = (params: object, client: ClientHello): string => {
    const found = negotiate(compileCommonTls({ tls_params: params } as never), client, mesh)
    return 'failure' in found ? found.failure.serverSees : `${found.version} ${found.cipher}`
  }
  const only = (version: string) => ({ tls_minimum_protocol_version: version, tls_maximum_protocol_version: version })
  test.each([
    [{}, hello(12, 13), '13 TLS_AES_128_GCM_SHA256'],
    [{}, hello(12, 12), '12 ECDHE-RSA-AES128-GCM-SHA256'],
    [
      only('TLSv1_3'),
      hello(12, 12),
      'TLS_error:|268435696:SSL_routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL:TLS_error_end',
    ],
    [
      only('TLSv1_2'),
      hello(13, 13),
      'TLS_error:|268435696:SSL_routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL:TLS_error_end',
    ],
    [
      { cipher_suites: ['ECDHE-RSA-AES256-GCM-SHA384'] },
      hello(12, 12, ['ECDHE-RSA-AES128-GCM-SHA256']),
      'TLS_error:|268435640:SSL_routines:OPENSSL_internal:NO_SHARED_CIPHER:TLS_error_end',
    ],
    [
      { cipher_suites: ['[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]'] },
      hello(12, 12, ['ECDHE-RSA-CHACHA20-POLY1305']),
      '12 ECDHE-RSA-CHACHA20-POLY1305',
    ],
  ])('%j', (params, client, expected) => {
    expect(agreed(params, client)).toBe(expected)
  })
})
