// DestinationRules: certificates to verify servers with, and subsets that select pods
// (istio: pkg/config/analysis/analyzers/destinationrule).
import type { PodSpec } from '../../resources/kubernetes/kinds.ts'
import { LabelIndex } from '../../resources/label-index.ts'
import type { DestinationRule } from '../../resources/networking/destination-rule.ts'
import { type Analyzer, type Instance, KIND } from '../context.ts'
import { findHost, indexHosts } from '../hosts.ts'

const VERIFIABLE: readonly (string | undefined)[] = ['SIMPLE', 'MUTUAL']

const caCertificates: Analyzer = {
  name: 'destinationrule.CaCertificateAnalyzer',
  description: 'Checks if caCertificates is set when TLS mode is SIMPLE/MUTUAL',
  needsCluster: false,
  analyze(context) {
    for (const instance of context.all(KIND.destinationRule)) {
      const spec = instance.spec<DestinationRule>()
      const unverified = (tls: { mode?: string; caCertificates?: string; credentialName?: string }): boolean =>
        VERIFIABLE.includes(tls.mode) && !tls.caCertificates && !(tls.credentialName && spec.workloadSelector)
      const { host = '' } = spec
      const tls = spec.trafficPolicy?.tls
      if (tls !== undefined && unverified(tls as object)) {
        const path = ['spec', 'trafficPolicy', 'tls', 'caCertificates']
        context.report(instance, 'IST0128', path, instance.fullName, instance.namespace, tls.mode ?? '', host)
      }
      for (const [i, port] of (spec.trafficPolicy?.portLevelSettings ?? []).entries()) {
        if (port.tls === undefined || !unverified(port.tls as object)) continue
        const path = ['spec', 'trafficPolicy', 'portLevelSettings', i, 'tls', 'caCertificates']
        // Go prints an absent port so
        const number = port.port === undefined ? '<nil>' : `number:${port.port.number ?? 0}`
        const mode = port.tls.mode ?? ''
        context.report(instance, 'IST0129', path, instance.fullName, instance.namespace, mode, host, number)
      }
    }
  },
}

/** Labels of a pod with those that istiod adds from its node (pkg/kube/labels AugmentLabels). */
function augmented(pod: Instance, nodes: ReadonlyMap<string, Instance>): Record<string, string> {
  const nodeName = pod.spec<PodSpec>().nodeName ?? ''
  const node = nodes.get(nodeName)?.labels ?? {}
  const region = node['topology.kubernetes.io/region'] ?? ''
  const zone = node['topology.kubernetes.io/zone'] ?? ''
  const subzone = node['topology.istio.io/subzone'] ?? ''
  const labels: Record<string, string> = { ...pod.labels }
  if (region !== '') labels['topology.kubernetes.io/region'] = region
  if (zone !== '') labels['topology.kubernetes.io/zone'] = zone
  if (zone !== '' && subzone !== '') labels['topology.istio.io/subzone'] = subzone
  if (nodeName !== '') labels['kubernetes.io/hostname'] = nodeName
  return labels
}

const subsets: Analyzer = {
  name: 'destinationrule.SubsetSelectPodAnalyzer',
  description: 'Checks if pods are selected by subsets in destination rules.',
  needsCluster: true,
  analyze(context) {
    const hosts = indexHosts(context)
    const nodes = new Map(context.all(KIND.node).map(node => [node.name, node]))
    const pods = new LabelIndex(
      context.all(KIND.pod).map(pod => ({ namespace: pod.namespace, labels: augmented(pod, nodes) })),
    )
    for (const instance of context.all(KIND.destinationRule)) {
      const spec = instance.spec<DestinationRule>()
      const known = findHost(hosts, instance.namespace, spec.exportTo, spec.host ?? '')
      if (known === null) {
        context.report(instance, 'IST0174', null, spec.host ?? '')
        continue
      }
      const byName = new Map((spec.subsets ?? []).map(subset => [subset.name ?? '', subset]))
      for (const [name, subset] of byName) {
        const labels = { ...known.workloadLabels, ...subset.labels }
        if (!pods.chooses(null, labels)) context.report(instance, 'IST0173', null, name)
      }
    }
  },
}

export const destinationRuleAnalyzers = [caCertificates, subsets]
