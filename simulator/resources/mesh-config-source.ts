// Where users keep MeshConfig: the ConfigMap `istio` (key mesh) in the root namespace, an IstioOperator's profile and
// spec.meshConfig, or a bare MeshConfig document. Later ones win field by field.
import type { Diagnostic } from '../diagnostics/types.ts'
import { type Fields, isObject } from './fields.ts'
import { defaultMeshConfig, type MeshConfig, mergeMeshConfig } from './mesh-config.ts'
import { meshSettingsOf } from './mesh-settings.ts'
import { didYouMean } from './nearest-name.ts'
import { resourceName } from './resource-name.ts'
import type { Resource } from './types.ts'

const COLLECTOR = 'opentelemetry-collector.observability.svc.cluster.local'

/** What installation profiles set (istio: manifests/helm-profiles); the others leave the settings as they are. */
const PROFILES: Readonly<Record<string, Fields>> = {
  default: {},
  minimal: {},
  empty: {},
  stable: {},
  preview: {},
  openshift: {},
  remote: {},
  ambient: {},
  'openshift-ambient': {},
  demo: {
    accessLogFile: '/dev/stdout',
    extensionProviders: [
      { name: 'otel', envoyOtelAls: { service: COLLECTOR, port: 4317 } },
      { name: 'skywalking', skywalking: { service: 'tracing.istio-system.svc.cluster.local', port: 11800 } },
      { name: 'otel-tracing', opentelemetry: { service: COLLECTOR, port: 4317 } },
      { name: 'jaeger', opentelemetry: { service: 'jaeger-collector.istio-system.svc.cluster.local', port: 4317 } },
    ],
  },
}

function fromProfile(resource: Resource, base: MeshConfig, diagnostics: Diagnostic[]): MeshConfig {
  const profile = isObject(resource.spec) ? resource.spec['profile'] : undefined
  if (typeof profile !== 'string' || profile === '') return base
  const settings = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined
  if (settings !== undefined) return mergeMeshConfig(settings, base)
  const near = didYouMean(profile, Object.keys(PROFILES))
  const path = ['spec', 'profile']
  diagnostics.push({
    code: 'SIM0203',
    level: 'error',
    message: `there is no profile ${profile}`,
    resource: resourceName(resource),
    path,
    at: resource.locate(path),
    hint: near === null ? `profiles are ${Object.keys(PROFILES).join(', ')}` : `did you mean ${near}?`,
  })
  return base
}

/** The mesh config that the resources describe, on istiod's defaults. */
export function meshConfigFrom(resources: readonly Resource[]): { meshConfig: MeshConfig; diagnostics: Diagnostic[] } {
  let meshConfig = defaultMeshConfig()
  const diagnostics: Diagnostic[] = []
  for (const resource of resources) {
    if (resource.kind === 'IstioOperator') meshConfig = fromProfile(resource, meshConfig, diagnostics)
    const found = meshSettingsOf(resource)
    if (found === null) continue
    diagnostics.push(...found.diagnostics)
    meshConfig = mergeMeshConfig(found.settings, meshConfig)
  }
  return { meshConfig, diagnostics }
}
