// The bootstrap that pilot-agent writes for a proxy: who it is, where istiod is, and the clusters and listeners that do not
// come from istiod (tools/packaging/common/envoy_bootstrap.json).
import type { ProxyNode } from '../registry/types.ts'
import type { JsonObject } from '../xds/types.ts'
import { envoyNode, RUNTIME_FLAGS } from './node.ts'

const ADMIN_PORT = 15_000
const STATUS_PORT = 15_020
const PROMETHEUS_PORT = 15_090
const HEALTH_PORT = 15_021
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
const HTTP2: JsonObject = {
  [OPTIONS]: { '@type': `type.googleapis.com/${OPTIONS}`, explicit_http_config: { http2_protocol_options: {} } },
}

const socket = (address: string, port: number): JsonObject => ({ socket_address: { address, port_value: port } })

function cluster(name: string, address: JsonObject, more: JsonObject): JsonObject {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }]
  return {
    name,
    type: 'STATIC',
    alt_stat_name: `${name};`,
    ...more,
    load_assignment: { cluster_name: name, endpoints },
  }
}

/** Clusters of the bootstrap: Envoy's own statistics, the agent, its secrets, and istiod through the agent. */
export function bootstrapClusters(): JsonObject[] {
  return [
    cluster('prometheus_stats', socket('127.0.0.1', ADMIN_PORT), { connect_timeout: '0.250s' }),
    cluster('agent', socket('127.0.0.1', STATUS_PORT), { connect_timeout: '0.250s' }),
    cluster(
      'sds-grpc',
      { pipe: { path: './var/run/secrets/workload-spiffe-uds/socket' } },
      { connect_timeout: '1s', typed_extension_protocol_options: HTTP2 },
    ),
    cluster(
      'xds-grpc',
      { pipe: { path: './etc/istio/proxy/XDS' } },
      { connect_timeout: '1s', typed_extension_protocol_options: HTTP2, max_requests_per_connection: 1 },
    ),
  ]
}

function listener(port: number, statPrefix: string, path: string, to: string): JsonObject {
  const manager = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'
  const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'
  const routes = [{ match: { prefix: path }, route: { cluster: to } }]
  return {
    name: `0.0.0.0_${port}`,
    address: socket('0.0.0.0', port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `type.googleapis.com/${manager}`,
              stat_prefix: statPrefix,
              route_config: { virtual_hosts: [{ name: 'backend', domains: ['*'], routes }] },
              http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': router } }],
            },
          },
        ],
      },
    ],
  }
}

/** Listeners of the bootstrap: metrics for Prometheus, readiness for the kubelet. */
export function bootstrapListeners(): JsonObject[] {
  return [
    listener(PROMETHEUS_PORT, 'stats', '/stats/prometheus', 'prometheus_stats'),
    listener(HEALTH_PORT, 'agent', '/healthz/ready', 'agent'),
  ]
}

/** Envoy's Bootstrap message of the proxy. */
export function istioBootstrap(node: ProxyNode): JsonObject {
  const ads: JsonObject = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' }
  return {
    node: envoyNode(node),
    static_resources: { listeners: bootstrapListeners(), clusters: bootstrapClusters() },
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: 'DELTA_GRPC',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
      },
    },
    admin: { address: socket('127.0.0.1', ADMIN_PORT) },
    layered_runtime: {
      layers: [
        { name: 'global config', static_layer: RUNTIME_FLAGS },
        { name: 'admin', admin_layer: {} },
      ],
    },
  }
}
