import { describe, expect, test } from 'vitest'
import { configDump } from '../../../simulator/export/index.ts'
import { readCertificate } from '../../../simulator/resources/certificate.ts'
import { fromBase64 } from '../../../simulator/wire/base64.ts'
import type { JsonObject } from '../../../simulator/xds/types.ts'
import { SHOP, shopSource } from './mesh.ts'

const dump = configDump(shopSource()) as { configs: (JsonObject & { '@type': string })[] }
const section = (type: string): JsonObject => {
  const found = dump.configs.find(config => config['@type'] === `type.googleapis.com/envoy.admin.v3.${type}`)
  if (found === undefined) throw new Error(`no section ${type}`)
  return found
}
type Secret = { name: string; version_info: string; secret: { [part: string]: JsonObject } }
const secrets = (state: 'active' | 'warming'): Secret[] =>
  (section('SecretsConfigDump')[`dynamic_${state}_secrets`] as unknown as Secret[] | undefined) ?? []
const text = (bytes: unknown): string => String.fromCharCode(...fromBase64(String(bytes))!)

describe('config dump', () => {
  test('has the sections of Envoy in its order', () => {
    expect(dump.configs.map(config => config['@type'].replace('type.googleapis.com/envoy.admin.v3.', ''))).toEqual([
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'EndpointsConfigDump',
      'ListenersConfigDump',
      'ScopedRoutesConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ])
  })
  test('holds all that istiod sent, each with its type', () => {
    const { configuration } = shopSource()
    const clusters = section('ClustersConfigDump')['dynamic_active_clusters'] as { cluster: JsonObject }[]
    expect(clusters.map(state => state.cluster['name'])).toEqual(configuration.clusters.map(cluster => cluster.name))
    expect(clusters[0]?.cluster['@type']).toBe('type.googleapis.com/envoy.config.cluster.v3.Cluster')
    const listeners = section('ListenersConfigDump')['dynamic_listeners'] as { name: string }[]
    expect(listeners.map(state => state.name)).toEqual(configuration.listeners.map(listener => listener.name))
  })
  test('certificates are those of the workload, keys are redacted', () => {
    const own = secrets('active').find(secret => secret.name === 'default')!.secret['tls_certificate']!
    const chain = (own['certificate_chain'] as JsonObject)['inline_bytes']
    expect(readCertificate(text(chain))?.sans).toEqual([SHOP])
    expect(text((own['private_key'] as JsonObject)['inline_bytes'])).toBe('[redacted]')
    const root = secrets('active').find(secret => secret.name === 'ROOTCA')!.secret['validation_context']!
    const authority = readCertificate(text((root['trusted_ca'] as JsonObject)['inline_bytes']))
    expect(authority?.notAfter).toBeGreaterThan(readCertificate(text(chain))!.notAfter)
  })
  test('a credential that nobody can serve stays warming', () => {
    expect(secrets('warming').map(secret => [secret.name, secret.version_info])).toEqual([
      ['kubernetes://nowhere-cacert', 'uninitialized'],
    ])
  })
})
