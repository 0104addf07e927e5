// Where users keep MeshConfig: the ConfigMap `istio` (key mesh) in the root namespace, an IstioOperator's
// spec.meshConfig, or a bare MeshConfig document. Later ones win field by field.

import type { Diagnostic } from '../diagnostics/types.ts'
import { parseDocuments } from '../documents/index.ts'
import { isObject } from './fields.ts'
import { defaultMeshConfig, type MeshConfig, mergeMeshConfig } from './mesh-config.ts'
import type { Resource } from './types.ts'

/** The mesh config that the resources describe, on istiod's defaults. */
export function meshConfigFrom(resources: readonly Resource[]): { meshConfig: MeshConfig; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  let meshConfig = defaultMeshConfig()
  for (const resource of resources) {
    const { spec, kind, metadata } = resource
    if (!isObject(spec)) continue
    if (kind === 'MeshConfig') meshConfig = mergeMeshConfig(spec, meshConfig)
    if (kind === 'IstioOperator' && isObject(spec['meshConfig'])) {
      meshConfig = mergeMeshConfig(spec['meshConfig'], meshConfig)
    }
    if (kind !== 'ConfigMap' || (metadata.name !== 'istio' && !metadata.name.startsWith('istio-'))) continue
    const text = isObject(spec['data']) ? spec['data']['mesh'] : undefined
    if (typeof text !== 'string') continue
    const name = `ConfigMap ${metadata.namespace}/${metadata.name}`
    const parsed = parseDocuments(name, text)
    const at = resource.locate(['data', 'mesh'])
    for (const found of parsed.diagnostics) {
      diagnostics.push({ ...found, resource: name, path: ['data', 'mesh'], at })
    }
    const value = parsed.documents[0]?.value
    if (isObject(value)) meshConfig = mergeMeshConfig(value, meshConfig)
  }
  return { meshConfig, diagnostics }
}
