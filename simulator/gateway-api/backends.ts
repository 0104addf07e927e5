// Where a rule sends: Services by their full names (istio: pilot/pkg/config/kube/gateway/conversion.go buildDestination).
import type { Resource } from '../resources/types.ts'
import { granted } from './grants.ts'
import { type Fields, fields, list, type Objects, type Problem, text } from './types.ts'

export interface RuleContext {
  route: Resource
  domain: string
  objects: Objects
  /** Routes of the mesh may name any Service. */
  mesh: boolean
  /** The last backend that could not be resolved. */
  problem: Problem | null
}

/** A Service by its full name; a Service that the route may not name becomes none at all. */
export function backendDestination(backend: Fields, context: RuleContext): Fields {
  const { route, domain, objects, mesh } = context
  const own = route.metadata.namespace
  const namespace = text(backend['namespace'], own)
  const name = text(backend['name'])
  const kind = text(backend['kind'], 'Service')
  if (!mesh && !granted(objects.all, route.kind, own, kind, namespace, name)) {
    const where = `not accessible to a ${route.kind} in namespace "${own}" (missing a ReferenceGrant?)`
    context.problem = { reason: 'RefNotPermitted', message: `backendRef ${name}/${namespace} ${where}` }
    return {}
  }
  const external = kind === 'Hostname'
  if (kind !== 'Service' && !external) {
    const group = text(backend['group'])
    const message = `referencing unsupported backendRef: group "${group}" kind "${kind}"`
    context.problem = { reason: 'InvalidKind', message }
    return {}
  }
  const host = external ? name : `${name}.${namespace}.svc.${domain}`
  const known = external ? hostKnown(name, objects) : objects.find('Service', namespace, name) !== undefined
  if (!known) context.problem = { reason: 'BackendNotFound', message: `backend(${host}) not found` }
  return backend['port'] === undefined ? { host } : { host, port: { number: backend['port'] } }
}

const hostKnown = (host: string, objects: Objects): boolean =>
  objects.all.some(r => r.kind === 'ServiceEntry' && list(fields(r.spec)['hosts']).includes(host))
