// The state of a mesh that stands still: pods, what their proxies hold open towards whom, who is ejected, what is on the
// wire to istiod. Reads only; the run may go on afterwards as if nobody had looked.
import { formatDuration } from '../../engine/index.ts'
import type { Pod } from '../../world/index.ts'
import type { Simulation } from '../simulation.ts'

export interface ClusterState {
  cluster: string
  hosts: number
  healthy: number
  /** Requests under way, requests that wait for a connection, connections. */
  active: number
  pending: number
  connections: number
  /** Requests until now, and those that a circuit breaker turned away. */
  requests: number
  overflow: number
  /** `ip:port` of hosts that outlier detection has put out. */
  ejected: string[]
}

export interface PodState {
  pod: string
  ready: boolean
  terminating: boolean
  /** Clusters that have been used, by name. */
  clusters: ClusterState[]
}

export interface MeshState {
  apiVersion: 'meshsim.io/v1alpha1'
  kind: 'MeshState'
  /** µs */
  at: number
  events: number
  fingerprint: string
  pods: PodState[]
  /** Proxies that istiod has not brought into step, by name. */
  outOfStep: string[]
}

export function stateOf(simulation: Simulation): MeshState {
  const { world, engine } = simulation
  const stale = world.controlPlane
    .status()
    .filter(row => Object.values(row.types).some(({ status }) => status === 'STALE' || status === 'ERROR'))
  return {
    apiVersion: 'meshsim.io/v1alpha1',
    kind: 'MeshState',
    at: engine.now,
    events: engine.eventsRun,
    fingerprint: simulation.fingerprint(),
    pods: [...world.pods.values()].map(podState),
    outOfStep: stale.map(row => row.name),
  }
}

function podState(pod: Pod): PodState {
  const { id, workload, proxy } = pod
  const clusters = proxy === null ? [] : [...proxy.live.clusters.keys()].flatMap(name => clusterState(pod, name))
  return {
    pod: id,
    ready: workload.ready,
    terminating: workload.terminating,
    clusters: clusters.sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
  }
}

function clusterState({ proxy }: Pod, name: string): ClusterState[] {
  const cluster = proxy?.cluster(name) ?? null
  if (cluster === null) return []
  const state: ClusterState = {
    cluster: name,
    hosts: cluster.stat('membership_total'),
    healthy: cluster.stat('membership_healthy'),
    active: cluster.stat('upstream_rq_active'),
    pending: cluster.stat('upstream_rq_pending_active'),
    connections: cluster.stat('upstream_cx_active'),
    requests: cluster.stat('upstream_rq_total'),
    overflow: cluster.stat('upstream_rq_pending_overflow') + cluster.stat('upstream_cx_overflow'),
    ejected: cluster.hosts.filter(host => host.monitor?.ejected === true).map(host => host.key),
  }
  const used = state.requests + state.connections + state.pending + state.overflow > 0 || state.ejected.length > 0
  return used ? [state] : []
}

/** As text, a pod and its clusters a line each. */
export function printState(state: MeshState): string {
  const out = [
    `State at ${formatDuration(state.at)} after ${state.events} events (fingerprint ${state.fingerprint})`,
    state.outOfStep.length === 0
      ? '  every proxy is in step with istiod'
      : `  not in step with istiod: ${state.outOfStep.join(', ')}`,
  ]
  for (const { pod, ready, terminating, clusters } of state.pods) {
    out.push(`  ${pod}: ${terminating ? 'terminating' : ready ? 'ready' : 'not ready'}`)
    for (const c of clusters) {
      const ejected = c.ejected.length === 0 ? '' : `, ejected ${c.ejected.join(' ')}`
      const overflow = c.overflow === 0 ? '' : `, ${c.overflow} turned away by circuit breakers`
      out.push(
        `    ${c.cluster}: ${c.active} active, ${c.pending} pending, ${c.connections} connections, ${c.requests} requests, ${c.healthy} of ${c.hosts} hosts healthy${ejected}${overflow}`,
      )
    }
  }
  return `${out.join('\n')}\n`
}
