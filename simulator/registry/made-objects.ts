// What istiod itself makes of Gateway API objects and Ingresses, beside what was written.
import { convertGatewayApi, convertIngress } from '../gateway-api/index.ts'
import type { Resource } from '../resources/types.ts'
import type { Inventory } from './inventory.ts'
import { DOMAIN_SUFFIX } from './names.ts'
import type { RegistryInput } from './types.ts'

/** Kinds that the conversion never looks at. A kind that is not here makes it run again. */
const INERT = new Set([
  'AuthorizationPolicy',
  'DestinationRule',
  'EndpointSlice',
  'Endpoints',
  'EnvoyFilter',
  'PeerAuthentication',
  'Pod',
  'RequestAuthentication',
  'Sidecar',
  'Telemetry',
  'VirtualService',
  'WorkloadEntry',
])

/** What was made last, and of what; the mesh settings were the same. */
export interface Made {
  given: Inventory
  objects: readonly Resource[]
}

/** Objects that come out the same as before are the same objects. */
export function madeObjects(input: RegistryInput, given: Inventory, before: Made | null): readonly Resource[] {
  if (before !== null && given.kindsThatDiffer(before.given).every(kind => INERT.has(kind))) return before.objects
  const { ingressClass, ingressControllerMode, ingressSelector, ingressService, rootNamespace } = input.meshConfig
  const made = [
    ...convertGatewayApi(input.resources, DOMAIN_SUFFIX).resources,
    ...convertIngress(input.resources, {
      domain: DOMAIN_SUFFIX,
      ingressClass: String(ingressClass ?? 'istio'),
      mode: String(ingressControllerMode ?? 'STRICT'),
      selector: String(ingressSelector ?? ingressService ?? 'ingressgateway').replace(/^istio-/, ''),
      rootNamespace: rootNamespace ?? 'istio-system',
    }),
  ]
  const known = new Map(before?.objects.map(object => [JSON.stringify(object), object]))
  return known.size === 0 ? made : made.map(object => known.get(JSON.stringify(object)) ?? object)
}
