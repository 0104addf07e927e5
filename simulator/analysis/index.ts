// The door: what `istioctl analyze` says about a set of resources.
import { loadResources } from '../resources/load.ts'
import { defaultMeshConfig, type MeshConfig } from '../resources/mesh-config.ts'
import { suppresses } from '../resources/suppression.ts'
import type { Resource } from '../resources/types.ts'
import { alphaAnnotations, annotationAnalyzers } from './analyzers/annotations.ts'
import { clusterAnalyzers } from './analyzers/cluster.ts'
import { destinationRuleAnalyzers } from './analyzers/destination-rule.ts'
import { envoyFilterAnalyzers } from './analyzers/envoy-filter.ts'
import { gatewayAnalyzers } from './analyzers/gateway.ts'
import { injectionAnalyzers } from './analyzers/injection.ts'
import { policyAnalyzers } from './analyzers/policies.ts'
import { schemaAnalyzers } from './analyzers/schema.ts'
import { serviceEntryAnalyzers } from './analyzers/service-entry.ts'
import { virtualServiceAnalyzers } from './analyzers/virtual-service.ts'
import { workloadAnalyzers } from './analyzers/workloads.ts'
import { AnalysisContext, type Analyzer, type Finding, Instance, KIND } from './context.ts'

export type { Analyzer, Finding } from './context.ts'
export { messageTypes } from './message-types.ts'

/** All that `analyze` runs, by name. */
export const analyzers: readonly Analyzer[] = [
  ...annotationAnalyzers,
  ...clusterAnalyzers,
  ...destinationRuleAnalyzers,
  ...envoyFilterAnalyzers,
  ...gatewayAnalyzers,
  ...injectionAnalyzers,
  ...policyAnalyzers,
  ...schemaAnalyzers,
  ...serviceEntryAnalyzers,
  ...virtualServiceAnalyzers,
  ...workloadAnalyzers,
].sort((left, right) => (left.name < right.name ? -1 : 1))

/** Analyzers that run only when asked for by name. */
export const extraAnalyzers: readonly Analyzer[] = [alphaAnnotations]

export interface AnalysisOptions {
  meshConfig?: MeshConfig
  /** The MeshNetworks document, loaded as a resource of any kind; its spec is the message. */
  meshNetworks?: Resource | null
  /** The files are all there is: Services, Pods, Namespaces and the like are not looked at. */
  filesOnly?: boolean
  /** Seconds since the epoch, to judge certificates by; without it none has expired. */
  now?: number
  /** Report on resources of this namespace and on those of none; every namespace unless told. */
  namespace?: string
  /** Names of the analyzers to run; all but the extra ones unless told. */
  only?: readonly string[]
}

/** Namespaces whose objects are never looked at (istio: pkg/kube/inject IgnoredNamespaces). */
const IGNORED = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'])

/** Kinds that a cluster holds by itself and that are left out when only files are analysed. */
const CLUSTER_KINDS: ReadonlySet<string> = new Set([
  KIND.configMap,
  KIND.deployment,
  KIND.namespace,
  KIND.node,
  KIND.pod,
  KIND.secret,
  KIND.service,
])

/** The ingress gateway that analysis takes for granted. */
const INGRESS = `
apiVersion: v1
kind: Pod
metadata: {name: istio-ingressgateway-dummypod, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy}]}
---
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  ports:
  - {name: http2, port: 80, protocol: TCP, targetPort: 80}
  - {name: https, port: 443, protocol: TCP, targetPort: 443}
  - {name: tcp, port: 31400, protocol: TCP, targetPort: 31400}
  - {name: tls, port: 15443, protocol: TCP, targetPort: 15443}
`

const RANK = { error: 0, warning: 1, info: 2 }

function compare(left: Finding, right: Finding): number {
  if (left.level !== right.level) return RANK[left.level] - RANK[right.level]
  const key = (finding: Finding): string =>
    [
      finding.code,
      finding.resource,
      finding.at?.file ?? '',
      String(finding.line).padStart(9, '0'),
      finding.message,
    ].join('\0')
  const [a, b] = [key(left), key(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

/** A later object replaces an earlier one of its kind and name. */
function instancesOf(clusters: readonly Cluster[], filesOnly: boolean): Instance[] {
  const instances = new Map<string, Instance>()
  const ingress = filesOnly ? [] : loadResources([{ name: 'istio-ingressgateway', content: INGRESS }]).resources
  for (const [i, { name, resources }] of clusters.entries()) {
    for (const resource of i === 0 ? [...ingress, ...resources] : resources) {
      const instance = new Instance(resource, name)
      const home = instance.key === KIND.namespace ? instance.name : instance.namespace
      if (IGNORED.has(home) || (filesOnly && CLUSTER_KINDS.has(instance.key))) continue
      instances.set(`${name}/${instance.key}/${instance.fullName}`, instance)
    }
  }
  return [...instances.values()]
}

export interface Cluster {
  /** '' when there is but one. */
  name: string
  /** Accepted resources and those that only the schema refuses (LoadResult.refused). */
  resources: readonly Resource[]
}

/** Findings sorted as istioctl sorts them, duplicates left out. */
export function analyze(clusters: readonly Cluster[], options: AnalysisOptions = {}): Finding[] {
  const filesOnly = options.filesOnly ?? false
  const instances = instancesOf(clusters, filesOnly)
  const context = new AnalysisContext(instances, {
    meshConfig: options.meshConfig ?? defaultMeshConfig(),
    meshNetworks: options.meshNetworks ?? null,
    now: options.now ?? 0,
  })
  const wanted = options.only
  const chosen = wanted === undefined ? analyzers : [...analyzers, ...extraAnalyzers]
  for (const analyzer of chosen) {
    if (wanted !== undefined && !wanted.includes(analyzer.name)) continue
    if (filesOnly && analyzer.needsCluster) continue
    context.enter(analyzer.name)
    analyzer.analyze(context)
  }
  const byName = new Map(instances.map(({ resource, fullName }) => [`${resource.kind} ${fullName}`, resource]))
  const kept = context.findings.filter(finding => {
    const resource = byName.get(finding.resource)
    const home = resource?.metadata.namespace ?? ''
    const elsewhere = options.namespace !== undefined && home !== '' && home !== options.namespace
    return !elsewhere && !suppresses(resource, finding.code)
  })
  const seen = new Set<string>()
  return kept.sort(compare).filter(finding => {
    const text = `${finding.code} ${finding.resource} ${finding.at?.file ?? ''}:${finding.line} ${finding.message}`
    return !seen.has(text) && Boolean(seen.add(text))
  })
}
