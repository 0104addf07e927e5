import { describe, expect, test } from 'vitest'
import { configDump } from '../../../simulator/export/index.ts'
import {
  endpointsTable,
  filterClusters,
  filterEndpoints,
  filterListeners,
  readDump,
  secretsTable,
} from '../../../simulator/proxy-config/index.ts'
import { readInlineCertificate } from '../../../simulator/resources/certificate.ts'
import type { Json } from '../../../simulator/xds/types.ts'
import { shopSource } from '../export/mesh.ts'

const source = shopSource()
const parts = readDump(JSON.parse(JSON.stringify(configDump(source))) as Json)!

describe('a config dump taken apart', () => {
  test('gives back what was sent, and the bootstrap behind it', () => {
    const sent = JSON.parse(JSON.stringify(source.configuration)) as typeof source.configuration
    expect(parts.clusters.slice(0, sent.clusters.length)).toEqual(sent.clusters)
    expect(parts.clusters.slice(sent.clusters.length).map(cluster => cluster.name)).toContain('xds-grpc')
    expect(parts.listeners.map(listener => listener.name).slice(-2)).toEqual(['0.0.0.0_15090', '0.0.0.0_15021'])
    expect(parts.routes).toEqual(sent.routes)
  })
  test('anything else is no dump', () => {
    expect(readDump({ name: 'x' })).toBeNull()
    expect(readDump([])).toBeNull()
  })
})

describe('filters', () => {
  test('clusters by part of the name, direction and port', () => {
    const found = filterClusters(parts.clusters, { fqdn: 'shop', direction: 'outbound', port: 81 })
    expect(found.map(cluster => cluster.name)).toEqual(['outbound|81||shop.default.svc.cluster.local'])
  })
  test('listeners by port', () => {
    expect(filterListeners(parts.listeners, { port: 15_006 }).map(listener => listener.name)).toEqual([
      'virtualInbound',
    ])
  })
  test('endpoints by cluster and status, whatever the case', () => {
    const cluster = 'OUTBOUND|80||shop.default.svc.cluster.local'
    const rows = endpointsTable(parts.endpoints, { cluster, status: 'healthy' }).trim().split('\n')
    expect(rows).toHaveLength(2)
    expect(rows[1]).toContain(':8080')
    expect(filterEndpoints(parts.endpoints, { cluster })).toHaveLength(1)
    expect(filterEndpoints(parts.endpoints, { cluster, status: 'unhealthy' })).toEqual([])
  })
})

describe('secrets', () => {
  const rows = (now: number): string[][] =>
    secretsTable(parts.secrets, now, readInlineCertificate)!
      .trim()
      .split('\n')
      .map(row => row.split(/ {2,}/))

  test('warming ones first; those that can be read tell their life', () => {
    const table = rows(source.signedAt + 1000)
    expect(table.map(row => row[0])).toEqual(['RESOURCE NAME', 'kubernetes://nowhere-cacert', 'default', 'ROOTCA'])
    expect(table[2]!.slice(1, 4)).toEqual(['Cert Chain', 'ACTIVE', 'true'])
    expect(table[2]!.slice(5)).toEqual(['2026-01-02T00:00:00Z', '2025-12-31T23:58:00Z'])
    expect(table[3]![1]).toBe('CA')
  })
  test('after its end a certificate is not valid', () => {
    expect(rows(source.signedAt + 2 * 86_400_000)[2]![3]).toBe('false')
  })
  test('none at all: no table', () => {
    expect(secretsTable({}, 0, readInlineCertificate)).toBeNull()
  })
})
