import { describe, expect, test } from 'vitest'
import { stockEnvoyBootstrap } from '../../../simulator/export/index.ts'
import { certificatePem, privateKeyPem } from '../../../simulator/export/x509.ts'
import { readCertificate } from '../../../simulator/resources/certificate.ts'
import { shopSource } from './mesh.ts'

function exported() {
  const { configuration, node, resources } = shopSource()
  return stockEnvoyBootstrap(configuration, node, resources)
}

describe('bootstrap for stock Envoy', () => {
  const { bootstrap, notes } = exported()
  const text = JSON.stringify(bootstrap)

  test('asks nobody for anything and names no filter of Istio but the replaced one', () => {
    for (const word of ['"ads"', '"rds"', '"eds_cluster_config"', 'sds_config', 'istio.stats', 'metadata_exchange'])
      expect(text).not.toContain(word)
    expect(text).not.toContain('istio.envoy.config.filter')
  })
  test('each target of a split offers the ALPN of its own cluster', () => {
    const target = /"name":"outbound\|(80|81)\|\|shop.default.svc.cluster.local".{0,400}?"inline_string":"([^"]+)"/g
    const offered = new Map([...text.matchAll(target)].map(match => [match[1], match[2]]))
    expect(offered.get('81')).toBe('istio-h2,istio,h2')
    expect(offered.get('80')).toBe('istio-http/1.1,istio,http/1.1')
  })
  test('certificates have the names that realmesh gives them', () => {
    expect(text).toContain('"filename":"certs/default/seller/cert.pem"')
    expect(text).toContain('"filename":"certs/ca.pem"')
  })
  test('what was changed is told', () => {
    expect(notes.join('\n')).toMatch(/istio.metadata_exchange: left out at \d+ places/)
    expect(notes.join('\n')).toContain('istio.alpn: replaced')
    expect(notes.join('\n')).toContain('certs/default/seller/key.pem')
  })
})

describe('certificates by name', () => {
  const request = {
    subject: '',
    issuer: 'cluster.local',
    sans: ['spiffe://cluster.local/ns/default/sa/seller'],
    authority: false,
    notBefore: 1_795_000_000_000,
    notAfter: 1_795_086_400_000,
  }
  test('can be read again and are the same every time', () => {
    const facts = readCertificate(certificatePem(request))
    expect(facts?.sans).toEqual(request.sans)
    expect([facts?.notBefore, facts?.notAfter]).toEqual([request.notBefore, request.notAfter])
    expect(certificatePem(request)).toBe(certificatePem(request))
    expect(privateKeyPem('a')).not.toBe(privateKeyPem('b'))
  })
})
