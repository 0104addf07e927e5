import { describe, expect, it } from 'vitest'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { hashedIps } from '../../../simulator/registry/auto-allocation.ts'
import {
  allocateEntryIps,
  buildMeshSnapshot,
  declaredMetadata,
  effectiveProxyConfig,
} from '../../../simulator/registry/index.ts'
import type { ProxyNode } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'

const read = (content: string) => loadResources([{ name: 'mesh.yaml', content }]).resources

describe('the environment of a proxy', () => {
  const config = (namespace: string, selector: string, value: string) => `
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: c-${value}, namespace: ${namespace}}
spec: {${selector} environmentVariables: {ISTIO_META_WHO: ${value}, OTHER: x}}
---
`
  const mesh = mergeMeshConfig({
    defaultConfig: { proxyMetadata: { ISTIO_META_WHO: 'mesh', ISTIO_META_DNS_CAPTURE: 'true' } },
  })
  const metadataOf = (content: string, annotations = {}) => {
    const owner = { namespace: 'shop', labels: { app: 'web' } }
    return declaredMetadata(mesh, effectiveProxyConfig(mesh, read(content), owner, annotations), annotations)
  }
  const root = config('istio-system', '', 'root')
  const namespace = config('shop', '', 'namespace')
  const workload = config('shop', 'selector: {matchLabels: {app: web}},', 'workload')
  const annotated = { 'proxy.istio.io/config': 'proxyMetadata: {ISTIO_META_WHO: pod}\nconcurrency: 3' }

  it('is what stands closest to the pod, by name', () => {
    expect(metadataOf('')).toEqual({ WHO: 'mesh', DNS_CAPTURE: 'true' })
    expect(metadataOf(root)['WHO']).toBe('root')
    expect(metadataOf(root + namespace)['WHO']).toBe('namespace')
    expect(metadataOf(root + namespace, annotated)).toMatchObject({ WHO: 'pod', DNS_CAPTURE: 'true' })
    expect(metadataOf(root + namespace + workload, annotated)['WHO']).toBe('workload')
    expect(metadataOf(workload.replace('app: web', 'app: else'))['WHO']).toBe('mesh')
  })

  it('carries the settings of the pod to istiod where they are not the mesh’s', () => {
    expect(metadataOf('', annotated)['PROXY_CONFIG']).toMatchObject({ concurrency: 3 })
    expect(metadataOf('', { 'sidecar.istio.io/interceptionMode': 'TPROXY' })['INTERCEPTION_MODE']).toBe('TPROXY')
  })
})

const entry = (name: string, host: string, more = 'resolution: DNS') => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec: {hosts: [${host}], ports: [{number: 5432, name: tcp, protocol: TCP}], ${more}}
---
`

describe('addresses for ServiceEntries without any', () => {
  const given = (content: string, before = new Map<string, readonly string[]>()) =>
    allocateEntryIps(read(content), before)

  it('are the next free ones, and stay', () => {
    const first = given(entry('a', 'a.example.com') + entry('b', 'b.example.com'))
    expect([...first.values()]).toEqual([
      ['240.240.0.1', '2001:2::1'],
      ['240.240.0.2', '2001:2::2'],
    ])
    const later = given(entry('b', 'b.example.com') + entry('c', 'c.example.com'), first)
    expect(later.get('default/b/b.example.com')?.[0]).toBe('240.240.0.2')
    expect(later.get('default/c/c.example.com')?.[0]).toBe('240.240.0.3')
  })

  it('are not for wildcards, entries without resolution or with addresses, nor where a label says no', () => {
    const none = entry('none', 'n.example.com', 'resolution: NONE') + entry('w', '"*.example.com"')
    const own = entry('o', 'o.example.com', 'resolution: DNS, addresses: [10.1.1.1]')
    const off = entry('f', 'f.example.com').replace(
      '{name: f}',
      '{name: f, labels: {networking.istio.io/enable-autoallocate-ip: "false"}}',
    )
    expect(given(none + own + off).size).toBe(0)
  })

  it('follow from the hash of namespace and host without the controller', () => {
    const { services } = buildMeshSnapshot({
      resources: read(entry('x', 'istio.io') + entry('z', 'istio.io')),
      meshConfig: mergeMeshConfig({}),
      workloads: [],
      clusterIps: new Map(),
      featureFlags: {},
    })
    expect([...hashedIps(services).values()].map(([ip]) => ip)).toEqual(['240.240.91.120', '240.240.91.120'])
  })

  const listenersOf = (metadata: Record<string, unknown>) => {
    const resources = read(entry('a', 'a.example.com') + entry('b', 'b.example.com'))
    const snapshot = buildMeshSnapshot({
      resources,
      meshConfig: mergeMeshConfig({}),
      workloads: [],
      clusterIps: new Map(),
      entryIps: allocateEntryIps(resources, new Map()),
      featureFlags: {},
    })
    const proxy: ProxyNode = {
      id: 'c.default',
      type: 'sidecar',
      namespace: 'default',
      name: 'c',
      labels: {},
      ipAddresses: ['10.0.0.1'],
      serviceAccount: '',
      locality: { region: '', zone: '', subzone: '' },
      dnsDomain: 'default.svc.cluster.local',
      metadata,
      clusterId: 'Kubernetes',
      nodeName: '',
    }
    return translateProxy(snapshot, proxy)
      .listeners.map(listener => listener.name)
      .filter(name => name.includes('5432'))
  }

  it('give each TCP service a listener of its own, at proxies that answer DNS', () => {
    expect(listenersOf({})).toEqual(['0.0.0.0_5432'])
    expect(listenersOf({ DNS_CAPTURE: 'true' })).toEqual(['240.240.0.1_5432', '240.240.0.2_5432'])
  })
})
