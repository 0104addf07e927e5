// Which listeners a route is bound to, and why it is not to the others (istio: pilot/pkg/config/kube/gateway
// extractParentReferenceInfo, referenceAllowed).
import { hostMatches } from '../resources/host-names.ts'
import type { Resource } from '../resources/types.ts'
import { type Fields, fields, list, type Objects, type Parent, type Problem, text } from './types.ts'

export interface Attachment {
  reference: Fields
  /** Null: a Service or ServiceEntry of the mesh. */
  parent: Parent | null
  denied: Problem | null
}

/** Every pair of a parentRef and a listener that it may mean. References to what is not Istio's are left out. */
export function attachments(route: Resource, parents: readonly Parent[], objects: Objects): Attachment[] {
  const { namespace: own } = route.metadata
  return list(fields(route.spec)['parentRefs'])
    .map(fields)
    .flatMap((reference): Attachment[] => {
      const kind = text(reference['kind'], 'Gateway')
      const namespace = text(reference['namespace'], own)
      const name = text(reference['name'])
      if (kind === 'Service' || kind === 'ServiceEntry') {
        const what = kind === 'Service' ? 'service' : 'service entry'
        const known = objects.find(kind, namespace, name) !== undefined
        const denied = { reason: 'NoMatchingParent', message: `parent ${what}: "${name}" not found` }
        return [{ reference, parent: null, denied: known ? null : denied }]
      }
      return parents
        .filter(({ owner: { kind: own_, metadata } }) => {
          return own_ === kind && metadata.name === name && metadata.namespace === namespace
        })
        .map(parent => ({ reference, parent, denied: denial(route, reference, parent) }))
    })
}

function denial(route: Resource, reference: Fields, parent: Parent): Problem | null {
  const { port, sectionName } = reference
  if (port !== undefined && port !== parent.port) {
    return { reason: 'NoMatchingParent', message: `port ${String(port)} not found` }
  }
  if (text(sectionName) !== '' && sectionName !== parent.listener) {
    return { reason: 'NoMatchingParent', message: `sectionName "${text(sectionName)}" not found` }
  }
  return hostDenial(route, parent) ?? kindDenial(route, parent)
}

function hostDenial(route: Resource, parent: Parent): Problem | null {
  const own = route.metadata.namespace
  const names = list(fields(route.spec)['hostnames']).map(name => text(name))
  let hostMatched = false
  for (const name of names.length === 0 ? ['*'] : names) {
    for (const entry of parent.hosts) {
      const slash = entry.indexOf('/')
      const namespace = entry.slice(0, slash)
      if (!hostMatches(entry.slice(slash + 1), name)) continue
      if (namespace === '*' || namespace === own) return null
      hostMatched = true
    }
  }
  const what = `hostnames matched parent hostname "${parent.hostname}"`
  return hostMatched
    ? { reason: 'NotAllowedByListeners', message: `${what}, but namespace "${own}" is not allowed by the parent` }
    : { reason: 'NoMatchingListenerHostname', message: `no ${what}` }
}

function kindDenial(route: Resource, parent: Parent): Problem | null {
  if (parent.kinds.includes(route.kind)) return null
  return { reason: 'NotAllowedByListeners', message: `kind ${route.apiVersion}/${route.kind} is not allowed` }
}
