// The door: what istiod's webhook refuses beyond the schema that the loader has applied already.
import type { Diagnostic } from '../diagnostics/types.ts'
import { lookupKind } from '../resources/catalog.ts'
import { VirtualService } from '../resources/networking/virtual-service.ts'
import type { Resource } from '../resources/types.ts'
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
  return out.found
}

export function validateAll(resources: readonly Resource[]): Diagnostic[] {
  return resources.flatMap(validateResource)
}
