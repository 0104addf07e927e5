// What all load balancing policies share. A policy lives as long as its cluster; a balancer serves one list of hosts as
// last published (the healthy hosts of a priority, those of a locality, all hosts in panic).
import type { RandomStream, Scheduler } from '../../engine/types.ts'
import type { Host } from '../upstream/host.ts'

export interface HostBalancer {
  /**
   * One choice. `hash`: the request's hash, unsigned 64 bit, null = none. `attempt` counts the choices of one request
   * from 0: on a retry the first ones may have hit hosts to avoid. Null only when there are no hosts.
   */
  pick(hash: bigint | null, attempt: number): Host | null
}

export interface LoadBalancingPolicy {
  /** Does a request's hash also decide the priority (thread aware load balancers)? */
  readonly byHash: boolean
  /**
   * The balancer for a list of hosts. `source` names the list for state that outlives updates; `shareOf` is the weight
   * of a host's locality where localities are weighted, else null.
   */
  forHosts(hosts: readonly Host[], source: string, shareOf: ((host: Host) => number) | null): HostBalancer
}

export interface PolicyTools {
  readonly dice: RandomStream
  readonly scheduler: Scheduler
}

export function equalWeights(hosts: readonly Host[]): boolean {
  const first = hosts[0]
  for (const host of hosts) if (host.weight !== first?.weight) return false
  return true
}
