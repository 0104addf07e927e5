// Configuration as treatment: what is left when names, statistics and notes to the reader are taken away.
import type { UpstreamCluster } from '../envoy/index.ts'
import type { Json, JsonObject } from '../xds/types.ts'
import { object } from './walk-rules.ts'

/** Changes nothing for a request. */
const NOTES = new Set(['metadata', 'decorator', 'stat_prefix', 'alt_stat_name', 'name', '@type', 'match'])

/** The object without its notes and without `more`; members that are absent are dropped. */
export function treatment(config: unknown, ...more: readonly string[]): Json {
  const kept = Object.entries(object(config)).filter(([key]) => !NOTES.has(key) && !more.includes(key))
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined)) as JsonObject
}

/** Whether there is anything in it. */
export const isTreated = (value: Json): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== null

/** Lines of a list before it says how many more there are. */
const SHOWN = 6

export const shortened = (lines: string[]): string[] =>
  lines.length <= SHOWN ? lines : [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`]

/** `route.timeout: 1s -> 3s`, one line a difference. */
export function differences(before: Json | undefined, after: Json | undefined, path: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const plain = (value: Json | undefined): value is JsonObject =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (plain(before) && plain(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return keys.flatMap(key => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((item, i) => differences(item, after[i], `${path}[${i}]`))
  return [`${path}: ${short(before)} -> ${short(after)}`]
}

const LONGEST = 120

function short(value: Json | undefined): string {
  const words = value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
  return words.length <= LONGEST ? words : `${words.slice(0, LONGEST)}…`
}

/** What a connection manager does beside its filters and routes. */
export const connectionTreatment = (manager: JsonObject): Json =>
  treatment(manager, 'http_filters', 'rds', 'route_config', 'access_log', 'tracing', 'server_name', 'codec_type')

/** What a cluster does beside leading somewhere. */
export const clusterTreatment = (cluster: UpstreamCluster): Json =>
  treatment(
    cluster.config,
    'type',
    'transport_socket',
    'transport_socket_matches',
    'load_assignment',
    'eds_cluster_config',
    'upstream_bind_config',
  )
