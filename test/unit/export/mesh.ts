// A mesh of one shop for the tests of the room `export`.
import type { DumpSource } from '../../../simulator/export/index.ts'
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import { defaultMeshConfig, loadResources } from '../../../simulator/resources/index.ts'
import { expandWorkloads, proxyNode } from '../../../simulator/world/index.ts'

export const SHOP = 'spiffe://cluster.local/ns/default/sa/seller'

const MESH = `
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: default}
spec:
  clusterIP: 10.96.0.20
  selector: {app: shop}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 81}]
---
apiVersion: v1
kind: Pod
metadata: {name: shop, namespace: default, labels: {app: shop}}
spec:
  serviceAccountName: seller
  containers: [{name: app, image: shop}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: default}
spec:
  hosts: [shop]
  http: [{route: [{destination: {host: shop, port: {number: 80}}, weight: 50}, {destination: {host: shop, port: {number: 81}}, weight: 50}]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside, namespace: default}
spec: {hosts: [outside.example.com], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 443, name: https, protocol: HTTPS}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: outside, namespace: default}
spec:
  host: outside.example.com
  workloadSelector: {matchLabels: {app: shop}}
  trafficPolicy: {tls: {mode: SIMPLE, credentialName: nowhere}}
`

/** What istiod sends to the shop's sidecar, and its certificates. */
export function shopSource(): DumpSource {
  const { resources } = loadResources([{ name: 'mesh.yaml', content: MESH }])
  const { workloads, added } = expandWorkloads(resources, { injectByDefault: true })
  const all = [...resources, ...added]
  const snapshot = buildMeshSnapshot({
    resources: all,
    meshConfig: defaultMeshConfig(),
    workloads,
    clusterIps: new Map(),
    featureFlags: {},
  })
  const node = proxyNode(workloads[0]!, {})
  return {
    node,
    configuration: translateProxy(snapshot, node),
    identity: { sans: [SHOP], issuer: 'cluster.local', notBefore: -120e6, notAfter: 86_400e6, subject: '' },
    resources: all,
    signedAt: 1_767_225_600_000,
    version: '1',
  }
}
