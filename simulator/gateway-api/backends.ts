// Where a rule sends: Services by their full names (pilot/pkg/config/kube/gateway/conversion.go buildDestination).
import type { Resource } from '../resources/types.ts'
import { type Fields, text } from './types.ts'

export interface RuleContext {
  route: Resource
  domain: string
  /** May a route of the first namespace name a Service of the second? */
  granted: (service: { namespace: string; name: string }) => boolean
}

/** A Service by its full name; a Service that the route may not name becomes none at all. */
export function backendDestination(backend: Fields, { route, domain, granted }: RuleContext): Fields {
  const namespace = text(backend.namespace, route.metadata.namespace)
  const name = text(backend.name)
  if (!granted({ namespace, name })) return {}
  const host = text(backend.kind, 'Service') === 'Hostname' ? name : `${name}.${namespace}.svc.${domain}`
  return backend.port === undefined ? { host } : { host, port: { number: backend.port } }
}
