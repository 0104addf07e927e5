// The fields of observations that an expression may ask for, under the names that reports use.
import type { LoggedRecord, Observation, TrafficStatistics } from '../../observation/index.ts'

export const FIELDS = {
  kind: 'text',
  status: 'number',
  flag: 'text',
  details: 'text',
  latency: 'time',
  source: 'text',
  destination: 'text',
  version: 'text',
  method: 'text',
  path: 'text',
  host: 'text',
  load: 'text',
  failure: 'text',
  proxy: 'text',
  direction: 'text',
  cluster: 'text',
  upstream: 'text',
  route: 'text',
  attempts: 'number',
  mark: 'text',
  ejected: 'text',
} as const

export type FieldName = keyof typeof FIELDS
export type FieldValue = string | number | readonly string[] | undefined

/** What `field` is of this observation; undefined where it has none. */
export function fieldOf(o: Observation, field: FieldName, statistics: TrafficStatistics): FieldValue {
  if (field === 'kind') return o.kind
  switch (o.kind) {
    case 'client':
      return clientField(o, field)
    case 'stream':
      return streamField(o, field, statistics)
    case 'connection':
      return loggedField(o, field)
    case 'ejection':
      return { proxy: o.proxy, cluster: o.cluster, upstream: o.host, ejected: String(o.ejected), details: o.why }[
        field as string
      ]
    case 'push':
      return { proxy: o.proxy, details: o.nack, latency: o.convergence }[field as string]
    case 'mark':
      return field === 'mark' ? o.what : undefined
    default:
      return undefined
  }
}

type Of<K extends Observation['kind']> = Extract<Observation, { kind: K }>

function clientField(o: Of<'client'>, field: FieldName): FieldValue {
  switch (field) {
    case 'status':
      return o.status
    case 'latency':
      return o.end - o.start
    case 'load':
    case 'source':
      return o.source
    case 'method':
      return o.method
    case 'failure':
      return o.failure
    case 'path':
      return pathOf(o.url)
    case 'host':
      return o.url.split('/')[2] ?? ''
    default:
      return undefined
  }
}

function streamField(o: Of<'stream'>, field: FieldName, statistics: TrafficStatistics): FieldValue {
  switch (field) {
    case 'status':
      return o.status
    case 'source':
      return statistics.edgeOf(o)?.source
    case 'destination':
      return statistics.edgeOf(o)?.destination
    case 'version':
      return statistics.edgeOf(o)?.version
    case 'host':
      return o.authority
    case 'route':
      return o.routeName
    case 'path':
      return pathOf(o.path)
    case 'method':
      return o.method
    default:
      return loggedField(o, field)
  }
}

/** What streams and connections have in common. */
function loggedField(o: LoggedRecord, field: FieldName): FieldValue {
  switch (field) {
    case 'flag':
      return o.flags
    case 'latency':
      return o.end - o.start
    case 'upstream':
      return o.upstreamHost
    case 'details':
    case 'proxy':
    case 'direction':
    case 'cluster':
    case 'attempts':
      return o[field]
    default:
      return undefined
  }
}

/** Query aside. */
function pathOf(url: string): string {
  const scheme = url.indexOf('://')
  const path = scheme < 0 ? url : url.slice(Math.max(url.indexOf('/', scheme + 3), 0))
  return path.split('?')[0] ?? ''
}
