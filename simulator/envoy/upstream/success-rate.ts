// Success rate ejection: hosts far below the others' mean (envoy: outlier_detection_impl.cc successRateEjectionThreshold).
import type { JsonObject } from '../../xds/types.ts'
import { number } from '../json.ts'
import type { Host } from './host.ts'

export interface RatedHost {
  host: Host
  /** Requests of the interval, and those that succeeded. */
  total: number
  good: number
}

/** Success rate in percent below which a host is bad: mean - factor x standard deviation of the population. */
export function threshold(rates: readonly number[], factor: number): number {
  const mean = rates.reduce((sum, r) => sum + r, 0) / rates.length
  const variance = rates.reduce((sum, r) => sum + (r - mean) * (r - mean), 0) / rates.length
  return mean - factor * Math.sqrt(variance)
}

/** The hosts to eject; nobody unless enough hosts saw enough requests. */
export function farBelow(rated: readonly RatedHost[], config: JsonObject): Host[] {
  if (number(config.enforcing_success_rate, 100) === 0) return []
  const enough = rated.filter(r => r.total >= number(config.success_rate_request_volume, 100))
  if (enough.length === 0 || enough.length < number(config.success_rate_minimum_hosts, 5)) return []
  const rates = enough.map(r => (100 * r.good) / r.total)
  const least = threshold(rates, number(config.success_rate_stdev_factor, 1900) / 1000)
  return enough.filter((_, i) => (rates[i] ?? 0) < least).map(r => r.host)
}
