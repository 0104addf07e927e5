// Gateways, ListenerSets and their listeners (istio: pilot/pkg/config/kube/gateway/gateway_collection.go, conversion.go).
import { compareText } from '../resources/compare.ts'
import type { Resource } from '../resources/types.ts'
import { EAST_WEST_CONTROLLER, type GatewayClassInfo, gatewayClass, MESH_CONTROLLER } from './classes.ts'
import { gatewayConditions, listenerSetConditions } from './gateway-status.ts'
import { listenerTls } from './listener-tls.ts'
import { admittedNamespaces, namespaceSelected } from './namespaces.ts'
import {
  type Condition,
  condition,
  type Fields,
  fields,
  isGatewayApi,
  list,
  type ObjectStatus,
  type Objects,
  type Parent,
  type Problem,
  text,
} from './types.ts'

export interface Listeners {
  /** Listeners that Istio serves, each with the Istio Gateway that it becomes; null when it becomes none. */
  parents: { parent: Parent; resource: Resource | null }[]
  statuses: ObjectStatus[]
}

interface Built {
  parent: Parent
  server: Fields | null
  programmed: boolean
  conditions: Condition[]
}

/** Every listener of every Gateway of a class that Istio serves, and of the ListenerSets bound to them. */
export function convertListeners(objects: Objects, domain: string): Listeners {
  const out: Listeners = { parents: [], statuses: [] }
  const sets = objects.all.filter(r => r.kind === 'ListenerSet')
  for (const gateway of objects.all.filter(r => r.kind === 'Gateway' && isGatewayApi(r))) {
    const info = gatewayClass(text(fields(gateway.spec)['gatewayClassName']), objects.all)
    if (info === null) continue
    if (info.remote) {
      out.statuses.push(remoteStatus(gateway))
      continue
    }
    const own = sets.filter(set => parentName(set) === `${gateway.metadata.namespace}/${gateway.metadata.name}`)
    convertGateway(gateway, info, own, conflictingEntries(gateway, own), objects, domain, out)
  }
  return out
}

function parentName(set: Resource): string {
  const reference = fields(fields(set.spec)['parentRef'])
  if (text(reference['kind'], 'Gateway') !== 'Gateway') return ''
  return `${text(reference['namespace'], set.metadata.namespace)}/${text(reference['name'])}`
}

const status = ({ kind, metadata }: Resource): ObjectStatus => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  conditions: [],
  listeners: [],
  parents: [],
})

function remoteStatus(gateway: Resource): ObjectStatus {
  const conditions = [
    condition('Accepted', 'Accepted', 'Resource accepted'),
    condition('Programmed', 'Programmed', 'This Gateway is remote; Istio will not program it'),
  ]
  return { ...status(gateway), conditions }
}

function convertGateway(
  gateway: Resource,
  info: GatewayClassInfo,
  sets: readonly Resource[],
  conflicts: ReadonlyMap<string, string>,
  objects: Objects,
  domain: string,
  out: Listeners,
): void {
  const spec = fields(gateway.spec)
  const { services, problem } = gatewayServices(gateway, info, domain)
  const unusable = services.length === 0 && problem !== null
  const own = unusable ? [] : list(spec['listeners']).map(l => build(gateway, spec, fields(l), info, objects))
  const servers = own.flatMap(built => (built.server === null ? [] : [built.server]))
  const gatewayStatus = status(gateway)
  gatewayStatus.listeners = own.map(({ parent, conditions }) => ({
    name: parent.listener,
    attachedRoutes: 0,
    conditions,
  }))
  out.statuses.push(gatewayStatus)
  for (const built of own) emit(gateway, null, info, services, built, out)
  const fromSets: Fields[] = []
  for (const set of sets) {
    const setStatus = status(set)
    out.statuses.push(setStatus)
    const refusal = listenerSetRefusal(set, gateway, spec, info, objects)
    if (refusal !== null) {
      setStatus.conditions = [condition('Accepted', '', '', refusal), condition('Programmed', '', '', refusal)]
      continue
    }
    if (unusable) {
      setStatus.conditions = listenerSetConditions(services, [], problem, true, objects, domain)
      continue
    }
    const entries = list(fields(set.spec)['listeners']).map(entry =>
      buildEntry(set, spec, fields(entry), info, conflicts, objects),
    )
    setStatus.listeners = entries.map(({ parent, conditions }) => ({
      name: parent.listener,
      attachedRoutes: 0,
      conditions,
    }))
    const added = entries.flatMap(built => (built.server === null ? [] : [built.server]))
    const valid = entries.some(built => built.programmed && built.server !== null)
    setStatus.conditions = listenerSetConditions(services, added, problem, valid, objects, domain)
    for (const built of entries) {
      if (built.server === null) continue
      emit(set, gateway, info, services, built, out)
      if (built.programmed) fromSets.push(built.server)
    }
  }
  const valid = own.filter(built => built.programmed).length
  const all = [...servers, ...fromSets]
  gatewayStatus.conditions = gatewayConditions(gateway, services, all, problem, valid, objects, domain)
}

/** Why a ListenerSet does not belong to its Gateway, or null. */
function listenerSetRefusal(
  set: Resource,
  gateway: Resource,
  spec: Fields,
  info: GatewayClassInfo,
  objects: Objects,
): Problem | null {
  if (!info.listenerSets) {
    return { reason: 'NotAllowed', message: `The "${info.name}" GatewayClass does not support ListenerSet` }
  }
  const config = fields(fields(spec['allowedListeners'])['namespaces'])
  const from = text(config['from'], 'None')
  const selects = namespaceSelected(gateway.metadata.namespace, { ...config, from }, objects.all)
  if (from !== 'None' && selects(set.metadata.namespace)) return null
  const message = "The parent Gateway does not allow this reference; check the 'spec.allowedRoutes'"
  return { reason: 'NotAllowed', message }
}

function build(owner: Resource, gateway: Fields, listener: Fields, info: GatewayClassInfo, objects: Objects): Built {
  const { metadata } = owner
  const name = text(listener['name'])
  const hostname = text(listener['hostname'])
  const protocol = text(listener['protocol'])
  const port = Number(listener['port'])
  const { settings, problem: tls } = listenerTls(owner, gateway, listener, objects)
  const namespaces = admittedNamespaces(
    metadata.namespace,
    fields(fields(listener['allowedRoutes'])['namespaces']),
    objects.all,
  )
  const hosts = namespaces.map(namespace => `${namespace}/${hostname === '' ? '*' : hostname}`)
  const { kinds, known } = supportedKinds(listener)
  const unsupported = protocolProblem(protocol, info)
  const missing = settings === null && (protocol === 'HTTPS' || protocol === 'TLS')
  const absent = missing && owner.kind === 'ListenerSet'
  const badTls = tls !== null || absent ? { reason: 'Invalid', message: 'Bad TLS configuration' } : null
  const certificate =
    tls !== null && tls.reason !== 'InvalidCertificateRef'
      ? { reason: 'NoValidCACertificate', message: tls.message }
      : null
  const undefinedTls = absent
    ? { reason: 'UnsupportedProtocol', message: `protocol is ${protocol} but no TLS section is defined` }
    : null
  const accepted = undefinedTls ?? unexpected(listener, info) ?? unsupported ?? certificate
  const resolved = known ? tls : { reason: 'InvalidRouteKinds', message: 'Invalid route kinds' }
  return {
    parent: {
      owner,
      internalName: `${metadata.namespace}/${metadata.name}~istio-autogenerated-k8s-gateway~${name}`,
      listener: name,
      port,
      hostname,
      protocol,
      hosts,
      kinds,
    },
    server: missing
      ? null
      : { hosts, port: { name: 'default', number: port, protocol }, ...(settings === null ? {} : { tls: settings }) },
    programmed: tls === null && unsupported === null && !absent,
    conditions: [
      condition('Accepted', 'Accepted', 'No errors found', accepted),
      { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: 'No errors found' },
      condition('Programmed', 'Programmed', 'No errors found', badTls),
      condition('ResolvedRefs', 'ResolvedRefs', 'No errors found', resolved),
    ],
  }
}

const CONFLICT = 'Listener has a conflict with another listener attached to the same Gateway'

function buildEntry(
  set: Resource,
  gateway: Fields,
  entry: Fields,
  info: GatewayClassInfo,
  conflicts: ReadonlyMap<string, string>,
  objects: Objects,
): Built {
  const built = build(set, gateway, entry, info, objects)
  const reason = conflicts.get(`${set.metadata.namespace}/${set.metadata.name}/${built.parent.listener}`)
  if (reason === undefined) return built
  const problem = { reason, message: CONFLICT }
  return {
    ...built,
    server: null,
    programmed: false,
    conditions: [
      condition('Accepted', '', '', problem),
      { type: 'Conflicted', status: 'True', ...problem },
      condition('Programmed', '', '', problem),
    ],
  }
}

const byAge = (left: Resource, right: Resource): number =>
  (left.metadata.creationTimestamp ?? 0) - (right.metadata.creationTimestamp ?? 0) ||
  compareText(`${left.metadata.namespace}/${left.metadata.name}`, `${right.metadata.namespace}/${right.metadata.name}`)

const FAMILY: Readonly<Record<string, string>> = { HTTP: 'HTTP', HTTPS: 'TLS', TLS: 'TLS', TCP: 'TCP', UDP: 'UDP' }

/** Entries of ListenerSets that an older listener of the same Gateway stands against, with the reason. */
function conflictingEntries(gateway: Resource, sets: readonly Resource[]): Map<string, string> {
  const found = new Map<string, string>()
  const families = new Map<number, string>()
  const hosts = new Set<string>()
  for (const owner of [gateway, ...[...sets].sort(byAge)]) {
    for (const listener of list(fields(owner.spec)['listeners']).map(fields)) {
      const port = Number(listener['port'])
      const protocol = text(listener['protocol'])
      const family = FAMILY[protocol] ?? protocol
      const key = `${port}/${text(listener['hostname'])}`
      const reason =
        (families.get(port) ?? family) !== family ? 'ProtocolConflict' : hosts.has(key) ? 'HostnameConflict' : null
      if (reason !== null && owner !== gateway) {
        found.set(`${owner.metadata.namespace}/${owner.metadata.name}/${text(listener['name'])}`, reason)
        continue
      }
      families.set(port, families.get(port) ?? family)
      hosts.add(key)
    }
  }
  return found
}

const PROTOCOLS = ['HTTP', 'HTTPS', 'TLS', 'TCP']

function protocolProblem(protocol: string, { controller }: GatewayClassInfo): Problem | null {
  if (PROTOCOLS.includes(protocol)) return null
  const reason = 'UnsupportedProtocol'
  if (protocol === 'HBONE') {
    if (controller === MESH_CONTROLLER || controller === EAST_WEST_CONTROLLER) return null
    return { reason, message: 'protocol "HBONE" is only supported for waypoint proxies' }
  }
  const upper = protocol.toUpperCase()
  const hint = PROTOCOLS.includes(upper) ? `. hint: "${upper}" (uppercase) may be supported` : ''
  return { reason, message: `protocol "${protocol}" is unsupported${hint}` }
}

/** Listeners that waypoints and east-west gateways do not have. */
function unexpected(listener: Fields, { controller }: GatewayClassInfo): Problem | null {
  const reason = 'UnsupportedProtocol'
  const { port, protocol } = listener
  const mode = fields(listener['tls'])['mode']
  if (controller === MESH_CONTROLLER && (port !== 15008 || protocol !== 'HBONE')) {
    return { reason, message: 'Expected a single listener on port 15008 with protocol "HBONE"' }
  }
  if (controller !== EAST_WEST_CONTROLLER) return null
  const good =
    port === 15008 ? protocol === 'HBONE' && mode === 'Terminate' : protocol === 'TLS' && mode === 'Passthrough'
  const forms = 'port 15008 with protocol "HBONE" and TLS.Mode == Terminate, or TLS with TLS.Mode == Passthrough'
  return good ? null : { reason, message: `East-west gateway listeners must be either ${forms}` }
}

/** Kinds of routes for a listener, and whether all that it names are among those of its protocol. */
function supportedKinds(listener: Fields): { kinds: string[]; known: boolean } {
  const protocol = text(listener['protocol'])
  const passthrough = fields(listener['tls'])['mode'] === 'Passthrough'
  const supported =
    protocol === 'HTTP' || protocol === 'HTTPS'
      ? ['HTTPRoute', 'GRPCRoute']
      : protocol === 'TCP'
        ? ['TCPRoute']
        : protocol === 'TLS'
          ? passthrough
            ? ['TLSRoute']
            : ['TLSRoute', 'TCPRoute']
          : []
  const named = list(fields(listener['allowedRoutes'])['kinds']).map(kind => text(fields(kind)['kind']))
  if (named.length === 0) return { kinds: supported, known: true }
  return { kinds: named.filter(kind => supported.includes(kind)), known: named.every(kind => supported.includes(kind)) }
}

function emit(
  owner: Resource,
  gateway: Resource | null,
  { controller }: GatewayClassInfo,
  services: readonly string[],
  built: Built,
  out: Listeners,
): void {
  if (built.server === null) return
  const { parent } = built
  const ambient = controller === MESH_CONTROLLER || (controller === EAST_WEST_CONTROLLER && parent.port === 15008)
  if (ambient) return
  const { metadata } = owner
  const parentNamespace: Record<string, string> =
    gateway === null ? {} : { 'internal.istio.io/parent-namespace': gateway.metadata.namespace }
  const resource: Resource = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: {
      ...metadata,
      name: parent.internalName.slice(metadata.namespace.length + 1),
      annotations: {
        'internal.istio.io/parents': `${owner.kind}/${metadata.name}/${parent.listener}.${metadata.namespace}`,
        'internal.istio.io/gateway-service': services.join(','),
        'internal.istio.io/gateway-semantics': 'gateway',
        ...parentNamespace,
      },
    },
    spec: { servers: [built.server] },
    status: null,
    locate: path => owner.locate(path),
  }
  out.parents.push({ parent, resource: built.programmed ? resource : null })
}

/** Hostnames of the Services that stand before the gateway's pods: named by address, else the one made for it. */
function gatewayServices(
  gateway: Resource,
  info: GatewayClassInfo,
  domain: string,
): { services: string[]; problem: Problem | null } {
  const { name, namespace, annotations } = gateway.metadata
  const addresses = list(fields(gateway.spec)['addresses']).map(fields)
  const byName = addresses.filter(address => text(address['type'], 'Hostname') === 'Hostname')
  if (addresses.length === 0) {
    const made = annotations['gateway.istio.io/name-override'] ?? (info.bareName ? name : `${name}-${info.name}`)
    return { services: [`${made}.${namespace}.svc.${domain}`], problem: null }
  }
  const services = byName
    .map(address => text(address['value']))
    .map(host => (host.includes('.') ? host : `${host}.${namespace}.svc.${domain}`))
  const skipped = addresses.filter(address => !byName.includes(address)).map(address => text(address['value']))
  const message = `only Hostname is supported, ignoring [${skipped.join(' ')}]`
  return { services, problem: skipped.length === 0 ? null : { reason: 'UnsupportedAddress', message } }
}
