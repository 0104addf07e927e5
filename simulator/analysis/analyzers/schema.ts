// istiod's validation, kind by kind, as analyzers (istio: pkg/config/analysis/analyzers/schema).
import { validateResource } from '../../validation/index.ts'
import type { Analyzer } from '../context.ts'

const KINDS: readonly [kind: string, group: string][] = [
  ['AuthorizationPolicy', 'security.istio.io'],
  ['DestinationRule', 'networking.istio.io'],
  ['EnvoyFilter', 'networking.istio.io'],
  ['Gateway', 'networking.istio.io'],
  ['MeshConfig', 'mesh.istio.io'],
  ['PeerAuthentication', 'security.istio.io'],
  ['ProxyConfig', 'networking.istio.io'],
  ['RequestAuthentication', 'security.istio.io'],
  ['ServiceEntry', 'networking.istio.io'],
  ['Sidecar', 'networking.istio.io'],
  ['Telemetry', 'telemetry.istio.io'],
  ['TrafficExtension', 'extensions.istio.io'],
  ['VirtualService', 'networking.istio.io'],
  ['WasmPlugin', 'extensions.istio.io'],
  ['WorkloadEntry', 'networking.istio.io'],
  ['WorkloadGroup', 'networking.istio.io'],
]

export const schemaAnalyzers: Analyzer[] = KINDS.map(([kind, group]) => ({
  name: `schema.ValidationAnalyzer.${kind}`,
  description: `Runs schema validation as an analyzer on '${kind}' resources`,
  needsCluster: false,
  analyze(context) {
    for (const instance of context.all(`${group}/${kind}`)) {
      for (const { code, level, message } of validateResource(instance.resource)) {
        if (code.startsWith('IST')) context.reportText(instance, code, null, message)
        else context.report(instance, level === 'error' ? 'IST0106' : 'IST0133', null, message)
      }
    }
  },
}))
