// Envoy's /config_dump?include_eds of one proxy, so that istioctl and others read it (envoy/admin/v3/config_dump.proto).
import type { JsonObject, ProxyConfiguration } from '../xds/types.ts'
import { bootstrapClusters, bootstrapListeners, istioBootstrap } from './bootstrap.ts'
import { type SecretSource, secretNames, secretsSection } from './dynamic-secrets.ts'

const ADMIN = 'type.googleapis.com/envoy.admin.v3.'
const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener'
const ROUTES = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration'
const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'
const ASSIGNMENT = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment'

export interface DumpSource extends SecretSource {
  configuration: ProxyConfiguration
  /** Version of the push. */
  version: string
}

/** The dump as JSON with proto field names, sections in Envoy's order. */
export function configDump(source: DumpSource): JsonObject {
  const { configuration, node, version, signedAt } = source
  const at = new Date(signedAt).toISOString()
  const typed = (type: string, resource: JsonObject): JsonObject => ({ '@type': type, ...resource })
  const fixed = (field: string, type: string, resources: readonly JsonObject[]): JsonObject[] =>
    resources.map(resource => ({ [field]: typed(type, resource), last_updated: at }))
  const sent = (field: string, type: string, resources: readonly JsonObject[]): JsonObject[] =>
    resources.map(resource => ({ version_info: version, [field]: typed(type, resource), last_updated: at }))
  const listeners = sent('listener', LISTENER, configuration.listeners).map((state, i) => ({
    name: configuration.listeners[i]?.name,
    active_state: state,
  }))
  const sections: [type: string, section: JsonObject][] = [
    ['BootstrapConfigDump', { bootstrap: istioBootstrap(node), last_updated: at }],
    [
      'ClustersConfigDump',
      {
        version_info: version,
        static_clusters: fixed('cluster', CLUSTER, bootstrapClusters()),
        dynamic_active_clusters: sent('cluster', CLUSTER, configuration.clusters),
      },
    ],
    ['EndpointsConfigDump', { dynamic_endpoint_configs: sent('endpoint_config', ASSIGNMENT, configuration.endpoints) }],
    [
      'ListenersConfigDump',
      {
        version_info: version,
        static_listeners: fixed('listener', LISTENER, bootstrapListeners()),
        dynamic_listeners: listeners,
      },
    ],
    ['ScopedRoutesConfigDump', {}],
    ['RoutesConfigDump', { dynamic_route_configs: sent('route_config', ROUTES, configuration.routes) }],
    [
      'SecretsConfigDump',
      secretsSection(secretNames([...configuration.clusters, ...configuration.listeners]), source, version, at),
    ],
  ]
  return { configs: sections.map(([type, section]) => typed(`${ADMIN}${type}`, section)) }
}
