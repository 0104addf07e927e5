// Annotations of Istio on Kubernetes' objects: known, in place, readable
// (istio: pkg/config/analysis/analyzers/{annotations,maturity}, pkg/kube/inject/validate.go).
import { parseDocuments } from '../../documents/index.ts'
import type { PodSpec } from '../../resources/kubernetes/kinds.ts'
import { isSubnet } from '../../validation/hosts.ts'
import { annotationRules } from '../annotation-rules.ts'
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

const unsigned = (value: string, bits: number): boolean => /^\d+$/.test(value) && Number(value) < 2 ** bits

function portsProblem(value: string): string | null {
  if (value === '') return null
  const bad = value.split(',').find(port => !unsigned(port, 16))
  return bad === undefined ? null : `portList: invalid port "${bad}"`
}

function rangesProblem(value: string): string | null {
  if (value === '') return null
  const bad = value.split(',').find(range => !range.includes('/') || !isSubnet(range.trim()))
  return bad === undefined ? null : `failed parsing cidr '${bad}': invalid CIDR address: ${bad}`
}

const numberProblem = (value: string): string | null =>
  unsigned(value, 32) ? null : `strconv.ParseUint: parsing "${value}": invalid syntax`

const quantityProblem = (value: string): string | null =>
  /^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.test(value)
    ? null
    : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const boolProblem = (value: string): string | null =>
  /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)
    ? null
    : `strconv.ParseBool: parsing "${value}": invalid syntax`

function interfacesProblem(value: string): string | null {
  const bad = value.split(',').find(name => name.trim() === '' && value !== '')
  return bad === undefined ? null : `invalid interface name "${bad}"`
}

function proxyConfigProblem(value: string): string | null {
  const { documents, diagnostics } = parseDocuments('proxy.istio.io/config', value)
  const found = diagnostics[0]?.message
  if (found !== undefined) return `failed to convert to apply proxy config: ${found}`
  const config = documents[0]?.value
  const good = config === undefined || (typeof config === 'object' && !Array.isArray(config))
  return good ? null : 'failed to convert to apply proxy config: no mapping'
}

const ipRanges = (value: string): string | null => (value === '*' ? null : rangesProblem(value))
const inboundPorts = (value: string): string | null => (value === '*' ? null : portsProblem(value))

const CHECKS: ReadonlyMap<string, (value: string) => string | null> = new Map([
  [
    'sidecar.istio.io/interceptionMode',
    value =>
      ['REDIRECT', 'TPROXY', 'NONE'].includes(value)
        ? null
        : `interceptionMode invalid, use REDIRECT,TPROXY,NONE: ${value}`,
  ],
  ['status.sidecar.istio.io/port', value => (unsigned(value, 16) ? null : `port number ${value} is no port`)],
  ['readiness.status.sidecar.istio.io/initialDelaySeconds', numberProblem],
  ['readiness.status.sidecar.istio.io/periodSeconds', numberProblem],
  ['readiness.status.sidecar.istio.io/failureThreshold', numberProblem],
  ['traffic.sidecar.istio.io/includeOutboundIPRanges', ipRanges],
  ['traffic.sidecar.istio.io/excludeOutboundIPRanges', rangesProblem],
  ['traffic.sidecar.istio.io/includeInboundPorts', inboundPorts],
  ['traffic.sidecar.istio.io/excludeInboundPorts', portsProblem],
  ['traffic.sidecar.istio.io/excludeOutboundPorts', portsProblem],
  ['traffic.sidecar.istio.io/excludeInterfaces', interfacesProblem],
  ['traffic.sidecar.istio.io/kubevirtInterfaces', interfacesProblem],
  ['istio.io/reroute-virtual-interfaces', interfacesProblem],
  ['prometheus.istio.io/merge-metrics', boolProblem],
  ['proxy.istio.io/config', proxyConfigProblem],
  ['sidecar.istio.io/proxyCPU', quantityProblem],
  ['sidecar.istio.io/proxyMemory', quantityProblem],
  ['sidecar.istio.io/proxyCPULimit', quantityProblem],
  ['sidecar.istio.io/proxyMemoryLimit', quantityProblem],
])

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
  const problem = CHECKS.get(name)?.(value) ?? null
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
