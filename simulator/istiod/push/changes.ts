// From a changed object to the configuration keys that a push carries: which services really changed, and whether their
// endpoints alone did (pilot/pkg/serviceregistry, pilot/pkg/xds/eds.go, pilot/pkg/model/endpointshards.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { Service } from '../../registry/types.ts'
import type { Resource } from '../../resources/types.ts'
import type { ConfigKey } from './types.ts'

/** Kinds that are keys of themselves: a change of the object is a change of the configuration, whatever it changed. */
const CONFIGURATION = new Set([
  'VirtualService',
  'DestinationRule',
  'Gateway',
  'Sidecar',
  'PeerAuthentication',
  'AuthorizationPolicy',
  'RequestAuthentication',
  'Telemetry',
  'EnvoyFilter',
  'WasmPlugin',
  'TrafficExtension',
])

/** Kinds whose objects define services or make up their endpoints. */
const REGISTRY = new Set(['Service', 'ServiceEntry', 'WorkloadEntry', 'EndpointSlice', 'Endpoints', 'Pod'])

const keyOf = (service: Service): string => `${service.namespace}/${service.hostname}`

/** Everything of a service but its endpoints, as text. */
function definition(service: Service): string {
  return JSON.stringify(service, (name, value: unknown) =>
    name === 'resource' || name === 'order' ? undefined : value,
  )
}

function endpointsOf(snapshot: MeshSnapshot, service: Service): string {
  return JSON.stringify(service.ports.map(port => snapshot.endpoints(service, port.port)))
}

function accountsOf(snapshot: MeshSnapshot, service: Service): string {
  const accounts = service.ports.flatMap(port => snapshot.endpoints(service, port.port)).map(e => e.serviceAccount)
  return [...new Set(accounts)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join()
}

/** Service accounts that were last seen behind each service; kept while it has no endpoints, as istiod's shards are. */
export class EndpointShards {
  private readonly accounts = new Map<string, string>()

  constructor(snapshot: MeshSnapshot) {
    for (const service of snapshot.services) this.update(snapshot, service)
  }

  /** True when the service is new here or the set of its accounts changed: then clusters change too. */
  update(snapshot: MeshSnapshot, service: Service): boolean {
    const accounts = accountsOf(snapshot, service)
    if (!service.ports.some(port => snapshot.endpoints(service, port.port).length > 0)) return false
    const changed = this.accounts.get(keyOf(service)) !== accounts
    this.accounts.set(keyOf(service), accounts)
    return changed
  }
}

function serviceKeys(before: MeshSnapshot, after: MeshSnapshot, shards: EndpointShards): ConfigKey[] {
  const old = new Map(before.services.map(service => [keyOf(service), service]))
  const keys: ConfigKey[] = []
  const add = (kind: string, service: Service): void => {
    keys.push({ kind, name: service.hostname, namespace: service.namespace })
  }
  for (const service of after.services) {
    const known = old.get(keyOf(service))
    old.delete(keyOf(service))
    if (known === undefined || definition(known) !== definition(service)) {
      shards.update(after, service)
      add('ServiceEntry', service)
    } else if (endpointsOf(before, known) !== endpointsOf(after, service)) {
      add(shards.update(after, service) ? 'ServiceEntry' : 'Endpoints', service)
    }
  }
  for (const gone of old.values()) add('ServiceEntry', gone)
  return keys
}

/** Keys of one change. `resource`: the object that was written or deleted; snapshots: the mesh before and after it. */
export function changedKeys(
  resource: Resource,
  before: MeshSnapshot,
  after: MeshSnapshot,
  shards: EndpointShards,
): ConfigKey[] {
  const { kind, metadata } = resource
  if (CONFIGURATION.has(kind)) return [{ kind, name: metadata.name, namespace: metadata.namespace }]
  return REGISTRY.has(kind) ? serviceKeys(before, after, shards) : []
}
