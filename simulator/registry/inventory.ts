// The objects of a snapshot by kind. Objects are never changed in place: what is the same object in two inventories did
// not change, so a kind with the same objects in the same order gives the same indexes.
import type { Resource } from '../resources/types.ts'
import type { Config } from './mesh-snapshot.ts'
import { compareAge } from './names.ts'
import { creationTimeOf } from './services.ts'

const ISTIO_GROUPS: Readonly<Record<string, string>> = {
  VirtualService: 'networking.istio.io',
  DestinationRule: 'networking.istio.io',
  Gateway: 'networking.istio.io',
  Sidecar: 'networking.istio.io',
  EnvoyFilter: 'networking.istio.io',
  PeerAuthentication: 'security.istio.io',
  RequestAuthentication: 'security.istio.io',
  AuthorizationPolicy: 'security.istio.io',
  Telemetry: 'telemetry.istio.io',
  ProxyConfig: 'networking.istio.io',
}

export class Inventory {
  private readonly byKind = new Map<string, Resource[]>()

  constructor(resources: readonly Resource[]) {
    for (const resource of resources) {
      const list = this.byKind.get(resource.kind)
      if (list === undefined) this.byKind.set(resource.kind, [resource])
      else list.push(resource)
    }
  }

  of(kind: string): readonly Resource[] {
    return this.byKind.get(kind) ?? []
  }

  /** Are the objects of each of these kinds the same in both? */
  sameIn(other: Inventory, kinds: readonly string[]): boolean {
    return kinds.every(kind => {
      const [mine, theirs] = [this.of(kind), other.of(kind)]
      return mine.length === theirs.length && mine.every((resource, i) => resource === theirs[i])
    })
  }

  /** Kinds whose objects are not the same in both. */
  kindsThatDiffer(other: Inventory): string[] {
    const kinds = new Set([...this.byKind.keys(), ...other.byKind.keys()])
    return [...kinds].filter(kind => !this.sameIn(other, [kind]))
  }

  /** Objects of one of Istio's kinds, oldest first. The loader has checked the shape of `spec`. */
  configs<Spec>(kind: string): Config<Spec>[] {
    return this.of(kind)
      .filter(r => r.apiVersion.startsWith(`${ISTIO_GROUPS[kind]}/`))
      .map(r => ({
        kind,
        name: r.metadata.name,
        namespace: r.metadata.namespace,
        labels: r.metadata.labels,
        annotations: r.metadata.annotations,
        creationTime: creationTimeOf(r),
        order: r.metadata.order,
        spec: r.spec as Spec,
        resource: r,
      }))
      .sort(compareAge)
  }
}

/** The same, or lists, maps or records of the same things. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => item === b[i])
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && b.get(key) === item)
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b) || a instanceof Map || b instanceof Map) return false
  const [left, right] = [Object.entries(a), b as { [key: string]: unknown }]
  return left.length === Object.keys(right).length && left.every(([key, item]) => item === right[key])
}
