import { describe, expect, it } from 'vitest'
import { buildClusters } from '../../../simulator/istiod/translate/clusters.ts'
import { buildEndpoints } from '../../../simulator/istiod/translate/endpoints.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'

const pod = (name: string, ip: string, app: string, zone: string, ready = true): Workload => ({
  name,
  namespace: 'default',
  ip,
  labels: { app, version: zone },
  serviceAccount: app,
  containerPorts: [],
  locality: { region: 'r', zone, subzone: '' },
  ready,
  terminating: false,
  sidecar: true,
  gateway: false,
  node: '',
})

const client = pod('client', '10.0.0.1', 'client', 'a')
const pods = [client, pod('near', '10.0.0.2', 'reviews', 'a'), pod('far', '10.0.0.3', 'reviews', 'b', false)]

const proxy: ProxyNode = {
  id: 'client.default',
  type: 'sidecar',
  namespace: 'default',
  name: 'client',
  labels: client.labels,
  ipAddresses: [client.ip],
  serviceAccount: 'client',
  locality: client.locality,
  dnsDomain: '',
  metadata: {},
  clusterId: 'Kubernetes',
  nodeName: '',
}

function build(policy: string, node: ProxyNode = proxy) {
  const { resources } = loadResources([
    {
      name: 'mesh.yaml',
      content: `
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  trafficPolicy: ${policy}
  subsets: [{name: v1, labels: {version: a}}]
`,
    },
  ])
  const snapshot = buildMeshSnapshot({
    resources,
    meshConfig: mergeMeshConfig({}),
    workloads: pods,
    clusterIps: new Map([['reviews.default', '10.96.0.1']]),
    featureFlags: {},
  })
  const clusters = new Map(buildClusters(snapshot, node).map(c => [c.name, c]))
  const endpoints = new Map(buildEndpoints(snapshot, node).map(e => [e.cluster_name, e]))
  const name = 'outbound|80||reviews.default.svc.cluster.local'
  return { clusters, cluster: clusters.get(name), endpoints: endpoints.get(name)?.endpoints ?? [], all: endpoints }
}

describe('clusters of a sidecar', () => {
  it('are one for each port and subset, besides those for unknown destinations', () => {
    expect([...build('{}').clusters.keys()]).toEqual([
      'BlackHoleCluster',
      'InboundPassthroughCluster',
      'PassthroughCluster',
      'outbound|80|v1|reviews.default.svc.cluster.local',
      'outbound|80||reviews.default.svc.cluster.local',
    ])
  })

  it('use mutual TLS towards endpoints with a sidecar, plain text towards others', () => {
    const { cluster } = build('{}')
    expect(cluster?.['transport_socket_matches']).toMatchObject([
      { name: 'tlsMode-istio', match: { tlsMode: 'istio' } },
      { name: 'tlsMode-disabled', match: {} },
    ])
  })

  it('take TLS from the rule for all endpoints alike', () => {
    const { cluster } = build('{tls: {mode: ISTIO_MUTUAL}}')
    expect(cluster?.['transport_socket_matches']).toBeUndefined()
    expect(cluster?.['transport_socket']).toMatchObject({
      typed_config: { sni: 'outbound_.80_._.reviews.default.svc.cluster.local' },
    })
    expect(build('{tls: {mode: DISABLE}}').cluster?.['transport_socket']).toBeUndefined()
  })

  it('limit connections as the rule says, a zero meaning no limit', () => {
    const { cluster } = build('{connectionPool: {tcp: {maxConnections: 3}, http: {http2MaxRequests: 0}}}')
    expect(cluster?.['circuit_breakers']).toMatchObject({
      thresholds: [{ max_connections: 3, max_requests: 4294967295 }],
    })
  })

  it('hash on a ring of 1024 points unless told otherwise', () => {
    const { cluster } = build('{loadBalancer: {consistentHash: {httpHeaderName: x}}}')
    expect(cluster).toMatchObject({ lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: '1024' } })
  })

  it('of a server reach its own port', () => {
    const { clusters } = build('{}', { ...proxy, name: 'near', ipAddresses: ['10.0.0.2'], labels: { app: 'reviews' } })
    expect(clusters.get('inbound|80||')).toMatchObject({ type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' })
  })
})

describe('endpoints', () => {
  it('are grouped by place; those not ready are sent as unhealthy', () => {
    const { endpoints } = build('{}')
    expect(endpoints).toMatchObject([
      { locality: { region: 'r', zone: 'a' }, lb_endpoints: [{ health_status: 'HEALTHY' }] },
      { locality: { region: 'r', zone: 'b' }, lb_endpoints: [{ health_status: 'UNHEALTHY' }] },
    ])
    expect(endpoints.map(e => e['priority'])).toEqual([undefined, undefined])
  })

  it('get priorities by distance as soon as outliers are watched', () => {
    expect(build('{outlierDetection: {}}').endpoints.map(e => e['priority'])).toEqual([undefined, 1])
  })

  it('that are not ready are left out where a minimum of health is asked for', () => {
    expect(build('{outlierDetection: {minHealthPercent: 50}}').endpoints).toHaveLength(1)
  })

  it('of a subset carry its labels', () => {
    const subset = build('{}').all.get('outbound|80|v1|reviews.default.svc.cluster.local')
    expect(subset?.endpoints).toHaveLength(1)
  })

  it('share traffic over places as the rule distributes it', () => {
    const { endpoints } = build(
      '{loadBalancer: {localityLbSetting: {distribute: [{from: r/a, to: {r/a: 80, r/b: 20}}]}}}',
    )
    expect(endpoints.map(e => e['load_balancing_weight'])).toEqual([80, 20])
  })
})
