// From a changed object to the configuration keys that a push carries: which services really changed, and whether their
// endpoints alone did (pilot/pkg/serviceregistry, pilot/pkg/xds/eds.go, pilot/pkg/model/endpointshards.go).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import { subsetOf } from '../../registry/names.ts'
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

/** Kinds of which proxies learn by no push at all, and from which nothing is made. */
const SILENT = new Set([
  'Canary',
  'ConfigMap',
  'DaemonSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'Node',
  'PodDisruptionBudget',
  'ProxyConfig',
  'ReplicaSet',
  'ServiceAccount',
  'StatefulSet',
  'WorkloadGroup',
])

/** What changed: an object that was written or deleted, or a pod. */
export interface Change {
  kind: string
  name: string
  namespace: string
  /** Labels of the object; of a pod or WorkloadEntry as it was and as it is. */
  labels: Readonly<Record<string, string>>[]
}

export function changeOf(resource: Resource): Change {
  const { kind, metadata } = resource
  return { kind, name: metadata.name, namespace: metadata.namespace, labels: [metadata.labels] }
}

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

/** Could the change touch this service? What could not is not compared. */
function couldTouch(change: Change, service: Service): boolean {
  const { kind, name, namespace, labels } = change
  switch (kind) {
    case 'Service':
      return service.source === 'Kubernetes' && service.name === name && service.namespace === namespace
    case 'ServiceEntry': {
      const { resource } = service
      return resource.kind === kind && resource.metadata.name === name && resource.metadata.namespace === namespace
    }
    case 'Endpoints':
      return service.name === name && service.namespace === namespace
    case 'EndpointSlice':
      return service.namespace === namespace && service.name === labels[0]?.['kubernetes.io/service-name']
    case 'Pod':
      return (
        service.namespace === namespace &&
        (service.selector === null || labels.some(set => subsetOf(service.selector, set)))
      )
    default:
      return service.namespace === namespace
  }
}

function serviceKeys(
  change: Change,
  before: MeshSnapshot,
  after: MeshSnapshot,
  shards: EndpointShards,
  into: ConfigKey[],
): void {
  const concerned = (snapshot: MeshSnapshot) => snapshot.services.filter(service => couldTouch(change, service))
  const old = new Map(concerned(before).map(service => [keyOf(service), service]))
  const add = (kind: string, service: Service): void => {
    into.push({ kind, name: service.hostname, namespace: service.namespace })
  }
  for (const service of concerned(after)) {
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
}

const idOf = (resource: Resource): string => `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}`

/** Configuration that istiod made itself, out of Gateway API objects and Ingresses. */
function made(snapshot: MeshSnapshot): Map<string, Resource> {
  const found = snapshot.input.resources.filter(
    r => CONFIGURATION.has(r.kind) && Object.keys(r.metadata.annotations).some(a => a.startsWith('internal.istio.io/')),
  )
  return new Map(found.map(resource => [idOf(resource), resource]))
}

function madeKeys(before: MeshSnapshot, after: MeshSnapshot, into: ConfigKey[]): void {
  const old = made(before)
  const now = made(after)
  const text = (r: Resource | undefined): string => JSON.stringify([r?.spec, r?.metadata.annotations])
  for (const id of new Set([...old.keys(), ...now.keys()])) {
    if (text(old.get(id)) === text(now.get(id))) continue
    const { kind, metadata } = (now.get(id) ?? old.get(id))!
    into.push({ kind, name: metadata.name, namespace: metadata.namespace })
  }
}

/** Keys of all that changed between two snapshots of the mesh, each once. */
export function changedKeys(
  changes: readonly Change[],
  before: MeshSnapshot,
  after: MeshSnapshot,
  shards: EndpointShards,
): ConfigKey[] {
  const keys: ConfigKey[] = []
  let others = false
  const judged = new Set<string>()
  for (const change of changes) {
    const { kind, name, namespace } = change
    if (CONFIGURATION.has(kind)) keys.push({ kind, name, namespace })
    else if (kind === 'MeshConfig') keys.push({ kind, name, namespace })
    else if (REGISTRY.has(kind)) {
      // Pods with equal labels touch the same services.
      const same = JSON.stringify([kind, kind === 'Pod' ? '' : name, namespace, change.labels])
      if (!judged.has(same)) serviceKeys(change, before, after, shards, keys)
      judged.add(same)
    } else others ||= !SILENT.has(kind)
  }
  if (others) madeKeys(before, after, keys)
  return unique(keys)
}

function unique(keys: readonly ConfigKey[]): ConfigKey[] {
  const byId = new Map(keys.map(key => [`${key.kind} ${key.namespace}/${key.name}`, key]))
  // Whoever hears of a service hears of its endpoints.
  for (const key of keys) if (key.kind === 'ServiceEntry') byId.delete(`Endpoints ${key.namespace}/${key.name}`)
  return [...byId.values()]
}
