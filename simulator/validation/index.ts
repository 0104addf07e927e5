// The door: what istiod's webhook refuses beyond the schema that the loader has applied already.
import type { Diagnostic } from '../diagnostics/types.ts'
import { groupOf } from '../resources/catalog.ts'
import { list } from '../resources/fields.ts'
import { mergeMeshConfig } from '../resources/mesh-config.ts'
import { meshSettingsOf } from '../resources/mesh-settings.ts'
import type { Resource } from '../resources/types.ts'
import { validateAuthorizationPolicy } from './authorization-policy.ts'
import { validateDestinationRule } from './destination-rule.ts'
import { validateEnvoyFilter } from './envoy-filter.ts'
import { validateTrafficExtension, validateWasmPlugin } from './extensions.ts'
import { validateGateway } from './gateway.ts'
import { extensionProviders, validateMeshConfig } from './mesh-config.ts'
import {
  validatePeerAuthentication,
  validateProxyConfig,
  validateRequestAuthentication,
  validateTelemetry,
} from './policies.ts'
import { Refusals } from './refusals.ts'
import { validateServiceEntry, validateWorkloadEntry, validateWorkloadGroup } from './service-entry.ts'
import { validateSidecar } from './sidecar.ts'
import { validateVirtualService } from './virtual-service.ts'

type Validator = (spec: object, out: Refusals) => void

// The loader has decoded each spec as its kind's message (LoadResult), so a validator may take it as that.
const VALIDATORS: ReadonlyMap<string, Validator> = new Map<string, Validator>([
  ['extensions.istio.io/TrafficExtension', validateTrafficExtension],
  ['extensions.istio.io/WasmPlugin', validateWasmPlugin],
  ['networking.istio.io/DestinationRule', validateDestinationRule],
  ['networking.istio.io/EnvoyFilter', validateEnvoyFilter],
  ['networking.istio.io/Gateway', validateGateway],
  ['networking.istio.io/ProxyConfig', validateProxyConfig],
  ['networking.istio.io/ServiceEntry', validateServiceEntry],
  ['networking.istio.io/Sidecar', validateSidecar],
  ['networking.istio.io/VirtualService', validateVirtualService],
  ['networking.istio.io/WorkloadEntry', validateWorkloadEntry],
  ['networking.istio.io/WorkloadGroup', validateWorkloadGroup],
  ['security.istio.io/AuthorizationPolicy', validateAuthorizationPolicy],
  ['security.istio.io/PeerAuthentication', validatePeerAuthentication],
  ['security.istio.io/RequestAuthentication', validateRequestAuthentication],
  ['telemetry.istio.io/Telemetry', validateTelemetry],
])

const DRY_RUN = 'istio.io/dry-run'

/** Errors refuse the resource, warnings only tell. Also for a resource that only the schema refuses. */
export function validateResource(resource: Resource): Diagnostic[] {
  const validator = VALIDATORS.get(`${groupOf(resource.apiVersion)}/${resource.kind}`)
  if (validator === undefined || typeof resource.spec !== 'object' || resource.spec === null) return []
  const out = new Refusals(resource)
  if (resource.kind !== 'AuthorizationPolicy' && resource.metadata.annotations[DRY_RUN] !== undefined) {
    out.error(['metadata', 'annotations'], `unsupported annotation ${DRY_RUN}, please remove the annotation`)
  }
  validator(resource.spec, out)
  return out.found
}

/** What istiod refuses of mesh settings, each document's for itself: a ConfigMap's, an IstioOperator's, bare ones. */
export function validateMeshSettings(resources: readonly Resource[]): Diagnostic[] {
  return resources.flatMap(resource => {
    const found = meshSettingsOf(resource)
    if (found === null) return []
    const out = new Refusals(resource, found.path)
    validateMeshConfig(mergeMeshConfig(found.settings), out)
    extensionProviders(list(found.settings['extensionProviders']), out)
    return out.found
  })
}

export function validateAll(resources: readonly Resource[]): Diagnostic[] {
  return [...resources.flatMap(validateResource), ...validateMeshSettings(resources)]
}
