// Which traffic policy counts for a port and a subset (pilot/pkg/networking/util/util.go, cluster_traffic_policy.go).
import type { MergedDestinationRule } from '../../registry/mesh-snapshot.ts'
import type { ClientTLSSettings, DestinationRule, MeshConfig, Subset, TrafficPolicy } from '../../resources/index.ts'

/** Settings of the port where there are some (tunnel, proxyProtocol and retryBudget are lost then), else the policy. */
export function portLevelPolicy(
  policy: TrafficPolicy | undefined,
  port: number,
): { policy: TrafficPolicy | undefined; ofPort: boolean } {
  const found = policy?.portLevelSettings?.find(p => p.port?.number === port)
  if (!found) return { policy, ofPort: false }
  const { connectionPool, loadBalancer, outlierDetection, tls } = found
  return {
    policy: {
      ...(connectionPool ? { connectionPool } : {}),
      ...(loadBalancer ? { loadBalancer } : {}),
      ...(outlierDetection ? { outlierDetection } : {}),
      ...(tls ? { tls } : {}),
    },
    ofPort: true,
  }
}

/** A subset's fields over the rule's; a subset's settings of the port reset what they leave out. */
export function subsetPolicy(
  rule: TrafficPolicy | undefined,
  subset: TrafficPolicy | undefined,
  port: number,
): TrafficPolicy | undefined {
  const base = portLevelPolicy(rule, port).policy
  if (!subset) return base
  const { policy: over, ofPort } = portLevelPolicy(subset, port)
  if (!base || !over) return over ?? base
  const { portLevelSettings: _ports, ...merged } = base
  const result: TrafficPolicy = { ...merged }
  for (const field of ['connectionPool', 'outlierDetection', 'loadBalancer', 'tls'] as const) {
    if (ofPort) delete result[field]
  }
  const { connectionPool, outlierDetection, loadBalancer, tls, tunnel, proxyProtocol, retryBudget } = over
  return {
    ...result,
    ...(connectionPool ? { connectionPool } : {}),
    ...(outlierDetection ? { outlierDetection } : {}),
    ...(loadBalancer ? { loadBalancer } : {}),
    ...(tls ? { tls } : {}),
    ...(tunnel ? { tunnel } : {}),
    ...(proxyProtocol ? { proxyProtocol } : {}),
    ...(retryBudget ? { retryBudget } : {}),
  }
}

/** The mesh's default blocks where the policy has none of its own. */
export function withMeshDefaults(policy: TrafficPolicy | undefined, mesh: MeshConfig): TrafficPolicy | undefined {
  const { connectionPool, outlierDetection } = mesh.defaultTrafficPolicy ?? {}
  const pool = policy?.connectionPool === undefined && connectionPool !== undefined
  const outlier = policy?.outlierDetection === undefined && outlierDetection !== undefined
  if (!pool && !outlier) return policy
  const { portLevelSettings: _ports, ...rest } = policy ?? {}
  return { ...rest, ...(pool ? { connectionPool } : {}), ...(outlier ? { outlierDetection } : {}) }
}

const subsetOf = (rule: DestinationRule | undefined, name: string): Subset | undefined =>
  name === '' ? undefined : rule?.subsets?.find(s => s.name === name)

/** Effective policy of a rule for a port and subset, as endpoints read it (without mesh defaults). */
export function effectivePolicy(
  rule: MergedDestinationRule | null,
  port: number,
  subset: string,
): TrafficPolicy | undefined {
  if (!rule) return undefined
  return subsetPolicy(rule.spec.trafficPolicy, subsetOf(rule.spec, subset)?.trafficPolicy, port)
}

/** Labels that the endpoints of a subset must have. */
export const subsetLabels = (rule: MergedDestinationRule | null, subset: string): Record<string, string> =>
  subsetOf(rule?.spec, subset)?.labels ?? {}

function tlsModeAt(policy: TrafficPolicy | undefined, port: number): ClientTLSSettings['mode'] | null {
  if (!policy) return null
  const ofPort = policy.portLevelSettings?.find(p => p.port?.number === port && p.tls)
  const tls = ofPort?.tls ?? policy.tls
  return tls ? (tls.mode ?? 'DISABLE') : null
}

/** TLS mode that the rule names for a port and subset; null when it names none (mtls_checker.go). */
export function ruleTlsMode(
  rule: MergedDestinationRule | null,
  port: number,
  subset: string,
): ClientTLSSettings['mode'] | null {
  if (!rule) return null
  if (subset === '') return tlsModeAt(rule.spec.trafficPolicy, port)
  const found = subsetOf(rule.spec, subset)
  if (!found) return null
  return tlsModeAt(found.trafficPolicy, port) ?? tlsModeAt(rule.spec.trafficPolicy, port)
}
