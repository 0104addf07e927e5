// `meshsim describe`: what istioctl tells of a pod and a service, each with its line.
import { describe, expect, test } from 'vitest'
import { bareScenario, createSimulation, describePod, describeService } from '../../../simulator/scenario/index.ts'

const MESH = `
apiVersion: v1
kind: Namespace
metadata: { name: default, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: empty }
spec: { selector: { app: nobody }, ports: [{ name: http, port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: a }
spec:
  selector: { matchLabels: { app: a } }
  template: { metadata: { labels: { app: a, version: v1 } }, spec: { containers: [{ name: a, ports: [{ containerPort: 8080 }] }] } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a }
spec:
  host: a
  trafficPolicy: { tls: { mode: ISTIO_MUTUAL }, outlierDetection: { interval: 1s } }
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
    - match: [{ uri: { prefix: /new } }]
      route: [{ destination: { host: a, subset: v2 } }]
    - route: [{ destination: { host: a, subset: v1 }, weight: 100 }]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: a }
spec: { selector: { matchLabels: { app: a } }, mtls: { mode: STRICT }, portLevelMtls: { 8080: { mode: PERMISSIVE } } }
`

const { simulation } = createSimulation({
  scenario: bareScenario('t'),
  files: [{ name: 'mesh.yaml', content: MESH }],
})
simulation!.runUntil(1_000_000)
const { world } = simulation!
const service = (name: string) => world.snapshot.services.find(one => one.name === name)!

describe('describe', () => {
  test('a pod: its ports, services, rules, mutual TLS', () => {
    const text = describePod(world, [...world.pods.values()][0]!)
    expect(text.split('\n')).toEqual([
      'Pod: a-0',
      '   Pod Revision: default',
      '   Pod Ports: 8080',
      '--------------------',
      'Service: a  (mesh.yaml:9:1)',
      '   Port: http 80/HTTP targets pod port 8080',
      'DestinationRule: a for "a.default.svc.cluster.local"  (mesh.yaml:26:1)',
      '   Matching subsets: v1',
      '      (Non-matching subsets v2)',
      '   Traffic Policy TLS Mode: ISTIO_MUTUAL',
      '   Policies: outlier detection',
      'VirtualService: a  (mesh.yaml:34:1)',
      '   Route to host "a.default.svc.cluster.local" subset "v1" with weight 100%',
      '   1 additional destination(s) that will not reach this pod',
      'Effective PeerAuthentication:',
      '   Workload mTLS mode: STRICT',
      '   Port Level mTLS mode:',
      '      8080: PERMISSIVE',
      'Applied PeerAuthentication:',
      '   a.default  (mesh.yaml:44:1)',
      '',
    ])
  })
  test('a service by way of its pods, or that it has none', () => {
    expect(describeService(world, service('a'))).toContain('Matching subsets: v1')
    expect(describeService(world, service('empty'))).toBe('Service "empty" has no pods.\n')
  })
})
