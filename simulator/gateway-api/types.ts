// What the conversion keeps between listeners, routes and statuses.
import { type Fields, fields, list } from '../resources/fields.ts'
import type { Resource } from '../resources/types.ts'

/** A listener that routes can be bound to. */
export interface Parent {
  /** The Gateway or ListenerSet that holds the listener. */
  owner: Resource
  /** `namespace/name` of the Istio Gateway made from it. */
  internalName: string
  listener: string
  port: number
  hostname: string
  protocol: string
  /** `namespace/host`, as the Istio Gateway has them: `*` for every namespace, `~` for none. */
  hosts: readonly string[]
  /** Kinds of routes that may be bound. */
  kinds: readonly string[]
}

export interface Condition {
  type: string
  status: 'True' | 'False'
  reason: string
  message: string
}

/** What istiod writes into an object's status. */
export interface ObjectStatus {
  kind: string
  namespace: string
  name: string
  conditions: Condition[]
  /** Of Gateways and ListenerSets. */
  listeners: { name: string; attachedRoutes: number; conditions: Condition[] }[]
  /** Of routes, one for each parentRef that is Istio's. */
  parents: { parentRef: Fields; conditions: Condition[] }[]
}

/** Why something is not as it should be: the reason of a condition and its message. */
export interface Problem {
  reason: string
  message: string
}

/** A condition that holds unless something is wrong. */
export function condition(type: string, reason: string, message: string, problem: Problem | null = null): Condition {
  return problem === null
    ? { type, status: 'True', reason, message }
    : { type, status: 'False', reason: problem.reason, message: problem.message }
}

export { type Fields, fields, list }

export const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback)
export const isGatewayApi = (resource: Resource): boolean =>
  resource.apiVersion.startsWith('gateway.networking.k8s.io/')

/** What other controllers wrote into a list of an object's status (`parents`, `ancestors`) stays. */
export function foreignEntries(
  resource: Resource,
  list_: 'parents' | 'ancestors',
  reference: 'parentRef' | 'ancestorRef',
): ObjectStatus['parents'] {
  return list(fields(resource.status)[list_])
    .map(fields)
    .filter(entry => !text(entry['controllerName']).startsWith('istio.io/'))
    .map(entry => ({
      parentRef: fields(entry[reference]),
      conditions: list(entry['conditions'])
        .map(fields)
        .map(({ type, status, reason, message }) => ({
          type: text(type),
          status: status === 'True' ? ('True' as const) : ('False' as const),
          reason: text(reason),
          message: text(message),
        })),
    }))
}

/** Looks objects up by kind, namespace and name. */
export class Objects {
  readonly all: readonly Resource[]
  readonly #byName = new Map<string, Resource>()

  constructor(resources: readonly Resource[]) {
    this.all = resources
    for (const resource of resources) {
      const { namespace, name } = resource.metadata
      this.#byName.set(`${isGatewayApi(resource) ? 'k8s/' : ''}${resource.kind}/${namespace}/${name}`, resource)
    }
  }

  find(kind: string, namespace: string, name: string): Resource | undefined {
    return this.#byName.get(`${kind}/${namespace}/${name}`)
  }
}
