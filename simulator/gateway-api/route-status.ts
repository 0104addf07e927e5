// The status of a route: for each of its parentRefs whether it was accepted and its references resolved
// (istio: pilot/pkg/config/kube/gateway/conditions.go createRouteStatus).
import type { Resource } from '../resources/types.ts'
import type { Attachment } from './attach.ts'
import { condition, foreignEntries, type ObjectStatus, type Problem } from './types.ts'

/** The milder denial is told: a route that some listener takes is accepted. */
const RANK: readonly string[] = [
  'NotAllowedByListeners',
  'NoMatchingListenerHostname',
  'ParentRefConflict',
  'NoMatchingParent',
]

const rank = ({ denied }: Attachment): number => (denied === null ? -1 : RANK.indexOf(denied.reason))

export function routeStatus(
  route: Resource,
  attachments: readonly Attachment[],
  gatewayProblem: Problem | null,
  meshProblem: Problem | null,
): ObjectStatus {
  const byReference = new Map<string, Attachment[]>()
  for (const item of attachments) {
    const key = JSON.stringify(item.reference)
    byReference.set(key, [...(byReference.get(key) ?? []), item])
  }
  const parents = [...byReference.values()].map(items => {
    const mildest = Math.min(...items.map(rank))
    const told = items.filter(item => rank(item) === mildest)
    const denied = told[0]?.denied ?? null
    const bound = items.filter(item => item.denied === null).length
    const message = bound > 1 ? `Route was valid, bound to ${bound} parents` : 'Route was valid'
    const problem = told[0]?.parent === null ? meshProblem : gatewayProblem
    const joined = denied === null ? null : { ...denied, message: told.map(item => item.denied?.message).join('; ') }
    return {
      parentRef: items[0]?.reference ?? {},
      conditions: [
        condition('Accepted', 'Accepted', message, joined),
        condition('ResolvedRefs', 'ResolvedRefs', 'All references resolved', problem),
      ],
    }
  })
  const foreign = foreignEntries(route, 'parents', 'parentRef')
  const { namespace, name } = route.metadata
  return { kind: route.kind, namespace, name, conditions: [], listeners: [], parents: [...foreign, ...parents] }
}
