// One endpoint of a cluster: address, weight, health and what is going on with it
// (envoy: source/common/upstream/upstream_impl.h HostImpl).
import type { JsonObject } from '../../xds/types.ts'
import type { HostMonitor } from './outlier.ts'
import type { HostPools } from './pools.ts'

/** Health as EDS gave it; outlier ejection comes on top. */
export type EndpointHealth = 'healthy' | 'degraded' | 'unhealthy'

export class Host {
  readonly ip: string
  readonly port: number
  /** `ip:port`: identity, and input of ring hash and maglev. */
  readonly key: string
  weight = 1
  priority = 0
  /** `region/zone/subzone`. */
  locality = ''
  health: EndpointHealth = 'healthy'
  metadata: JsonObject = {}
  /** Requests in flight, for least request. */
  active = 0
  /** When it began to be usable, for slow start. */
  healthySince: number
  /** Does the last published host set count it as healthy? */
  usable = false
  readonly pool: HostPools
  readonly monitor: HostMonitor | null

  constructor(ip: string, port: number, now: number, pools: (h: Host) => HostPools, monitor: HostMonitor | null) {
    this.ip = ip
    this.port = port
    this.key = `${ip}:${port}`
    this.healthySince = now
    this.pool = pools(this)
    this.monitor = monitor
  }

  /** May new streams go to it, panic aside? */
  get fit(): boolean {
    return this.health !== 'unhealthy' && !this.monitor?.ejected
  }
}

/** EDS health_status (config/core/v3/health_check.proto): absent and UNKNOWN count as healthy. */
export function endpointHealth(status: string): EndpointHealth {
  if (status === '' || status === 'UNKNOWN' || status === 'HEALTHY') return 'healthy'
  return status === 'DEGRADED' ? 'degraded' : 'unhealthy'
}
