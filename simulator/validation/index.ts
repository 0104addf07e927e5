// The door: what istiod's webhook refuses beyond the schema that the loader has applied already.
import type { Diagnostic } from '../diagnostics/types.ts'
import { lookupKind } from '../resources/catalog.ts'
import { DestinationRule } from '../resources/networking/destination-rule.ts'
import { Gateway } from '../resources/networking/gateway.ts'
import { VirtualService } from '../resources/networking/virtual-service.ts'
import { AuthorizationPolicy } from '../resources/security/authorization-policy.ts'
import type { Resource } from '../resources/types.ts'
import { validateAuthorizationPolicy } from './authorization-policy.ts'
import { validateDestinationRule } from './destination-rule.ts'
import { validateGateway } from './gateway.ts'
import { Refusals } from './refusals.ts'
import { validateVirtualService } from './virtual-service.ts'

/** Errors refuse the resource, warnings only tell. */
export function validateResource(resource: Resource): Diagnostic[] {
  const out = new Refusals(resource)
  const entry = lookupKind(resource.apiVersion, resource.kind)
  if (entry === null || !entry.istio) return []
  if (resource.kind === 'VirtualService') {
    const spec = VirtualService.safeParse(resource.spec)
    if (spec.success) validateVirtualService(spec.data, out)
  }
  if (resource.kind === 'DestinationRule') {
    const spec = DestinationRule.safeParse(resource.spec)
    if (spec.success) validateDestinationRule(spec.data, out)
  }
  if (resource.kind === 'Gateway') {
    const spec = Gateway.safeParse(resource.spec)
    if (spec.success) validateGateway(spec.data, out)
  }
  if (resource.kind === 'AuthorizationPolicy') {
    const spec = AuthorizationPolicy.safeParse(resource.spec)
    if (spec.success) validateAuthorizationPolicy(spec.data, out)
  }
  if (resource.kind === 'EnvoyFilter') {
    out.warn(['spec'], 'EnvoyFilter exposes internal implementation details that may change at any time')
  }
  return out.found
}

export function validateAll(resources: readonly Resource[]): Diagnostic[] {
  return resources.flatMap(validateResource)
}
