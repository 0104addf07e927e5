// Gateway API objects as the Istio objects that istiod makes of them: a Gateway for each listener, a VirtualService for each
// host on it (pilot/pkg/config/kube/gateway/conversion.go, route_collections.go).
import type { Resource } from '../resources/types.ts'
import { convertListeners } from './listeners.ts'
import { sortRules } from './precedence.ts'
import { convertRule } from './rules.ts'
import { type Fields, fields, isGatewayApi, list, type Parent, text } from './types.ts'

const MESH = 'mesh'
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  HTTPRoute: ['HTTP', 'HTTPS'],
  GRPCRoute: ['HTTP', 'HTTPS'],
}

/** The Gateways and VirtualServices that the objects of the Gateway API among `resources` mean. `domain`: cluster.local. */
export function convertGatewayApi(resources: readonly Resource[], domain: string): Resource[] {
  const routes = resources.filter(r => isGatewayApi(r) && ROUTES[r.kind] !== undefined)
  const listeners = convertListeners(resources, domain)
  if (routes.length === 0 && listeners.length === 0) return []
  const hosts = new VirtualHosts()
  const parents = listeners.map(l => l.parent)
  for (const route of [...routes].sort(older)) bind(route, parents, resources, domain, hosts)
  return [...listeners.map(l => l.resource), ...hosts.resources()]
}

function older(a: Resource, b: Resource): number {
  const [one, other] = [a.metadata.creationTimestamp ?? 0, b.metadata.creationTimestamp ?? 0]
  return one - other || a.metadata.order - b.metadata.order
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
      return {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: {
          ...first.metadata,
          name,
          labels: {},
          annotations: {
            'internal.istio.io/parents': parents.join(','),
            'internal.istio.io/route-semantics': 'gateway',
          },
        },
        spec: { ...spec, http: rules },
        status: null,
        locate: path => first.locate(path),
      }
    })
  }
}

function bind(
  route: Resource,
  parents: readonly Parent[],
  resources: readonly Resource[],
  domain: string,
  hosts: VirtualHosts,
): void {
  const spec = fields(route.spec)
  const context = { route, domain, granted: grants(route, resources) }
  const rules = list(spec.rules).flatMap((rule, i) => convertRule(fields(rule), i, context))
  const names = list(spec.hostnames).map(name => text(name))
  for (const reference of list(spec.parentRefs).map(fields)) {
    const namespace = text(reference.namespace, route.metadata.namespace)
    if (text(reference.kind) === 'Service') {
      const host = `${text(reference.name)}.${namespace}.svc.${domain}`
      // a consumer's route holds for the consumer's namespace alone
      const extra = namespace === route.metadata.namespace ? {} : { exportTo: ['.'] }
      const port = typeof reference.port === 'number' ? `~${reference.port}` : ''
      hosts.add(`${route.metadata.namespace}${port}~${host}`, MESH, host, route, rules, extra)
      continue
    }
    for (const parent of parents) {
      if (!refers(reference, namespace, parent) || !admits(parent, route)) continue
      const { metadata } = parent.gateway
      for (const host of names.length === 0 ? ['*'] : names) {
        if (!intersects(host, parent.hostname)) continue
        const name = `${metadata.namespace}~${parent.internalName.slice(metadata.namespace.length + 1)}~${host}`
        hosts.add(name, parent.internalName, host, route, rules, {})
      }
    }
  }
}

function refers(reference: Fields, namespace: string, parent: Parent): boolean {
  const { metadata } = parent.gateway
  return (
    text(reference.kind, 'Gateway') === 'Gateway' &&
    metadata.name === text(reference.name) &&
    metadata.namespace === namespace &&
    (reference.sectionName === undefined || reference.sectionName === parent.listener) &&
    (reference.port === undefined || reference.port === parent.port)
  )
}

function admits(parent: Parent, route: Resource): boolean {
  if (!parent.admits(route.metadata.namespace)) return false
  if (parent.kinds.length > 0) return parent.kinds.includes(route.kind)
  return (ROUTES[route.kind] ?? []).includes(parent.protocol)
}

/** Can a name be both? Wildcards stand for any number of labels. */
function intersects(host: string, listener: string): boolean {
  if (listener === '' || listener === '*' || host === '*' || host === listener) return true
  const covers = (wide: string, narrow: string) => wide.startsWith('*.') && narrow.endsWith(wide.slice(1))
  return covers(listener, host) || covers(host, listener)
}

/** A Service elsewhere needs a ReferenceGrant there. */
function grants(route: Resource, resources: readonly Resource[]) {
  return ({ namespace, name }: { namespace: string; name: string }): boolean => {
    if (namespace === route.metadata.namespace) return true
    return resources.some(r => {
      if (r.kind !== 'ReferenceGrant' || r.metadata.namespace !== namespace) return false
      const spec = fields(r.spec)
      const from = list(spec.from).map(fields)
      const to = list(spec.to).map(fields)
      return (
        from.some(f => f.kind === route.kind && f.namespace === route.metadata.namespace) &&
        to.some(t => text(t.kind) === 'Service' && (text(t.name) === '' || t.name === name))
      )
    })
  }
}
