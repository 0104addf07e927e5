// One request as calls between workloads, in order of time: what sequence diagrams show. Inbound streams are the other end
// of the same calls and add nothing here.
import {
  type ClientRecord,
  type Directory,
  isError,
  type StreamRecord,
  serviceOfCluster,
} from '../observation/index.ts'

export interface Interaction {
  from: string
  to: string
  /** µs */
  start: number
  end: number
  /** `GET /reviews/0` */
  call: string
  /** `200`, `503 UH` */
  reply: string
  failed: boolean
}

/** `client`: null where the request was born in a pod with a proxy. */
export function interactionsOf(
  client: ClientRecord | null,
  streams: readonly StreamRecord[],
  directory: Directory,
): Interaction[] {
  const calls = streams.filter(stream => stream.direction !== 'inbound')
  const hops = calls.map(stream => hopOf(stream, directory))
  if (client !== null) {
    const first = [...hops].sort((a, b) => a.start - b.start)[0]
    const source = directory.byLoad(client.source)?.source ?? client.source
    // A caller with a proxy of its own is there already, by that proxy's stream.
    const own = calls.some(stream => stream.parentSpan === 0 && stream.direction === 'outbound')
    if (!own) hops.push(clientHop(client, source, first?.from ?? client.url.split('/')[2] ?? ''))
  }
  return hops.sort((a, b) => a.start - b.start || b.end - a.end)
}

function hopOf(stream: StreamRecord, directory: Directory): Interaction {
  const { proxy, upstreamHost, cluster, authority, method, path, status, flags, attempts, start, end } = stream
  const party = directory.byPod(proxy)
  const host = directory.byIp(upstreamHost.split(':')[0] ?? '')
  const tries = attempts > 1 ? ` after ${attempts} tries` : ''
  return {
    from: party?.workload ?? stream.pod,
    to: host?.workload ?? (serviceOfCluster(cluster) || authority),
    start,
    end,
    call: `${method} ${path}${stream.isShadow ? ' (mirrored)' : ''}`,
    reply: `${[status, ...flags].join(' ')}${tries}`,
    failed: isError(status, flags),
  }
}

function clientHop({ start, end, method, url, status, failure }: ClientRecord, from: string, to: string): Interaction {
  const slash = url.indexOf('/', url.indexOf('://') + 3)
  return {
    from,
    to,
    start,
    end,
    call: `${method} ${slash < 0 ? '/' : url.slice(slash)}`,
    reply: failure === '' ? String(status) : failure,
    failed: status >= 500 || status === 0,
  }
}

/** Workloads in order of their first appearance. */
export function actorsOf(interactions: readonly Interaction[]): string[] {
  return [...new Set(interactions.flatMap(({ from, to }) => [from, to]))]
}
