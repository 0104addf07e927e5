// Outlier detection (envoy: source/common/upstream/outlier_detection_impl.cc).
//   healthy --consecutive errors, or a bad rate at the sweep--> ejected --sweep after base x count, capped--> healthy
// Ejection happens at the error that fills the counter; return only at a sweep, every interval.
import type { EventHandler, RandomStream, Scheduler, SimTime } from '../../engine/types.ts'
import type { JsonObject } from '../../xds/types.ts'
import { duration, number } from '../json.ts'
import type { Host } from './host.ts'
import { farBelow, type RatedHost } from './success-rate.ts'

/** How a try ended that has no status: the connection failed, or no answer came in time. */
export type LocalOutcome = 'ok' | 'failed' | 'timeout'
export type EjectionType =
  | 'consecutive_5xx'
  | 'consecutive_gateway_failure'
  | 'consecutive_local_origin_failure'
  | 'success_rate'
  | 'failure_percentage'

/** What the detector remembers of one host. */
export class HostMonitor {
  ejected = false
  ejectedAt: SimTime = 0
  returnedAt: SimTime = -1
  /** Times its base time is multiplied by. */
  backoff = 0
  jitter = 0
  consecutive5xx = 0
  consecutiveGateway = 0
  consecutiveLocal = 0
  /** Requests and successes of the interval, external and local. */
  total = 0
  good = 0

  clear(): void {
    this.consecutive5xx = 0
    this.consecutiveGateway = 0
    this.consecutiveLocal = 0
  }
}

/** Whom the detector serves. */
export interface OutlierOwner {
  readonly hosts: readonly Host[]
  readonly scheduler: Scheduler
  onEjection(host: Host, ejected: boolean, why: EjectionType | ''): void
}

const SWEEP = 1
const MINUTES_5 = 300_000_000

export class OutlierDetector implements EventHandler {
  /** Hosts ejected now. */
  active = 0
  /** Counters by their names below `outlier_detection.`. */
  readonly counters = new Map<string, number>()
  private readonly owner: OutlierOwner
  private readonly config: JsonObject
  private readonly dice: RandomStream
  private readonly interval: number
  private readonly base: number
  private readonly longest: number
  private readonly maxPercent: number
  private readonly split: boolean
  private readonly of5xx: number
  private readonly ofGateway: number
  private readonly ofLocal: number
  private timer = 0
  private born: SimTime = 0

  constructor(owner: OutlierOwner, config: JsonObject, dice: RandomStream) {
    this.owner = owner
    this.config = config
    this.dice = dice
    this.interval = duration(config.interval, 10_000_000)
    this.base = duration(config.base_ejection_time, 30_000_000)
    this.longest = duration(config.max_ejection_time, Math.max(MINUTES_5, this.base))
    this.maxPercent = number(config.max_ejection_percent, 10)
    this.split = config.split_external_local_origin_errors === true
    this.of5xx = number(config.consecutive_5xx, 5)
    this.ofGateway = number(config.consecutive_gateway_failure, 5)
    this.ofLocal = number(config.consecutive_local_origin_failure, 5)
  }

  /** A response came (or its code stands for what happened). */
  response(host: Host, status: number): void {
    const m = host.monitor
    if (m === null) return
    this.arm()
    m.total++
    if (status < 500) {
      m.good++
      m.consecutive5xx = 0
      m.consecutiveGateway = 0
      return
    }
    if (status >= 502 && status <= 504) {
      if (++m.consecutiveGateway === this.ofGateway) {
        this.detected(host, 'consecutive_gateway_failure', 0)
        m.consecutiveGateway = 0
      }
    } else m.consecutiveGateway = 0
    if (++m.consecutive5xx === this.of5xx) {
      this.detected(host, 'consecutive_5xx', 100)
      m.consecutive5xx = 0
    }
  }

  /** `final`: a TCP connection, for which nothing else will be told. */
  local(host: Host, outcome: LocalOutcome, final: boolean): void {
    const m = host.monitor
    if (m === null) return
    if (!this.split) {
      if (outcome === 'failed') this.response(host, 503)
      else if (outcome === 'timeout') this.response(host, 504)
      else if (final) this.response(host, 200)
      return
    }
    if (outcome === 'ok') {
      m.consecutiveLocal = 0
      return
    }
    this.arm()
    if (++m.consecutiveLocal === this.ofLocal) {
      this.detected(host, 'consecutive_local_origin_failure', 100)
      m.consecutiveLocal = 0
    }
  }

  private detected(host: Host, type: EjectionType, enforcing: number): void {
    if (host.monitor?.ejected) return
    this.count(`ejections_detected_${type}`)
    if (!this.enforced(number(this.config[`enforcing_${type}`], enforcing))) return
    this.eject(host, type)
  }

  private enforced(percent: number): boolean {
    return percent >= 100 || (percent > 0 && this.dice.below(100) < percent)
  }

  private eject(host: Host, type: EjectionType): void {
    const m = host.monitor
    if (m === null || m.ejected) return
    const percent = (100 * (this.active + 1)) / Math.max(1, this.owner.hosts.length)
    const allowed = percent <= this.maxPercent || (this.config.always_eject_one_host === true && this.active === 0)
    if (!allowed) {
      this.count('ejections_overflow')
      return
    }
    m.ejected = true
    m.ejectedAt = this.owner.scheduler.now
    if (m.backoff * this.base < this.longest + this.base) m.backoff++
    const most = duration(this.config.max_ejection_time_jitter)
    m.jitter = most > 0 ? this.dice.below(Math.floor(most / 1_000) + 1) * 1_000 : 0
    this.active++
    this.count('ejections_enforced_total')
    this.count(`ejections_enforced_${type}`)
    this.count(`ejections_${type}`)
    this.arm()
    this.owner.onEjection(host, true, type)
  }

  private restore(host: Host, m: HostMonitor): void {
    m.ejected = false
    m.returnedAt = this.owner.scheduler.now
    m.clear()
    this.active--
    this.owner.onEjection(host, false, '')
  }

  /** From when on a sweep lets it in again. */
  until({ ejectedAt, backoff, jitter }: HostMonitor): SimTime {
    return ejectedAt + Math.min(this.base * backoff, this.longest) + jitter
  }

  /** A host has left the cluster: its slot is free. */
  forget(host: Host): void {
    if (host.monitor?.ejected) this.active--
  }

  /** The sweep runs on a grid of intervals from the start, yet only while it could matter. */
  private arm(): void {
    if (this.timer !== 0) return
    const { scheduler } = this.owner
    const next = (Math.floor((scheduler.now - this.born) / this.interval) + 1) * this.interval + this.born
    this.timer = scheduler.schedule(next, this, SWEEP, null)
  }

  /** The cluster exists from now on. */
  start(): void {
    this.born = this.owner.scheduler.now
  }

  stop(): void {
    if (this.timer !== 0) this.owner.scheduler.cancel(this.timer)
    this.timer = -1
  }

  onEvent(): void {
    if (this.timer === -1) return
    this.timer = 0
    const { now } = this.owner.scheduler
    let busy = false
    for (const host of this.owner.hosts) {
      const m = host.monitor
      if (m === null) continue
      if (m.ejected) {
        if (now >= this.until(m)) this.restore(host, m)
      } else if (m.backoff > 0 && now - m.returnedAt >= this.interval) m.backoff--
      busy = busy || m.ejected || m.backoff > 0
    }
    this.rates()
    if (busy || this.active > 0) this.arm()
  }

  private rates(): void {
    const { config } = this
    const rated: RatedHost[] = []
    for (const host of this.owner.hosts) {
      const m = host.monitor
      if (m === null) continue
      if (!m.ejected) rated.push({ host, total: m.total, good: m.good })
      m.total = 0
      m.good = 0
    }
    for (const host of farBelow(rated, config)) {
      this.count('ejections_detected_success_rate')
      if (this.enforced(number(config.enforcing_success_rate, 100))) this.eject(host, 'success_rate')
    }
    const enforcing = number(config.enforcing_failure_percentage)
    const enough = rated.filter(r => r.total >= number(config.failure_percentage_request_volume, 50))
    if (enforcing === 0 || enough.length < number(config.failure_percentage_minimum_hosts, 5)) return
    for (const { host, total, good } of enough) {
      if ((100 * (total - good)) / total < number(config.failure_percentage_threshold, 85)) continue
      this.count('ejections_detected_failure_percentage')
      if (this.enforced(enforcing)) this.eject(host, 'failure_percentage')
    }
  }

  private count(name: string): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + 1)
  }
}
