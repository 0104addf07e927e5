// The tcp_proxy filter's configuration, compiled once per filter chain
// (api: extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto).
import type { RandomStream } from '../../../engine/types.ts'
import type { JsonObject } from '../../../xds/types.ts'
import { type AccessLog, accessLogsOf } from '../../access-log.ts'
import { duration, list, number, object, text } from '../../json.ts'
import { xxHash64 } from '../../xxhash64.ts'

const HOUR = 3_600_000_000

export interface TcpSettings {
  cluster: string
  /** Empty: `cluster` takes all. */
  weighted: { name: string; weight: number }[]
  total: number
  /** Microseconds; 0 = none. */
  idleTimeout: number
  maxDuration: number
  maxConnectAttempts: number
  hashSourceIp: boolean
  accessLogs: () => readonly AccessLog[]
}

export function compileTcp(config: JsonObject): TcpSettings {
  const weighted = list(object(config.weighted_clusters).clusters)
    .map(object)
    .map(c => ({ name: text(c.name), weight: number(c.weight) }))
  return {
    cluster: text(config.cluster),
    weighted,
    total: weighted.reduce((sum, c) => sum + c.weight, 0),
    idleTimeout: duration(config.idle_timeout, HOUR),
    maxDuration: duration(config.max_downstream_connection_duration),
    maxConnectAttempts: number(config.max_connect_attempts, 1),
    hashSourceIp: list(config.hash_policy).some(p => object(p).source_ip !== undefined),
    accessLogs: accessLogsOf(config.access_log),
  }
}

/** The cluster of one connection. */
export function clusterOf(settings: TcpSettings, dice: RandomStream): string {
  if (settings.weighted.length === 0) return settings.cluster
  let roll = dice.below(Math.max(1, settings.total))
  for (const { name, weight } of settings.weighted) {
    if (roll < weight) return name
    roll -= weight
  }
  return settings.cluster
}

/** What consistent hashing goes by. */
export function hashOf(settings: TcpSettings, sourceIp: string): bigint | null {
  return settings.hashSourceIp ? xxHash64(sourceIp) : null
}
