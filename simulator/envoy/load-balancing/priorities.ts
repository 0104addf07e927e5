// Which priority a request goes to, and which of its hosts count: computed when hosts change, never per request
// (envoy: load_balancing_policies/common/load_balancer_impl.cc recalculatePerPriorityState, recalculatePerPriorityPanic).
import type { Host } from '../upstream/host.ts'
import { EdfScheduler } from './edf.ts'
import type { HostBalancer, LoadBalancingPolicy } from './types.ts'

export interface PriorityOptions {
  /** Percent, 140 unless the assignment's policy says otherwise. */
  overprovisioning: number
  /** healthy_panic_threshold, percent. */
  panicThreshold: number
  /** Weights of localities count (locality_weighted_lb_config). */
  byLocality: boolean
}

interface LocalityTurn {
  weight: number
  balancer: HostBalancer
}

/** One priority as last published. */
export interface Level {
  hosts: Host[]
  healthy: Host[]
  degraded: Host[]
  /** Percent, overprovisioned and capped. */
  health: number
  degradedHealth: number
  load: number
  degradedLoad: number
  panic: boolean
  balancer: HostBalancer
  degradedBalancer: HostBalancer
  localities: EdfScheduler<LocalityTurn> | null
}

const NOBODY: HostBalancer = { pick: () => null }
const weightOf = (turn: LocalityTurn) => turn.weight

/** All priorities of a cluster, ready for picking. */
export class Priorities {
  readonly levels: Level[]
  /** Sum of availability, at most 100; 0 = nobody is healthy. */
  readonly total: number
  private readonly policy: LoadBalancingPolicy

  constructor(
    hosts: readonly Host[],
    localityWeights: ReadonlyMap<string, number>,
    policy: LoadBalancingPolicy,
    options: PriorityOptions,
  ) {
    this.policy = policy
    const groups: Host[][] = []
    for (const host of hosts) {
      while (groups.length <= host.priority) groups.push([])
      groups[host.priority]?.push(host)
    }
    this.levels = groups.map(group => emptyLevel(group, options))
    const sum = this.levels.reduce((n, l) => n + l.health + l.degradedHealth, 0)
    this.total = Math.min(100, sum)
    distribute(this.levels, this.total)
    this.panics(options)
    for (const [i, level] of this.levels.entries()) this.equip(level, i, localityWeights, options)
  }

  private panics(options: PriorityOptions): void {
    const { levels, total } = this
    for (const level of levels) {
      const share =
        level.hosts.length === 0 ? 0 : (100 * (level.healthy.length + level.degraded.length)) / level.hosts.length
      level.panic = total < 100 && share < options.panicThreshold
    }
    if (levels.some(l => !l.panic)) return
    // Everybody panics: load goes by the number of hosts.
    const all = levels.reduce((n, l) => n + l.hosts.length, 0)
    let left = 100
    for (const level of levels) {
      level.load = all === 0 ? 0 : Math.floor((100 * level.hosts.length) / all)
      level.degradedLoad = 0
      left -= level.load
    }
    const first = levels.find(l => l.hosts.length > 0)
    if (first !== undefined) first.load += left
  }

  private equip(level: Level, i: number, weights: ReadonlyMap<string, number>, options: PriorityOptions): void {
    const { policy } = this
    const used = level.panic ? level.hosts : level.healthy
    const weight = (h: Host) => weights.get(`${i}/${h.locality}`) ?? 0
    const shareOf = options.byLocality && level.hosts.some(h => weight(h) > 0) ? weight : null
    if (used.length > 0) level.balancer = policy.forHosts(used, `${i}${level.panic ? ' panic' : ''}`, shareOf)
    if (level.degraded.length > 0) level.degradedBalancer = policy.forHosts(level.degraded, `${i} degraded`, shareOf)
    if (shareOf === null || policy.byHash || level.panic) return
    const groups = new Map<string, Host[]>()
    for (const host of level.hosts) {
      const group = groups.get(host.locality)
      if (group === undefined) groups.set(host.locality, [host])
      else group.push(host)
    }
    const turns = new EdfScheduler<LocalityTurn>()
    for (const [locality, group] of groups) {
      const healthy = group.filter(h => h.health === 'healthy' && h.fit)
      const first = group[0]
      if (first === undefined || healthy.length === 0) continue
      const available = Math.min(1, ((options.overprovisioning / 100) * healthy.length) / group.length)
      const effective = weight(first) * available
      if (effective <= 0) continue
      turns.add({ weight: effective, balancer: policy.forHosts(healthy, `${i} ${locality}`, null) }, effective)
    }
    if (turns.size > 0) level.localities = turns
  }

  /** A host of a level; null when it has none to give. */
  pick(index: number, degraded: boolean, hash: bigint | null, attempt: number): Host | null {
    const level = this.levels[index]
    if (level === undefined) return null
    if (degraded) return level.degradedBalancer.pick(hash, attempt)
    if (level.localities !== null) {
      const turn = level.localities.pick(weightOf)
      if (turn !== null) return turn.balancer.pick(hash, attempt)
    }
    return level.balancer.pick(hash, attempt)
  }

  /** Loads with some priorities (a bit each) left out: envoy: source/extensions/retry/priority/previous_priorities. */
  loadsWithout(skip: number): { healthy: number[]; degraded: number[] } | null {
    const kept = this.levels.map((l, i) => ((skip >> i) & 1 ? null : l))
    const total = Math.min(
      100,
      kept.reduce((n, l) => n + (l === null ? 0 : l.health + l.degradedHealth), 0),
    )
    if (total === 0) return null
    const copies = kept.map(l => ({
      health: l?.health ?? 0,
      degradedHealth: l?.degradedHealth ?? 0,
      load: 0,
      degradedLoad: 0,
    }))
    distribute(copies, total)
    return { healthy: copies.map(c => c.load), degraded: copies.map(c => c.degradedLoad) }
  }
}

function emptyLevel(hosts: Host[], options: PriorityOptions): Level {
  const fit = hosts.filter(h => h.fit)
  const healthy = fit.filter(h => h.health === 'healthy')
  const degraded = fit.filter(h => h.health === 'degraded')
  const percent = (n: number) =>
    hosts.length === 0 ? 0 : Math.min(100, Math.floor((options.overprovisioning * n) / hosts.length))
  return {
    hosts,
    healthy,
    degraded,
    health: percent(healthy.length),
    degradedHealth: percent(degraded.length),
    load: 0,
    degradedLoad: 0,
    panic: false,
    balancer: NOBODY,
    degradedBalancer: NOBODY,
    localities: null,
  }
}

/** Hands out 100 percent: healthy hosts of all priorities first, then degraded ones; the remainder to the first. */
function distribute(
  levels: { health: number; degradedHealth: number; load: number; degradedLoad: number }[],
  total: number,
): void {
  const first = levels[0]
  if (first === undefined) return
  if (total === 0) {
    first.load = 100
    return
  }
  let left = 100
  for (const level of levels) {
    level.load = Math.min(left, Math.floor((level.health * 100) / total))
    left -= level.load
  }
  for (const level of levels) {
    level.degradedLoad = Math.min(left, Math.floor((level.degradedHealth * 100) / total))
    left -= level.degradedLoad
  }
  if (left === 0) return
  const able = levels.find(l => l.health > 0)
  if (able !== undefined) able.load += left
  else {
    const degraded = levels.find(l => l.degradedHealth > 0)
    if (degraded !== undefined) degraded.degradedLoad += left
  }
}
