import { describe, expect, it } from 'vitest'
import { buildMeshSnapshot, hostMatches, hostSubsetOf, kubernetesProtocol } from '../../../simulator/registry/index.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'

const pod = (name: string, ip: string, labels: Record<string, string>, namespace = 'default'): Workload => ({
  name,
  namespace,
  ip,
  labels,
  serviceAccount: labels['app'] ?? 'default',
  containerPorts: [{ name: 'web', port: 8080, protocol: 'TCP' }],
  locality: { region: '', zone: '', subzone: '' },
  ready: true,
  terminating: false,
  sidecar: true,
  gateway: false,
  node: '',
})

const proxyOf = (workload: Workload): ProxyNode => ({
  id: `${workload.name}.${workload.namespace}`,
  type: 'sidecar',
  namespace: workload.namespace,
  name: workload.name,
  labels: workload.labels,
  ipAddresses: [workload.ip],
  serviceAccount: workload.serviceAccount,
  locality: workload.locality,
  dnsDomain: '',
  metadata: {},
  clusterId: 'Kubernetes',
  nodeName: '',
})

const client = pod('client', '10.0.0.1', { app: 'client' })
const server = pod('reviews-1', '10.0.0.2', { app: 'reviews', version: 'v1' })

function snapshotOf(content: string, workloads: Workload[] = [client, server]) {
  const { resources, diagnostics } = loadResources([{ name: 'mesh.yaml', content }])
  expect(diagnostics.filter(d => d.level === 'error')).toEqual([])
  return buildMeshSnapshot({
    resources,
    meshConfig: mergeMeshConfig({}),
    workloads,
    clusterIps: new Map([['reviews.default', '10.96.0.1']]),
    featureFlags: {},
  })
}

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  selector: {app: reviews}
  ports: [{name: http, port: 80, targetPort: web}]
`

const rule = (name: string, body: string) => `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}}
spec:
  host: reviews
${body}
`

describe('services', () => {
  it('have the pods of their selector, on the container port that the target port names', () => {
    const snapshot = snapshotOf(SERVICE)
    const service = snapshot.service('reviews.default.svc.cluster.local', 'default')
    expect(service?.addresses).toEqual(['10.96.0.1'])
    expect(snapshot.endpoints(service!, 80).map(e => [e.address, e.port, e.tlsMode])).toEqual([
      ['10.0.0.2', 8080, 'istio'],
    ])
    expect(snapshot.serviceAccounts(service!)).toEqual(['spiffe://cluster.local/ns/default/sa/reviews'])
    expect(snapshot.serviceTargets(proxyOf(server)).map(t => t.targetPort)).toEqual([8080])
    expect(snapshot.serviceTargets(proxyOf(client))).toEqual([])
  })

  it('take their protocol from appProtocol, else from the prefix of the name, else they are sniffed', () => {
    expect(kubernetesProtocol(80, 'tcp-x', undefined, 'kubernetes.io/h2c')).toBe('HTTP2')
    expect(kubernetesProtocol(80, 'HTTP-web', undefined, undefined)).toBe('HTTP')
    expect(kubernetesProtocol(80, 'grpc-web-ui', undefined, undefined)).toBe('GRPC-Web')
    expect(kubernetesProtocol(80, 'web', undefined, undefined)).toBe('Unsupported')
    expect(kubernetesProtocol(3306, 'db', undefined, undefined)).toBe('TCP')
  })
})

describe('hosts', () => {
  it('match in both directions, but are subsets in one', () => {
    expect(hostMatches('a.example.com', '*.com')).toBe(true)
    expect(hostMatches('*.com', 'a.example.com')).toBe(true)
    expect(hostSubsetOf('a.example.com', '*.com')).toBe(true)
    expect(hostSubsetOf('*.com', 'a.example.com')).toBe(false)
  })
})

describe('destination rules', () => {
  it('of one host are merged: subsets of both, the traffic policy of the older', () => {
    const first = rule('a', '  trafficPolicy: {loadBalancer: {simple: RANDOM}}\n  subsets: [{name: v1}]')
    const second = rule(
      'b',
      '  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}\n  subsets: [{name: v1}, {name: v2}]',
    )
    const snapshot = snapshotOf(SERVICE + first + second)
    const merged = snapshot.destinationRuleFor(proxyOf(client), snapshot.services[0]!)
    expect(merged?.names).toEqual(['default/a', 'default/b'])
    expect(merged?.spec.subsets?.map(s => s.name)).toEqual(['v1', 'v2'])
    expect(merged?.spec.trafficPolicy?.loadBalancer?.simple).toBe('RANDOM')
  })

  it('with a workload selector serve the workloads that it selects', () => {
    const chosen = rule('chosen', '  workloadSelector: {matchLabels: {app: client}}')
    const snapshot = snapshotOf(SERVICE + rule('all', '  trafficPolicy: {}') + chosen)
    expect(snapshot.destinationRuleFor(proxyOf(client), snapshot.services[0]!)?.name).toBe('chosen')
    expect(snapshot.destinationRuleFor(proxyOf(server), snapshot.services[0]!)?.name).toBe('all')
    expect(snapshot.inboundDestinationRule(proxyOf(client), snapshot.services[0]!)?.name).toBe('all')
  })
})

describe('a Sidecar', () => {
  it('shows its hosts only, and what imported VirtualServices send to', () => {
    const hidden = SERVICE.replace('name: reviews', 'name: hidden').replace('app: reviews', 'app: hidden')
    const sidecar = `
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default}
spec:
  egress: [{hosts: ['./reviews.default.svc.cluster.local']}]
`
    const route = `
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: hidden}}]}]
`
    const names = (content: string) =>
      snapshotOf(content)
        .sidecarScope(proxyOf(client))
        .services.map(s => s.name)
    expect(names(`${SERVICE}---${hidden}${sidecar}`)).toEqual(['reviews'])
    expect(names(`${SERVICE}---${hidden}${sidecar}${route}`)).toEqual(['reviews', 'hidden'])
  })
})

describe('PeerAuthentication', () => {
  it('of a port wins over that of the workload, over the namespace, over the mesh', () => {
    const policy = (namespace: string, body: string) => `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: p${body.length}, namespace: ${namespace}}
spec: ${body}
`
    const snapshot = snapshotOf(
      SERVICE +
        policy('istio-system', '{mtls: {mode: STRICT}}') +
        policy('default', '{selector: {matchLabels: {app: reviews}}, portLevelMtls: {8080: {mode: DISABLE}}}'),
    )
    expect(snapshot.namespaceMutualTls('default')).toBe('STRICT')
    const effective = snapshot.mutualTls('default', server.labels)
    expect(effective.mode).toBe('STRICT')
    expect(effective.ports.get(8080)).toBe('DISABLE')
    expect(snapshot.mutualTls('default', client.labels).ports.size).toBe(0)
  })
})

describe('a delegate', () => {
  const vs = (name: string, body: string) => `
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec:
${body}
`
  it('lends its rules to the root; those outside the root’s match are dropped', () => {
    const root = vs(
      'root',
      '  hosts: [reviews]\n  http: [{name: r, match: [{uri: {prefix: /a}}], delegate: {name: part}}]',
    )
    const part = vs(
      'part',
      '  http: [{name: in, match: [{uri: {prefix: /a/b}}], route: [{destination: {host: reviews}}]}, {name: out, match: [{uri: {prefix: /c}}], route: [{destination: {host: reviews}}]}]',
    )
    const [merged, ...others] = snapshotOf(SERVICE + root + part).virtualServices
    expect(others).toEqual([])
    expect(merged?.spec.http.map(r => [r.name, r.match?.[0]?.uri?.prefix])).toEqual([['r-in', '/a/b']])
  })
})
