// Flags of istiod's environment that change what it generates; held against istiod with the same environment.
import { expect, test } from 'vitest'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'

const MESH = `apiVersion: v1
kind: Service
metadata: {name: a, namespace: default}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: default}
spec: {host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: true}}}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: default}
spec:
  selector: {app: a}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: two, namespace: default}
spec:
  hosts: [x.example.com, y.example.com]
  gateways: [gw]
  http: [{route: [{destination: {host: a}}]}]
`
const locality = { region: '', zone: '', subzone: '' }
const own = { name: 'a-0', namespace: 'default', labels: { app: 'a' }, serviceAccount: 'a', locality }

function translated(type: 'sidecar' | 'router', featureFlags: Record<string, string>): string {
  const pod = { ...own, ip: '10.0.0.1', containerPorts: [], ready: true, terminating: false, node: '' }
  const snapshot = buildMeshSnapshot({
    resources: loadResources([{ name: 'a.yaml', content: MESH }]).resources,
    meshConfig: mergeMeshConfig({}),
    workloads: [{ ...pod, sidecar: type === 'sidecar', gateway: type === 'router' }],
    clusterIps: new Map([['a.default', '10.96.0.1']]),
    featureFlags,
  })
  const proxy = {
    ...own,
    id: 'a-0.default',
    type,
    ipAddresses: ['10.0.0.1'],
    dnsDomain: 'default.svc.cluster.local',
    metadata: { NAMESPACE: 'default' },
    clusterId: 'Kubernetes',
    nodeName: '',
  }
  return JSON.stringify(translateProxy(snapshot, proxy))
}

test.each([
  ['PILOT_ENABLE_ALPN_FILTER', 'false', '"istio.alpn"', true],
  ['PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN', 'false', '"a.default.svc.cluster.local."', true],
  ['ENABLE_LOCALITY_WEIGHTED_LB_CONFIG', 'true', '"locality_weighted_lb_config"', false],
])('%s=%s', (flag, value, what, before) => {
  expect(translated('sidecar', {}).includes(what)).toBe(before)
  expect(translated('sidecar', { [flag]: value }).includes(what)).toBe(!before)
})

test('PILOT_ENABLE_ROUTE_COLLAPSE_OPTIMIZATION=false: a virtual host for each host', () => {
  const joined = '"domains":["x.example.com","y.example.com"]'
  expect(translated('router', {})).toContain(joined)
  const apart = translated('router', { PILOT_ENABLE_ROUTE_COLLAPSE_OPTIMIZATION: 'false' })
  expect(apart).not.toContain(joined)
  expect(apart).toContain('"y.example.com:80"')
})
