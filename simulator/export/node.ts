// How a proxy names itself to istiod and in its bootstrap (pkg/bootstrap/config.go, tools/packaging/common).
import { serviceCluster } from '../registry/names.ts'
import type { ProxyNode } from '../registry/types.ts'
import type { Json, JsonObject } from '../xds/types.ts'

/** Envoy's runtime as pilot-agent sets it. */
export const RUNTIME_FLAGS: JsonObject = {
  're2.max_program_size.error_level': '32768',
  'envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst': true,
  'envoy.reloadable_features.http_reject_path_with_fragment': false,
  'envoy.reloadable_features.fixed_heap_use_allocated': true,
  'envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update': false,
}

/** Envoy's Node message of the proxy. */
export function envoyNode(node: ProxyNode): JsonObject {
  const { region, zone, subzone } = node.locality
  const locality = {
    ...(region === '' ? {} : { region }),
    ...(zone === '' ? {} : { zone }),
    ...(subzone === '' ? {} : { sub_zone: subzone }),
  }
  return {
    id: `${node.type}~${node.ipAddresses[0] ?? ''}~${node.id}~${node.dnsDomain}`,
    cluster: serviceCluster(node),
    metadata: {
      ...(node.metadata as { [key: string]: Json }),
      CLUSTER_ID: node.clusterId,
      INSTANCE_IPS: node.ipAddresses.join(),
      ISTIO_VERSION: '1.32.0',
      MESH_ID: 'cluster.local',
      NAME: node.name,
      NAMESPACE: node.namespace,
      NODE_NAME: node.nodeName,
      SERVICE_ACCOUNT: node.serviceAccount,
    },
    ...(Object.keys(locality).length === 0 ? {} : { locality }),
  }
}
