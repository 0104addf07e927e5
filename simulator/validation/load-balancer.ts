// Load balancing settings: hashes, localities, warm-up (istio: pkg/config/validation, pkg/config/validation/agent).
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type {
  ConsistentHashLB,
  LoadBalancerSettings,
  LocalityLoadBalancerSetting,
  ZoneAwareLoadBalancerSetting,
} from '../resources/networking/destination-rule.ts'
import { report } from './common.ts'
import { checkDuration, type Refusals } from './refusals.ts'

const TOPOLOGY = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone']

export function loadBalancer(
  given: Loose<LoadBalancerSettings>,
  outlierDetection: boolean,
  path: Path,
  out: Refusals,
): void {
  if (given.consistentHash !== undefined) consistentHash(given.consistentHash, [...path, 'consistentHash'], out)
  const { localityLbSetting: locality, zoneAwareLbSetting: zones, warmup } = given
  const both = locality !== undefined && zones !== undefined
  out.errorIf(both, path, 'only one of localityLbSetting and zoneAwareLbSetting can be set')
  if (locality !== undefined) localityLb(locality, outlierDetection, [...path, 'localityLbSetting'], out)
  if (zones !== undefined) zoneAwareLb(zones, outlierDetection, [...path, 'zoneAwareLbSetting'], out)
  if (warmup === undefined) return
  const at = [...path, 'warmup']
  if (warmup.duration === undefined) out.error(at, 'duration is required')
  else checkDuration(out, at, warmup.duration)
  const percent = warmup.minimumPercent ?? 0
  out.errorIf(percent > 100, at, 'minimumPercent value should be less than or equal to 100')
  out.errorIf((warmup.aggression ?? 1) <= 0, at, 'aggression should be greater than 0')
}

function isPrime(value: number): boolean {
  if (value !== 0 && value < 4) return true
  if (value % 2 === 0) return false
  for (let factor = 3; factor * factor <= value; factor += 2) if (value % factor === 0) return false
  return true
}

function consistentHash(given: Loose<ConsistentHashLB>, path: Path, out: Refusals): void {
  const cookie = given.httpCookie
  out.errorIf(cookie !== undefined && !cookie.name, path, 'name required for HttpCookie')
  const names = new Set<string>()
  for (const { name = '' } of cookie?.attributes ?? []) {
    out.errorIf(name === '', path, 'cookie attribute name cannot be empty')
    out.errorIf(name !== '' && names.has(name), path, `duplicate cookie attribute name: ${name}`)
    names.add(name)
  }
  const ring = (given.minimumRingSize ?? 0) !== 0
  if (ring) {
    const instead = "use ConsistentHashLB's RingHash configuration instead"
    out.warn(path, `consistent hash MinimumRingSize is deprecated, ${instead}`)
  }
  const algorithm = given.maglev !== undefined || given.ringHash !== undefined
  out.errorIf(ring && algorithm, path, 'only one of MinimumRingSize or Maglev/Ringhash can be specified')
  if (given.maglev === undefined) return
  const size = given.maglev.tableSize ?? 0
  out.errorIf(size === 0, path, 'tableSize must be set for maglev')
  out.errorIf(size >= 5000011, path, 'tableSize must be less than 5000011 for maglev')
  out.errorIf(size < 5000011 && !isPrime(size), path, 'tableSize must be a prime number for maglev')
}

type Failover = readonly { from?: string | undefined; to?: string | undefined }[]

function failovers(list: Failover, what: string, path: Path, out: Refusals): void {
  for (const { from = '', to = '' } of list) {
    out.errorIf(from === to, path, `${what} failover settings must specify different regions`)
    out.errorIf(from.includes('/') || to.includes('/'), path, `${what} failover only specifies region`)
    const wild = from.includes('*') || to.includes('*')
    out.errorIf(wild, path, `${what} failover region should not contain '*' wildcard`)
  }
}

/** REGION/ZONE/SUBZONE, each once, a star last; of a list none may cover another that follows. */
export function localitiesProblem(localities: readonly string[]): string | null {
  const seen: string[][] = []
  for (const locality of localities) {
    const stars = locality.split('*').length - 1
    if (stars > 1 || (stars === 1 && !locality.endsWith('*'))) {
      return `locality ${locality} wildcard '*' number can not exceed 1 and must be in the end`
    }
    const [region = '', zone, ...rest] = locality.split('/')
    const parts = [region, zone, rest.length > 0 ? rest.join('/') : undefined].filter(part => part !== undefined)
    const overlap = seen.some(known => covers(known, parts))
    if (overlap) return `locality ${locality} overlap with previous specified ones`
    if (parts.includes('')) return `locality ${locality} must not contain empty region/zone/subzone info`
    seen.push(parts)
  }
  return null
}

/** A shorter locality, or one that ends in a star, holds all below it; a wider one after a narrower overlaps too. */
function covers(known: readonly string[], next: readonly string[]): boolean {
  const depth = Math.min(known.length, next.length)
  for (let i = 0; i < depth; i++) {
    if (known[i] === '*') return true
    if (known[i] !== next[i]) return false
  }
  return true
}

export function localityLb(
  given: Loose<LocalityLoadBalancerSetting>,
  outlierDetection: boolean,
  path: Path,
  out: Refusals,
): void {
  const { distribute = [], failover = [], failoverPriority = [] } = given
  if (distribute.length > 0 && failover.length > 0) {
    out.error(path, "can not simultaneously specify 'distribute' and 'failover'")
    return
  }
  const label = failoverPriority.find(item => TOPOLOGY.includes(item))
  if (failover.length > 0 && label !== undefined) {
    out.error(path, `can not simultaneously set 'failover' and topology label '${label}' in 'failover_priority'`)
    return
  }
  for (const { to = {} } of distribute) {
    const weights = Object.values(to).map(weight => weight ?? 0)
    if (weights.some(weight => weight <= 0 || weight > 100)) {
      out.error(path, 'locality weight must be in range [1, 100]')
      return
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    if (total !== 100) {
      out.error(path, `total locality weight ${total} != 100`)
      return
    }
    report(out, path, localitiesProblem(Object.keys(to)))
  }
  report(out, path, localitiesProblem(distribute.map(item => item.from ?? '')))
  if ((failover.length > 0 || failoverPriority.length > 0) && !outlierDetection) {
    out.warn(path, 'outlier detection policy must be provided for failover')
  }
  failovers(failover, 'locality lb', path, out)
}

export function zoneAwareLb(
  given: Loose<ZoneAwareLoadBalancerSetting>,
  outlierDetection: boolean,
  path: Path,
  out: Refusals,
): void {
  const { failover = [], failoverPriority = [] } = given
  for (const label of failoverPriority) {
    const message = `'failover_priority' for zone aware lb must not use topology label '${label}'`
    out.errorIf(TOPOLOGY.includes(label), path, message)
  }
  if ((failover.length > 0 || failoverPriority.length > 0) && !outlierDetection) {
    out.warn(path, 'outlier detection policy must be provided for failover')
  }
  failovers(failover, 'zone aware lb', path, out)
}
