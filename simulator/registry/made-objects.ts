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

/** Value of the label `istio` by which Ingresses find their gateway: the default Service's name is not its label. */
function ingressSelector({ ingressSelector: given, ingressService: service }: RegistryInput['meshConfig']): string {
  if (given) return String(given)
  return service && service !== 'istio-ingressgateway' ? String(service) : 'ingressgateway'
}

/** Objects that come out the same as before are the same objects. */
export function madeObjects(input: RegistryInput, given: Inventory, before: Made | null): readonly Resource[] {
  if (before !== null && given.kindsThatDiffer(before.given).every(kind => INERT.has(kind))) return before.objects
  const { ingressClass, ingressControllerMode } = input.meshConfig
  const made = [
    ...convertGatewayApi(input.resources, DOMAIN_SUFFIX).resources,
    ...convertIngress(input.resources, {
      domain: DOMAIN_SUFFIX,
      ingressClass: String(ingressClass ?? 'istio'),
      mode: String(ingressControllerMode ?? 'STRICT'),
      selector: ingressSelector(input.meshConfig),
      gatewayNamespace: input.featureFlags['K8S_INGRESS_NS'] ?? 'istio-system',
    }),
  ]
  const known = new Map(before?.objects.map(object => [JSON.stringify(object), object]))
  return known.size === 0 ? made : made.map(object => known.get(JSON.stringify(object)) ?? object)
}
