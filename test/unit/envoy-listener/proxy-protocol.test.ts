// A load balancer before the gateway, and a gateway before a workload that wants to know the client.
import { expect, test } from 'vitest'
import { MemoryRecorder } from '../../../simulator/observation/index.ts'
import { createSimulation, loadScenario } from '../../../simulator/scenario/index.ts'

const MESH = (topology: string, policy = ''): string => `apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{name: http, port: 8000}]}
---
apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {app: shop}}
spec: {containers: [{name: app, ports: [{containerPort: 8000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {type: LoadBalancer, selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: istio-ingressgateway
  namespace: istio-system
  labels: {istio: ingressgateway, sidecar.istio.io/inject: 'true'}
  annotations: {inject.istio.io/templates: gateway${topology === '' ? '' : `, proxy.istio.io/config: '${topology}'`}}
spec: {containers: [{name: istio-proxy}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: ['*'], gateways: [shop], http: [{route: [{destination: {host: shop}}]}]}
${policy}`
const ONLY_ONE = `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: gateway, namespace: istio-system}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  action: ALLOW
  rules: [{from: [{source: {ipBlocks: [198.51.100.7]}}]}]
`
const READS = '{"gatewayTopology": {"proxyProtocol": {}}}'

function run(mesh: string, header: string): { status: number; body: string } {
  const content = `apiVersion: meshsim.io/v1alpha1
kind: Scenario
metadata: {name: t}
spec:
  title: a load balancer
  description: before the gateway
  duration: 4s
  workloads: [{name: shop, behaviour: {echoHeaders: true}}]
  loads:
    - name: one
      source: internet
      via: istio-ingressgateway.istio-system
      pattern: {constant: 1}
      count: 1
      ${header}
      requests: [{url: 'http://shop.example.com/'}]
`
  const { scenario, diagnostics } = loadScenario({ name: 's.yaml', content })
  if (scenario === null) throw new Error(diagnostics.map(d => d.message).join('\n'))
  const recorder = new MemoryRecorder({ kinds: ['client'] })
  const made = createSimulation({ scenario, files: [{ name: 'mesh.yaml', content: mesh }], recorder })
  if (made.simulation === null) throw new Error(made.diagnostics.map(d => d.message).join('\n'))
  made.simulation.runUntil(4_000_000)
  const [client] = recorder.of('client')
  return { status: client!.status, body: client!.body }
}

test('the address in the header is the client of the gateway: in x-forwarded-for and in policies', () => {
  const { status, body } = run(MESH(READS, ONLY_ONE), 'proxyProtocol: 198.51.100.7')
  expect(status).toBe(200)
  expect(body).toContain('x-forwarded-for: 198.51.100.7')
  expect(run(MESH(READS, ONLY_ONE), 'proxyProtocol: 198.51.100.8').status).toBe(403)
})

test('a gateway that reads the header closes connections without it, and one that does not those with it', () => {
  expect(run(MESH(READS), '').status).toBe(0)
  expect(run(MESH(''), 'proxyProtocol: 198.51.100.7').status).toBe(0)
  expect(run(MESH(''), '').status).toBe(200)
})

test('a DestinationRule with proxyProtocol tells the server, which has to read it', () => {
  const rule = `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec: {host: shop, trafficPolicy: {proxyProtocol: {version: V2}}}
`
  // The sidecar's inbound listener reads no header.
  expect(run(MESH('', rule), '').status).toBe(503)
})
