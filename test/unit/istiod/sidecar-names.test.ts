import { expect, test } from 'vitest'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'

const MESH = `apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: all, namespace: istio-system}
spec:
  ingress: [{port: {number: 90, name: http, protocol: HTTP}, defaultEndpoint: 127.0.0.1:90}]
  egress: [{hosts: ['*/*']}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wild, namespace: default}
spec:
  hosts: ['*.example.com']
  location: MESH_EXTERNAL
  resolution: DYNAMIC_DNS
  ports: [{number: 80, name: http, protocol: HTTP}]
`
const locality = { region: '', zone: '', subzone: '' }
const own = { name: 'a-0', namespace: 'default', labels: { app: 'a' }, serviceAccount: 'a', locality }

function translated(): string {
  const snapshot = buildMeshSnapshot({
    resources: loadResources([{ name: 'a.yaml', content: MESH }]).resources,
    meshConfig: mergeMeshConfig({}),
    workloads: [
      {
        ...own,
        ip: '10.0.0.1',
        containerPorts: [],
        ready: true,
        terminating: false,
        sidecar: true,
        gateway: false,
        node: '',
      },
    ],
    clusterIps: new Map(),
    featureFlags: {},
  })
  const proxy = {
    ...own,
    id: 'a-0.default',
    type: 'sidecar' as const,
    ipAddresses: ['10.0.0.1'],
    dnsDomain: 'default.svc.cluster.local',
    metadata: { NAMESPACE: 'default' },
    clusterId: 'Kubernetes',
    nodeName: '',
  }
  return JSON.stringify(translateProxy(snapshot, proxy))
}

test("a Sidecar of the root namespace names its routes after the proxy's namespace", () => {
  expect(translated()).toContain('"operation":"all.default:90/*"')
})

test('cluster and filters of a wildcard host share one DNS cache', () => {
  const text = translated()
  expect(text).toContain('"*.example.com_dfp_dns_cache"')
  expect(text).not.toContain('"example.com_dns_cache"')
})
