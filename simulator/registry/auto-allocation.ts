// Addresses that istiod gives to hosts of ServiceEntries that have none, for proxies that answer DNS themselves
// (pilot/pkg/controllers/ipallocate; pilot/pkg/serviceregistry/serviceentry/auto_allocation.go).
import type { ServiceEntry } from '../resources/networking/service-entry.ts'
import type { Resource } from '../resources/types.ts'
import { isWildcard } from './names.ts'
import type { ProxyNode, Service } from './types.ts'

/** `namespace/name/host` of a ServiceEntry. */
export const entryKey = ({ metadata }: Resource, host: string): string =>
  `${metadata.namespace}/${metadata.name}/${host}`

/** Whether the controller gives addresses to the hosts of the entry. */
export function allocates({ metadata, spec }: Resource): boolean {
  const { resolution = 'NONE', addresses = [] } = spec as ServiceEntry
  const off = metadata.labels['networking.istio.io/enable-autoallocate-ip']?.toLowerCase() === 'false'
  return resolution !== 'NONE' && addresses.length === 0 && !off
}

interface StatusAddress {
  value?: unknown
  host?: unknown
}

/** Addresses that the entry's status names for the host. */
function ofStatus({ status }: Resource, host: string): string[] {
  const { addresses } = (status ?? {}) as { addresses?: unknown }
  return (Array.isArray(addresses) ? (addresses as StatusAddress[]) : [])
    .filter(address => address?.host === host && typeof address.value === 'string')
    .map(address => String(address.value))
}

const ipv4 = (n: number): string => `240.240.${n >> 8}.${n & 255}`
const ipv6 = (n: number): string => `2001:2::${n.toString(16)}`

/** Addresses of a host by its entry's status, else by what the controller gave. */
export function allocatedIps(
  entry: Resource,
  host: string,
  given: ReadonlyMap<string, readonly string[]> | undefined,
): readonly string[] {
  if (!allocates(entry)) return []
  const written = ofStatus(entry, host)
  return written.length > 0 ? written : (given?.get(entryKey(entry, host)) ?? [])
}

/**
 * What the controller writes into statuses: each host the next free address of 240.240.0.0/16 and of 2001:2::/48, in order
 * of the objects; who has one (`given`) keeps it.
 */
export function allocateEntryIps(
  resources: readonly Resource[],
  given: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const out = new Map(given)
  const entries = resources.filter(resource => resource.kind === 'ServiceEntry')
  const taken = new Set([...given.values()].flat())
  for (const entry of entries) {
    const { addresses = [], hosts } = entry.spec as ServiceEntry
    for (const address of [...addresses, ...hosts.flatMap(host => ofStatus(entry, host))]) taken.add(address)
  }
  let next = 1
  for (const entry of entries) {
    if (!allocates(entry)) continue
    const { hosts, resolution } = entry.spec as ServiceEntry
    for (const host of hosts) {
      const key = entryKey(entry, host)
      if (out.has(key) || (isWildcard(host) && resolution !== 'DYNAMIC_DNS')) continue
      const written = ofStatus(entry, host)
      while (written.length === 0 && taken.has(ipv4(next))) next++
      out.set(key, written.length > 0 ? written : [ipv4(next), ipv6(next)])
      for (const address of out.get(key) ?? []) taken.add(address)
    }
  }
  return out
}

const SLOTS = 256 * 254
const PRIME = 65_011

/** FNV-1a of 32 bits; names are ASCII. */
function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}

/** Without the controller: a slot by the hash of namespace and host, doubles on the same address. */
export function hashedIps(services: readonly Service[]): Map<Service, readonly string[]> {
  const slots = new Map<number, Service>()
  for (const service of services) {
    const eligible = service.source === 'External' && service.addresses.length === 0
    if (!eligible || isWildcard(service.hostname) || service.resolution === 'Passthrough') continue
    const hash = fnv(`${service.namespace}/${service.hostname}`)
    let slot = hash % SLOTS
    const step = PRIME - (hash % PRIME)
    for (let i = 1; slots.has(slot); i++) slot = (hash + i * step) % (SLOTS - 1)
    slots.set(slot, service)
  }
  const out = new Map<Service, readonly string[]>()
  const byName = new Map<string, readonly string[]>()
  let skipped = 0
  for (const [slot, service] of [...slots].sort(([a], [b]) => a - b)) {
    // numbers count the slots before; those that would end in .0 are left out
    if ((slot + 1 + skipped) % 255 === 0) skipped++
    const number = slot + 1 + skipped
    const name = `${service.namespace}/${service.hostname}`
    const [third, fourth] = [Math.floor(number / 255), number % 255]
    const tail = third === 0 ? fourth.toString(16) : `${third.toString(16)}${fourth.toString(16)}`
    const addresses = byName.get(name) ?? [`240.240.${third}.${fourth}`, `2001:2::f0f0:${tail}`]
    byName.set(name, addresses)
    out.set(service, addresses)
  }
  return out
}

/** PILOT_ENABLE_IP_AUTOALLOCATE: the controller gives addresses; without it they follow from hashes. */
export const allocatesByController = (flags: Readonly<Record<string, string>>): boolean =>
  (flags['PILOT_ENABLE_IP_AUTOALLOCATE'] ?? 'true').toLowerCase() === 'true'

const isTrue = (value: unknown): boolean => value === true || value === 'true' || value === '1'

/** Whether the proxy is told of such addresses: it must capture DNS. `byController`: istiod's controller gives them. */
export const usesAllocated = ({ metadata }: ProxyNode, byController: boolean): boolean =>
  isTrue(metadata['DNS_CAPTURE']) && (byController || isTrue(metadata['DNS_AUTO_ALLOCATE']))
