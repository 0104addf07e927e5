// An upstream cluster: hosts, their published health, load balancing, circuit breakers and outlier ejection
// (envoy: source/common/upstream/cluster_manager_impl.cc, upstream_impl.cc).
import type { EventHandler, SimTime } from '../../engine/types.ts'
import type { Cluster, ClusterLoadAssignment } from '../../xds/types.ts'
import { duration, number, object, text } from '../json.ts'
import { HostChoice } from '../load-balancing/choice.ts'
import { createPolicy } from '../load-balancing/index.ts'
import type { ProxyOptions } from '../options.ts'
import { type AssignedHost, assigned } from './assignment.ts'
import { Breakers } from './breakers.ts'
import { type ClusterCounters, createCounters } from './counters.ts'
import { Host } from './host.ts'
import { type EjectionType, HostMonitor, type LocalOutcome, OutlierDetector, type OutlierOwner } from './outlier.ts'
import { HostPools } from './pools.ts'
import { ConnectionSettings } from './settings.ts'
import { StatusCounts } from './status-counts.ts'
import { TransportSockets } from './transport.ts'

const PUBLISH = 1
const MERGE_WINDOW = 1_000_000

export interface OriginalDestination {
  ip: string
  port: number
}

export class UpstreamCluster implements EventHandler, OutlierOwner {
  readonly name: string
  readonly config: Cluster
  readonly options: ProxyOptions
  /** STATIC, EDS, STRICT_DNS, LOGICAL_DNS or ORIGINAL_DST. */
  readonly type: string
  readonly breakers: Breakers
  readonly counters: ClusterCounters = createCounters()
  readonly settings: ConnectionSettings
  private readonly statuses = new StatusCounts()
  private readonly retried = new StatusCounts()
  readonly sockets: TransportSockets
  /** May the istio.alpn filter put its own list in place of the cluster's? */
  readonly alpnOverride: boolean
  hosts: Host[] = []
  private readonly byKey = new Map<string, Host>()
  /** ORIGINAL_DST: most requests of a cluster go where the one before went. */
  private lastOriginal: { ip: string; port: number; host: Host } | null = null
  private readonly choice: HostChoice
  private readonly outlier: OutlierDetector | null
  private readonly mergeWindow: number
  private readonly createPools = (host: Host) => new HostPools(this, host)
  private assignment: ClusterLoadAssignment | null = null
  private localityWeights = new Map<string, number>()
  private published: SimTime = -MERGE_WINDOW
  private publishing = 0
  /** When names are to be looked up again; -1 = no names. */
  private lookUpAt: SimTime = -1
  private readonly refresh: number

  constructor(config: Cluster, options: ProxyOptions) {
    this.config = config
    this.options = options
    this.name = config.name
    this.type = text(config.type, 'STATIC')
    this.breakers = new Breakers(config.circuit_breakers)
    this.settings = new ConnectionSettings(config, options.ip)
    this.sockets = new TransportSockets(config, options, this.counters)
    this.alpnOverride = text(object(object(object(config.metadata).filter_metadata).istio).alpn_override) !== 'false'
    const dice = options.random.stream(`envoy/${options.id}/cluster/${config.name}`)
    this.choice = new HostChoice(
      config,
      createPolicy(config, { dice, scheduler: options.scheduler }),
      dice,
      this.counters,
    )
    this.mergeWindow = duration(object(config.common_lb_config).update_merge_window, MERGE_WINDOW)
    this.refresh = duration(config.dns_refresh_rate, 5_000_000)
    this.outlier = config.outlier_detection ? new OutlierDetector(this, object(config.outlier_detection), dice) : null
    this.outlier?.start()
  }

  get scheduler() {
    return this.options.scheduler
  }

  /** Takes a new assignment (null: the one inside the cluster); hosts that stay keep pools, health and counters. */
  assign(assignment: ClusterLoadAssignment | null): void {
    this.assignment = assignment ?? { cluster_name: this.name, ...object(this.config.load_assignment) }
    const { hosts, localityWeights, overprovisioning, named } = assigned(
      this.assignment,
      this.type,
      this.options.resolve ?? (() => []),
    )
    this.localityWeights = localityWeights
    this.choice.overprovisioning = overprovisioning
    this.lookUpAt = named ? this.scheduler.now + this.refresh : -1
    const kept = new Set<Host>()
    const next: Host[] = []
    for (const found of hosts) {
      const host = this.hostAt(found.ip, found.port)
      if (kept.has(host)) continue
      kept.add(host)
      this.update(host, found)
      next.push(host)
    }
    for (const old of this.hosts) if (!kept.has(old)) this.remove(old)
    this.hosts = next
    this.publish()
  }

  private update(host: Host, found: AssignedHost): void {
    if (host.health === 'unhealthy' && found.health !== 'unhealthy') host.healthySince = this.scheduler.now
    host.weight = found.weight
    host.priority = found.priority
    host.locality = found.locality
    host.health = found.health
    host.metadata = found.metadata
  }

  private hostAt(ip: string, port: number): Host {
    const key = `${ip}:${port}`
    let host = this.byKey.get(key)
    if (host === undefined) {
      const monitor = this.config.outlier_detection ? new HostMonitor() : null
      host = new Host(ip, port, this.scheduler.now, this.createPools, monitor)
      this.byKey.set(key, host)
    }
    return host
  }

  private remove(host: Host): void {
    this.byKey.delete(host.key)
    if (this.lastOriginal?.host === host) this.lastOriginal = null
    this.outlier?.forget(host)
    host.pool.drain(true)
  }

  /** The cluster has been replaced or removed: its connections end with their streams. */
  drain(): void {
    this.outlier?.stop()
    for (const host of this.hosts) host.pool.drain(true)
  }

  private publish(): void {
    if (this.publishing !== 0) this.scheduler.cancel(this.publishing)
    this.publishing = 0
    this.published = this.scheduler.now
    for (const host of this.hosts) host.usable = host.fit
    this.choice.publish(this.hosts, this.localityWeights)
  }

  onEvent(): void {
    this.publishing = 0
    this.publish()
  }

  /** An ejection or a return: health alone, so it may wait for the merge window. */
  onEjection(host: Host, ejected: boolean, why: EjectionType | ''): void {
    const { scheduler, recorder, id } = this.options
    if (ejected) host.pool.drain(false)
    else host.healthySince = scheduler.now
    if (scheduler.now - this.published > this.mergeWindow) this.publish()
    else if (this.publishing === 0) this.publishing = scheduler.after(this.mergeWindow, this, PUBLISH, null)
    if (!recorder.wants('ejection')) return
    recorder.record({
      kind: 'ejection',
      at: scheduler.now,
      proxy: id,
      cluster: this.name,
      host: host.key,
      ejected,
      why: why === '' ? '' : why.split('_').map(capital).join(''),
    })
  }

  /**
   * A host for one try, null = nobody (UH). `avoid`: hosts already tried; `picks`: how often to choose again on hitting
   * one; `original`: original destination; `hash`: see HostBalancer; `skip`: priorities to leave out, a bit each.
   */
  pick(
    avoid: readonly Host[],
    picks: number,
    original: OriginalDestination | null,
    hash: bigint | null = null,
    skip = 0,
  ): Host | null {
    if (this.type === 'ORIGINAL_DST') return original === null ? null : this.original(original)
    if (this.lookUpAt >= 0 && this.scheduler.now >= this.lookUpAt) this.assign(this.assignment)
    let chosen: Host | null = null
    for (let i = 0; i < picks; i++) {
      chosen = this.choice.pick(hash, i, skip)
      if (chosen === null || !avoid.includes(chosen)) return chosen
    }
    return chosen
  }

  private original(to: OriginalDestination): Host {
    const last = this.lastOriginal
    if (last !== null && last.ip === to.ip && last.port === to.port) return last.host
    const port = number(object(this.config.original_dst_lb_config).upstream_port_override, to.port)
    let host = this.byKey.get(`${to.ip}:${port}`)
    if (host === undefined) {
      host = this.hostAt(to.ip, port)
      this.hosts.push(host)
    }
    this.lastOriginal = { ip: to.ip, port: to.port, host }
    return host
  }

  /** From when on an ejected host may come back; -1 where nobody is ejected. */
  ejectedUntil({ monitor }: Host): SimTime {
    return this.outlier === null || monitor === null || !monitor.ejected ? -1 : this.outlier.until(monitor)
  }

  /** A try ended with this response status. */
  report(host: Host, status: number): void {
    this.outlier?.response(host, status)
  }

  /** A try ended without a response; `final`: a TCP connection, for which nothing else will be told. */
  reportLocal(host: Host, outcome: LocalOutcome, final = false): void {
    this.outlier?.local(host, outcome, final)
  }

  /** Asks for the right to one retry; to be given back when that retry is over. */
  takeRetry(): boolean {
    const { retries } = this.breakers
    if (!retries.free) {
      this.counters.upstream_rq_retry_overflow++
      return false
    }
    retries.count++
    this.counters.upstream_rq_retry++
    return true
  }

  giveBackRetry(): void {
    this.breakers.retries.count--
  }

  /** A request ended with this status, the upstream's or this proxy's own word. */
  charge(status: number): void {
    this.counters.upstream_rq_completed++
    this.statuses.count(status)
  }

  /** An answer was not passed on: the request is tried again. */
  chargeRetried(status: number): void {
    this.retried.count(status)
  }

  /** A counter or gauge by Envoy's name, as in `cluster.<name>;.<stat>`. */
  stat(name: string): number {
    const gauge = this.gauges()[name]
    if (gauge !== undefined) return gauge()
    if (name.startsWith('outlier_detection.')) return this.outlier?.counters.get(name.slice(18)) ?? 0
    if (name in this.counters) return this.counters[name as keyof ClusterCounters]
    return name.startsWith('retry.') ? this.retried.value(name.slice(6)) : this.statuses.value(name)
  }

  /** All that is counted, by names below `cluster.<name>;.`; a gauge may fall. */
  allStats(): { name: string; gauge: boolean; value: number }[] {
    const all: { name: string; gauge: boolean; value: number }[] = []
    for (const [name, value] of Object.entries(this.gauges())) all.push({ name, gauge: true, value: value() })
    for (const [name, value] of Object.entries(this.counters)) all.push({ name, gauge: false, value })
    for (const [name, value] of this.outlier?.counters ?? [])
      all.push({ name: `outlier_detection.${name}`, gauge: false, value })
    for (const [name, value] of this.statuses.all()) all.push({ name, gauge: false, value })
    for (const [name, value] of this.retried.all()) all.push({ name: `retry.${name}`, gauge: false, value })
    return all
  }

  private gauges(): Record<string, () => number> {
    const { breakers, outlier } = this
    return {
      membership_total: () => this.hosts.length,
      membership_healthy: () => this.hosts.filter(h => h.fit && h.health === 'healthy').length,
      upstream_cx_active: () => breakers.connections.count,
      upstream_rq_active: () => breakers.requests.count,
      upstream_rq_pending_active: () => breakers.pending.count,
      'outlier_detection.ejections_active': () => outlier?.active ?? 0,
      'circuit_breakers.default.cx_open': () => (breakers.connections.free ? 0 : 1),
      'circuit_breakers.default.rq_pending_open': () => (breakers.pending.free ? 0 : 1),
      'circuit_breakers.default.rq_open': () => (breakers.requests.free ? 0 : 1),
      'circuit_breakers.default.rq_retry_open': () => (breakers.retries.free ? 0 : 1),
    }
  }
}

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1)
