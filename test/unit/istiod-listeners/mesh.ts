// A small mesh for tests of translation: a client, a server, a gateway, and what a test adds to them.
import { translateProxy } from '../../../simulator/istiod/index.ts'
import { buildMeshSnapshot } from '../../../simulator/registry/index.ts'
import type { ProxyNode, Workload } from '../../../simulator/registry/types.ts'
import { loadResources, mergeMeshConfig } from '../../../simulator/resources/index.ts'
import type {
  FilterChain,
  JsonObject,
  Listener,
  ProxyConfiguration,
  VirtualHost,
} from '../../../simulator/xds/types.ts'

const SERVICES = `
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec:
  clusterIP: 10.96.0.1
  selector: {app: reviews}
  ports: [{name: http, port: 9080}, {name: tcp, port: 9000}, {name: sniffed, port: 7000}]
---
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: istio-system}
spec:
  clusterIP: 10.96.0.2
  selector: {istio: ingressgateway}
  ports: [{name: http2, port: 80, targetPort: 8080}, {name: https, port: 443, targetPort: 8443}]
`

const workload = (name: string, namespace: string, ip: string, labels: Record<string, string>): Workload => ({
  name,
  namespace,
  ip,
  labels,
  serviceAccount: name,
  containerPorts: [],
  locality: { region: '', zone: '', subzone: '' },
  ready: true,
  terminating: false,
  sidecar: name !== 'gateway',
  gateway: name === 'gateway',
  node: '',
})

const WORKLOADS = {
  client: workload('client', 'default', '10.0.0.1', { app: 'client' }),
  reviews: workload('reviews', 'default', '10.0.0.2', { app: 'reviews', version: 'v1' }),
  gateway: workload('gateway', 'istio-system', '10.0.0.3', { istio: 'ingressgateway' }),
}

/** Configuration of one of the three proxies, with `yaml` besides the services. */
export function configurationOf(
  who: keyof typeof WORKLOADS,
  yaml = '',
  mesh: Record<string, unknown> = {},
): ProxyConfiguration {
  const { resources } = loadResources([{ name: 'mesh.yaml', content: `${SERVICES}\n---\n${yaml}` }])
  const own = WORKLOADS[who]
  const proxy: ProxyNode = {
    id: `${own.name}.${own.namespace}`,
    type: own.gateway ? 'router' : 'sidecar',
    namespace: own.namespace,
    name: own.name,
    labels: own.labels,
    ipAddresses: [own.ip],
    serviceAccount: own.serviceAccount,
    locality: own.locality,
    dnsDomain: `${own.namespace}.svc.cluster.local`,
    metadata: {},
    clusterId: 'Kubernetes',
    nodeName: '',
  }
  const snapshot = buildMeshSnapshot({
    resources,
    meshConfig: mergeMeshConfig(mesh),
    workloads: Object.values(WORKLOADS),
    clusterIps: new Map(),
    featureFlags: {},
  })
  return translateProxy(snapshot, proxy)
}

export function listener(configuration: ProxyConfiguration, name: string): Listener {
  const found = configuration.listeners.find(candidate => candidate.name === name)
  if (!found) throw new Error(`no listener ${name} in ${configuration.listeners.map(l => l.name).join(', ')}`)
  return found
}

/** `http`, or the cluster of the TCP proxy. */
export function chainKind(chain: FilterChain | undefined): string {
  const last = chain?.filters[chain.filters.length - 1]
  return last?.name.endsWith('http_connection_manager') ? 'http' : String(last?.typed_config?.['cluster'])
}

export function manager(chain: FilterChain | undefined): JsonObject {
  const found = chain?.filters.find(filter => filter.name.endsWith('http_connection_manager'))?.typed_config
  if (!found) throw new Error('not an HTTP chain')
  return found
}

export const httpFilterNames = (chain: FilterChain | undefined): string[] =>
  (manager(chain)['http_filters'] as { name: string }[]).map(filter => filter.name)

export function virtualHost(configuration: ProxyConfiguration, routes: string, name: string): VirtualHost {
  const hosts = configuration.routes.find(candidate => candidate.name === routes)?.virtual_hosts ?? []
  const found = hosts.find(candidate => candidate.name === name)
  if (!found) throw new Error(`no virtual host ${name} in ${hosts.map(host => host.name).join(', ')}`)
  return found
}
