// Clusters without a service: nowhere, wherever the connection was going, any name
// (pilot/pkg/networking/core/cluster_builder.go).
import type { MeshConfig } from '../../resources/index.ts'
import type { Cluster } from '../../xds/types.ts'
import type { ClusterBuilder } from './cluster-builder.ts'
import { protoDuration } from './cluster-duration.ts'
import {
  ALLOW_ANY_DYNAMIC_DNS_CLUSTER,
  BLACK_HOLE_CLUSTER,
  INBOUND_PASSTHROUGH_CLUSTER,
  PASSTHROUGH_CLUSTER,
  statsPrefix,
} from './cluster-names.ts'
import { applyConnectionPool, type Draft, dnsLookupFamily, finish } from './cluster-traffic-policy.ts'

/** The filter by which the two sides of a connection tell who they are. */
export const metadataExchange = () => ({
  name: 'istio.metadata_exchange',
  typed_config: {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    type_url: 'type.googleapis.com/envoy.tcp.metadataexchange.config.MetadataExchange',
    value: { protocol: 'istio-peer-exchange', enable_discovery: true },
  },
})

/** No hosts: what is routed here fails. */
export const blackHole = (mesh: MeshConfig): Cluster => ({
  name: BLACK_HOLE_CLUSTER,
  alt_stat_name: statsPrefix(BLACK_HOLE_CLUSTER),
  type: 'STATIC',
  connect_timeout: protoDuration(mesh.connectTimeout),
})

function passthroughDraft(builder: ClusterBuilder, cluster: Cluster): Draft {
  const draft: Draft = {
    cluster,
    http: null,
    dynamic: false,
  }
  const { meshConfig } = builder.snapshot
  applyConnectionPool(draft, meshConfig, meshConfig.defaultTrafficPolicy?.connectionPool ?? {})
  // the options of these clusters are fixed: whatever the pool says about HTTP is lost
  draft.http = {
    common: { idle_timeout: '300s' },
    protocol: { kind: 'downstream', http1: builder.http1Options(), http2: {} },
  }
  return draft
}

function originalDestination(builder: ClusterBuilder, name: string): Cluster {
  const cluster: Cluster = {
    name,
    alt_stat_name: statsPrefix(PASSTHROUGH_CLUSTER),
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
  }
  return finish(passthroughDraft(builder, cluster))
}

/** Outbound traffic that no listener or route knows. */
export const passthrough = (builder: ClusterBuilder): Cluster => ({
  ...originalDestination(builder, PASSTHROUGH_CLUSTER),
  filters: [metadataExchange()],
})

/** Inbound traffic to ports that no service declares. */
export const inboundPassthrough = (builder: ClusterBuilder): Cluster => ({
  ...originalDestination(builder, INBOUND_PASSTHROUGH_CLUSTER),
  upstream_bind_config: { source_address: { address: builder.passthroughAddress(), port_value: 0 } },
})

/** ALLOW_ANY_DYNAMIC_DNS: the name in Host is looked up when the request comes. */
export function dynamicDnsForAny(builder: ClusterBuilder): Cluster {
  const cluster: Cluster = {
    name: ALLOW_ANY_DYNAMIC_DNS_CLUSTER,
    alt_stat_name: statsPrefix(ALLOW_ANY_DYNAMIC_DNS_CLUSTER),
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        dns_cache_config: {
          name: 'allow_any_dynamic_dns_cache',
          dns_lookup_family: dnsLookupFamily(builder.proxy),
        },
        allow_insecure_cluster_options: true,
      },
    },
  }
  return { ...finish(passthroughDraft(builder, cluster)), filters: [metadataExchange()] }
}
