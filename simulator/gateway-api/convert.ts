// Gateway API objects as the Istio objects that istiod makes of them: a Gateway for each listener, a VirtualService for each
// host on it; and the statuses that it writes (istio: pilot/pkg/config/kube/gateway/conversion.go, route_collections.go).
import { compareText } from '../resources/compare.ts'
import type { Resource } from '../resources/types.ts'
import { attachments } from './attach.ts'
import { type AncestorBackend, convertBackendPolicies } from './backend-policies.ts'
import type { RuleContext } from './backends.ts'
import { classStatuses } from './classes.ts'
import { convertListeners } from './listeners.ts'
import { sortRules } from './precedence.ts'
import { routeStatus } from './route-status.ts'
import { convertRule } from './rules.ts'
import { convertL4Rule, l4VirtualServices } from './tcp-routes.ts'
import {
  type Fields,
  fields,
  isGatewayApi,
  list,
  type ObjectStatus,
  Objects,
  type Parent,
  type Problem,
  text,
} from './types.ts'
import { virtualService } from './virtual-service.ts'

const MESH = 'mesh'
const HTTP_KINDS = ['HTTPRoute', 'GRPCRoute']
const L4_KINDS = ['TCPRoute', 'TLSRoute']

const assignedUid = ({ kind, metadata }: Resource): string =>
  metadata.uid ?? `${kind}/${metadata.namespace}/${metadata.name}`

export interface Conversion {
  resources: Resource[]
  statuses: ObjectStatus[]
}

/**
 * What the objects of the Gateway API among `resources` mean. `domain`: cluster.local; `uidOf`: what tells an object
 * from others, which the API server gives to those that have none.
 */
export function convertGatewayApi(
  resources: readonly Resource[],
  domain: string,
  uidOf: (resource: Resource) => string = assignedUid,
): Conversion {
  const routes = resources.filter(r => isGatewayApi(r) && [...HTTP_KINDS, ...L4_KINDS].includes(r.kind)).sort(older)
  if (routes.length === 0 && !resources.some(r => isGatewayApi(r) || r.kind === 'XBackendTrafficPolicy'))
    return { resources: [], statuses: [] }
  const objects = new Objects(resources)
  const listeners = convertListeners(objects, domain)
  const out: Conversion = {
    resources: listeners.parents.flatMap(({ resource }) => (resource === null ? [] : [resource])),
    statuses: [...classStatuses(resources), ...listeners.statuses],
  }
  const hosts = new VirtualHosts()
  const parents = listeners.parents.map(entry => entry.parent)
  const ancestors: AncestorBackend[] = []
  for (const route of routes) bind(route, parents, objects, domain, hosts, out, ancestors)
  const policies = convertBackendPolicies(objects, ancestors, domain, uidOf)
  out.resources.push(...hosts.resources(), ...policies.resources)
  out.statuses.push(...policies.statuses)
  return out
}

function older(a: Resource, b: Resource): number {
  const [one, other] = [a.metadata.creationTimestamp ?? 0, b.metadata.creationTimestamp ?? 0]
  const name = ({ metadata }: Resource): string => `${metadata.name}.${metadata.namespace}`
  return one - other || compareText(name(a), name(b))
}

/** Rules by gateway and host: routes of several objects for one host are one VirtualService. */
class VirtualHosts {
  private readonly found = new Map<
    string,
    { name: string; first: Resource; spec: Fields; rules: Fields[]; parents: string[] }
  >()

  add(name: string, gateway: string, host: string, route: Resource, rules: readonly Fields[], extra: Fields): void {
    const key = `${gateway} ${name}`
    let entry = this.found.get(key)
    if (entry === undefined) {
      entry = { name, first: route, spec: { gateways: [gateway], hosts: [host], ...extra }, rules: [], parents: [] }
      this.found.set(key, entry)
    }
    entry.rules.push(...rules)
    const parent = `${route.kind}/${route.metadata.name}.${route.metadata.namespace}`
    if (!entry.parents.includes(parent)) entry.parents.push(parent)
  }

  resources(): Resource[] {
    return [...this.found.values()].map(({ name, first, spec, rules, parents }) => {
      sortRules(rules)
      return virtualService(first, name, { ...spec, http: rules }, parents)
    })
  }
}

interface Rules {
  rules: Fields[]
  problem: Problem | null
}

function convertRules(route: Resource, objects: Objects, domain: string, mesh: boolean): Rules {
  const context: RuleContext = { route, domain, objects, mesh, problem: null }
  const given = list(fields(route.spec)['rules']).map(fields)
  const rules = L4_KINDS.includes(route.kind)
    ? given.map(rule => convertL4Rule(rule, context))
    : given.flatMap((rule, i) => convertRule(rule, i, context))
  return { rules, problem: context.problem }
}

function bind(
  route: Resource,
  parents: readonly Parent[],
  objects: Objects,
  domain: string,
  hosts: VirtualHosts,
  out: Conversion,
  ancestors: AncestorBackend[],
): void {
  const { metadata } = route
  const names = list(fields(route.spec)['hostnames']).map(name => text(name))
  const bound = attachments(route, parents, objects)
  const gateway = convertRules(route, objects, domain, false)
  const mesh = bound.some(item => item.parent === null) ? convertRules(route, objects, domain, true) : gateway
  out.statuses.push(routeStatus(route, bound, gateway.problem, mesh.problem))
  for (const { parent } of bound.filter(item => item.denied === null)) {
    count(out.statuses, parent)
    if (parent?.owner.kind === 'Gateway') ancestors.push(...backendsOf(route, parent.owner))
  }
  if (L4_KINDS.includes(route.kind)) {
    out.resources.push(...l4VirtualServices(route, bound, gateway.rules, mesh.rules, domain))
    return
  }
  for (const { parent, reference, denied } of bound) {
    if (denied !== null) continue
    if (parent === null) {
      const namespace = text(reference['namespace'], metadata.namespace)
      // a consumer's route holds for the consumer's namespace alone
      const extra = namespace === metadata.namespace ? {} : { exportTo: ['.'] }
      const port = typeof reference['port'] === 'number' ? `~${reference['port']}` : ''
      for (const host of meshHosts(reference, namespace, objects, domain)) {
        hosts.add(`${metadata.namespace}${port}~${host}`, MESH, host, route, mesh.rules, extra)
      }
      continue
    }
    const home = parent.owner.metadata.namespace
    for (const host of names.length === 0 ? ['*'] : names) {
      if (!intersects(host, parent.hostname)) continue
      const name = `${home}~${parent.internalName.slice(home.length + 1)}~${host}`
      hosts.add(name, parent.internalName, host, route, gateway.rules, {})
    }
  }
}

function backendsOf(route: Resource, gateway: Resource): AncestorBackend[] {
  return list(fields(route.spec)['rules'])
    .flatMap(rule => list(fields(rule)['backendRefs']).map(fields))
    .map(({ kind, namespace, name }) => {
      const home = text(namespace, route.metadata.namespace)
      return { gateway, target: `${text(kind, 'Service')}/${home}/${text(name)}` }
    })
}

/** Hosts of a Service or a ServiceEntry that a route stands before. */
export function meshHosts(reference: Fields, namespace: string, objects: Objects, domain: string): string[] {
  const name = text(reference['name'])
  if (text(reference['kind']) !== 'ServiceEntry') return [`${name}.${namespace}.svc.${domain}`]
  const entry = objects.find('ServiceEntry', namespace, name)
  return list(fields(entry?.spec)['hosts']).map(host => text(host))
}

function count(statuses: readonly ObjectStatus[], parent: Parent | null): void {
  if (parent === null) return
  const { kind, metadata } = parent.owner
  const status = statuses.find(s => s.kind === kind && s.name === metadata.name && s.namespace === metadata.namespace)
  const listener = status?.listeners.find(l => l.name === parent.listener)
  if (listener !== undefined) listener.attachedRoutes++
}

/** Can a name be both? Wildcards stand for any number of labels. */
function intersects(host: string, listener: string): boolean {
  if (listener === '' || listener === '*' || host === '*' || host === listener) return true
  const covers = (wide: string, narrow: string) => wide.startsWith('*.') && narrow.endsWith(wide.slice(1))
  return covers(listener, host) || covers(host, listener)
}
