// Annotations of Istio on Kubernetes' objects: known, in place, readable
// (istio: pkg/config/analysis/analyzers/{annotations,maturity}, pkg/kube/inject/validate.go).
import type { PodSpec } from '../../resources/kubernetes/kinds.ts'
import { annotationRules } from '../annotation-rules.ts'
import { annotationChecks } from '../annotation-values.ts'
import { type Analyzer, type Instance, KIND } from '../context.ts'

const KINDS = [KIND.namespace, KIND.service, KIND.pod, KIND.deployment]
const INJECT = 'sidecar.istio.io/inject'

/** Set by Istio itself. */
const IGNORED = new Set(['sidecar.istio.io/status', 'gateway.istio.io/controller-version', 'istio.io/rev'])

/** Set by Istio's CNI plugin, which a pod without istio-init uses. */
const WITH_CNI = new Set([
  'sidecar.istio.io/interceptionMode',
  'traffic.sidecar.istio.io/includeInboundPorts',
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/includeOutboundIPRanges',
])

const isIstios = (name: string): boolean =>
  name === 'kubernetes.io/ingress.class' || (name.split('/')[0] ?? '').endsWith('istio.io')

type Report = (code: string, ...values: string[]) => void

function judge(instance: Instance, name: string, value: string, report: Report): void {
  const rule = annotationRules.get(name)
  if (rule === undefined) {
    report('IST0108', name)
    return
  }
  if (rule.deprecated && !(name === INJECT && instance.labels[INJECT] !== undefined)) {
    report('IST0135', name, name === INJECT ? ` in favor of the "${INJECT}" label` : '')
  }
  if (rule.resources.includes('Any')) return
  if (!rule.resources.includes(instance.resource.kind)) {
    report('IST0107', name, rule.resources.join(', '))
    return
  }
  const problem = annotationChecks.get(name)?.(value, instance) ?? null
  if (problem !== null) report('IST0125', name, problem)
}

const placed: Analyzer = {
  name: 'annotations.K8sAnalyzer',
  description: 'Checks for misplaced and invalid Istio annotations in Kubernetes resources',
  needsCluster: true,
  analyze(context) {
    for (const instance of KINDS.flatMap(kind => context.all(kind))) {
      const report: Report = (code, ...values) => context.report(instance, code, null, ...values)
      for (const [name, value] of Object.entries(instance.annotations)) {
        if (isIstios(name) && !IGNORED.has(name)) judge(instance, name, value, report)
      }
    }
  },
}

/** Not among those that `analyze` runs. */
export const alphaAnnotations: Analyzer = {
  name: 'annotations.AlphaAnalyzer',
  description: 'Checks for alpha Istio annotations in Kubernetes resources',
  needsCluster: true,
  analyze(context) {
    for (const instance of KINDS.flatMap(kind => context.all(kind))) {
      const inits = instance.key === KIND.pod ? (instance.spec<PodSpec>().initContainers ?? []) : null
      const cni = inits !== null && !inits.some(container => container.name === 'istio-init')
      for (const name of Object.keys(instance.annotations)) {
        const quiet = IGNORED.has(name) || (cni && WITH_CNI.has(name))
        if (isIstios(name) && !quiet && annotationRules.get(name)?.alpha === true) {
          context.report(instance, 'IST0136', null, name)
        }
      }
    }
  },
}

export const annotationAnalyzers = [placed]
