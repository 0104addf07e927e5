// The load balancing policies by their names in Cluster.lb_policy (api: config/cluster/v3/cluster.proto).

import type { Cluster } from '../../xds/types.ts'
import { object, text } from '../json.ts'
import { LeastRequest } from './least-request.ts'
import { Maglev } from './maglev.ts'
import { RandomChoice } from './random.ts'
import { RingHash } from './ring-hash.ts'
import { RoundRobin } from './round-robin.ts'
import type { LoadBalancingPolicy, PolicyTools } from './types.ts'

export type { HostBalancer, LoadBalancingPolicy, PolicyTools } from './types.ts'

/** The policy of a cluster; ORIGINAL_DST clusters (lb_policy CLUSTER_PROVIDED) choose by address instead. */
export function createPolicy(cluster: Cluster, tools: PolicyTools): LoadBalancingPolicy {
  switch (text(cluster.lb_policy, 'ROUND_ROBIN')) {
    case 'LEAST_REQUEST':
      return new LeastRequest(cluster.least_request_lb_config, tools)
    case 'RANDOM':
      return new RandomChoice(tools)
    case 'RING_HASH':
      return new RingHash(cluster.ring_hash_lb_config, tools)
    case 'MAGLEV':
      return new Maglev(cluster.maglev_lb_config, tools)
    default:
      return new RoundRobin(object(cluster.round_robin_lb_config).slow_start_config, tools)
  }
}
