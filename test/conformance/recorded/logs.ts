// The access logs of a run: what each proxy of the case recorded, per workload, in the words of the recordings.
import type { ConnectionRecord, Observation, Recorder, StreamRecord } from '../../../simulator/observation/types.ts'

export interface Log {
  kind: 'http' | 'tcp' | 'listener'
  inbound: boolean
  flags: string
  details: string
  cluster: string
  route: string
  attempts: number
  upstreamFailure: string
  upstreamProtocol: string
  upstreamHost: string
  code: number
  peer: string
  sni: string
}

/** Keeps streams and connections by pod name, in the order in which they ended. */
export class Logs implements Recorder {
  private fresh = new Map<string, Log[]>()

  wants(kind: Observation['kind']): boolean {
    return kind === 'stream' || kind === 'connection'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind === 'stream') this.add(observation.pod, ofStream(observation))
    else if (observation.kind === 'connection') this.add(observation.pod, ofConnection(observation))
  }

  /** Entries since the last call. */
  take(): Map<string, Log[]> {
    const { fresh } = this
    this.fresh = new Map()
    return fresh
  }

  private add(pod: string, log: Log): void {
    const name = pod.split('.')[0] ?? pod
    const logs = this.fresh.get(name)
    if (logs === undefined) this.fresh.set(name, [log])
    else logs.push(log)
  }
}

function ofStream(r: StreamRecord): Log {
  return {
    kind: 'http',
    inbound: r.direction === 'inbound',
    flags: r.flags.join(','),
    details: r.details,
    cluster: r.cluster,
    route: r.routeName,
    attempts: r.attempts,
    upstreamFailure: r.upstreamTransportFailure,
    upstreamProtocol: r.upstreamProtocol,
    upstreamHost: r.upstreamHost,
    code: r.status,
    peer: r.downstreamPeer,
    sni: '',
  }
}

function ofConnection(r: ConnectionRecord): Log {
  return {
    kind: r.filterChain === '' && r.cluster === '' ? 'listener' : 'tcp',
    inbound: r.direction === 'inbound',
    flags: r.flags.join(','),
    details: r.details,
    cluster: r.cluster,
    route: '',
    attempts: r.attempts,
    upstreamFailure: r.upstreamTransportFailure,
    upstreamProtocol: '',
    upstreamHost: r.upstreamHost,
    code: 0,
    peer: r.downstreamPeer,
    sni: r.sni,
  }
}
