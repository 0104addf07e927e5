// What became of each request of a load, small enough to keep for every one: the other run's request of the same number
// is its partner.
import type { Directory, Observation, Recorder } from '../observation/index.ts'
import { labelOfParty } from './labels.ts'

export interface Outcome {
  load: string
  /** It was the n-th request of its load, from 1. */
  number: number
  traceId: number
  /** µs of virtual time */
  start: number
  latency: number
  method: string
  url: string
  /** 0 = no answer, see `failure`. */
  status: number
  failure: string
  /** Applications that worked for it, `app version`, sorted. */
  servedBy: string
}

/** Keeps the clients' records, and who served each trace. */
export class OutcomeRecorder implements Recorder {
  private readonly pods = new Map<number, Set<string>>()
  private readonly outcomes: Omit<Outcome, 'number' | 'servedBy'>[] = []

  wants(kind: Observation['kind']): boolean {
    return kind === 'client' || kind === 'served'
  }

  wantsTrail(): boolean {
    return false
  }

  record(observation: Observation): void {
    if (observation.kind === 'served') {
      const known = this.pods.get(observation.traceId)
      if (known === undefined) this.pods.set(observation.traceId, new Set([observation.pod]))
      else known.add(observation.pod)
    } else if (observation.kind === 'client') {
      const { source: load, traceId, start, end, method, url, status, failure } = observation
      this.outcomes.push({ load, traceId, start, latency: end - start, method, url, status, failure })
    }
  }

  /** Load -> its requests in the order in which they were sent. */
  byLoad(directory: Directory): Map<string, Outcome[]> {
    const loads = new Map<string, Outcome[]>()
    for (const outcome of [...this.outcomes].sort((a, b) => a.traceId - b.traceId)) {
      const list = loads.get(outcome.load) ?? []
      loads.set(outcome.load, list)
      const pods = [...(this.pods.get(outcome.traceId) ?? [])]
      const names = new Set(pods.map(pod => nameOf(pod, directory)))
      const servedBy = [...names].sort((a, b) => (a < b ? -1 : 1)).join(', ')
      list.push({ ...outcome, number: list.length + 1, servedBy })
    }
    return loads
  }
}

function nameOf(pod: string, directory: Directory): string {
  const party = directory.byPod(pod)
  return party === null ? pod : labelOfParty(party)
}
