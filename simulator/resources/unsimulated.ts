// Fields that Istio accepts and this house does not act on: told once per kind and field, so nobody trusts a silence.
import type { Path } from '../diagnostics/types.ts'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io/DestinationRule': ['trafficPolicy.loadBalancer.backendUtilization', 'trafficPolicy.tls.caCrl'],
  'networking.istio.io/WorkloadGroup': ['probe'],
  'networking.istio.io/ProxyConfig': ['image', 'environmentVariables'],
  'extensions.istio.io/WasmPlugin': ['url', 'pluginConfig', 'vmConfig'],
  'extensions.istio.io/TrafficExtension': ['wasm', 'lua'],
}

/** Kinds that have no effect at all. */
const KINDS = new Set(['networking.k8s.io/NetworkPolicy'])

function has(value: unknown, path: readonly string[]): boolean {
  let current = value
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return false
    current = (current as Readonly<Record<string, unknown>>)[part]
  }
  return true
}

export function unsimulatedFields(group: string, kind: string, spec: unknown): { name: string; path: Path }[] {
  if (KINDS.has(`${group}/${kind}`)) return [{ name: '', path: [] }]
  const names = FIELDS[`${group}/${kind}`] ?? []
  return names.filter(name => has(spec, name.split('.'))).map(name => ({ name, path: name.split('.') }))
}
