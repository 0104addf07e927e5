// Policies that select workloads: Sidecar, Telemetry, AuthorizationPolicy, RequestAuthentication, WasmPlugin
// (istio: pkg/config/analysis/analyzers/{sidecar,telemetry,authz,authn,k8sgateway}).
import { isObject } from '../../resources/fields.ts'
import type { PodController } from '../../resources/kubernetes/kinds.ts'
import type { Sidecar } from '../../resources/networking/sidecar.ts'
import type { AuthorizationPolicy } from '../../resources/security/authorization-policy.ts'
import type { Telemetry } from '../../resources/telemetry/telemetry.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'
import { namespaceInAmbient, podInAmbient, podInMesh } from '../in-mesh.ts'
import { firstKey, selectorText } from '../selectors.ts'

type Labels = Readonly<Record<string, string | undefined>>

const names = (instances: readonly Instance[]): string[] =>
  instances.map(instance => instance.name).sort((left, right) => (left < right ? -1 : 1))

function append<Key>(map: Map<Key, Instance[]>, key: Key, instance: Instance): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [instance])
  else list.push(instance)
}

/** Pods with the policies that select them; a policy that selects none is reported. */
function selectedPods(
  context: AnalysisContext,
  policies: readonly { policy: Instance; labels: Labels; path: readonly string[] }[],
): Map<Instance, Instance[]> {
  const selected = new Map<Instance, Instance[]>()
  for (const { policy, labels, path } of policies) {
    const pods = context.pods(policy.namespace, labels)
    for (const pod of pods) append(selected, pod, policy)
    const text = selectorText(labels)
    if (pods.length === 0) context.report(policy, 'IST0101', [...path, firstKey(text)], 'selector', text)
  }
  return selected
}

const sidecars: Analyzer = {
  name: 'sidecar.SelectorAnalyzer',
  description:
    "Validates that sidecars that define a workload selector match at least one pod, and that there aren't multiple sidecar resources that select overlapping pods",
  needsCluster: true,
  analyze(context) {
    const withSelector: { policy: Instance; labels: Labels; path: readonly string[] }[] = []
    const byNamespace = new Map<string, Instance[]>()
    for (const policy of context.all(KIND.sidecar)) {
      const labels = policy.spec<Sidecar>().workloadSelector?.labels ?? {}
      if (Object.keys(labels).length === 0) append(byNamespace, policy.namespace, policy)
      else withSelector.push({ policy, labels, path: ['spec', 'workloadSelector', 'labels'] })
    }
    const ineffective = new Set<Instance>()
    const warnOnce = (policy: Instance, reason: string): void => {
      if (ineffective.has(policy)) return
      ineffective.add(policy)
      context.report(policy, 'IST0167', null, reason)
    }
    for (const [pod, policies] of selectedPods(context, withSelector)) {
      for (const policy of policies) {
        if (podInAmbient(pod)) warnOnce(policy, 'selected workload is in ambient mode, the policy has no impact')
        else if (policies.length > 1) {
          context.report(policy, 'IST0110', ['metadata', 'name'], names(policies), pod.namespace, pod.name)
        }
      }
    }
    for (const [namespace, policies] of byNamespace) {
      const ambient = namespaceInAmbient(context.find(KIND.namespace, '', namespace))
      for (const policy of policies) {
        if (ambient) warnOnce(policy, 'namespace is in ambient mode, the policy has no impact')
        else if (policies.length > 1) context.report(policy, 'IST0111', null, names(policies), namespace)
      }
    }
  },
}

const telemetrySelectors: Analyzer = {
  name: 'telemetry.SelectorAnalyzer',
  description:
    "Validates that telemetries that define a selector match at least one pod, and that there aren't multiple telemetry resources that select overlapping pods",
  needsCluster: true,
  analyze(context) {
    const policies = context.all(KIND.telemetry).flatMap(policy => {
      const labels = policy.spec<Telemetry>().selector?.matchLabels ?? {}
      const path = ['spec', 'selector', 'matchLabels']
      return Object.keys(labels).length === 0 ? [] : [{ policy, labels, path }]
    })
    for (const [pod, rivals] of selectedPods(context, policies)) {
      if (rivals.length < 2) continue
      for (const policy of rivals) {
        context.report(policy, 'IST0159', ['metadata', 'name'], names(rivals), pod.namespace, pod.name)
      }
    }
  },
}

const telemetryDefaults: Analyzer = {
  name: 'telemetry.DefaultSelectorAnalyzer',
  description: "Validates that there aren't multiple telemetry resources that have no selector",
  needsCluster: false,
  analyze(context) {
    const byNamespace = new Map<string, Instance[]>()
    for (const policy of context.all(KIND.telemetry)) {
      if (policy.spec<Telemetry>().selector === undefined) append(byNamespace, policy.namespace, policy)
    }
    for (const [namespace, policies] of byNamespace) {
      if (policies.length < 2) continue
      for (const policy of policies) context.report(policy, 'IST0160', null, names(policies), namespace)
    }
  },
}

const telemetryProviders: Analyzer = {
  name: 'telemetry.ProviderAnalyzer',
  description: 'Validates that providers in telemetry resource is valid',
  needsCluster: false,
  analyze(context) {
    const defaults: unknown = context.meshConfig['defaultProviders']
    const logging = isObject(defaults) ? defaults['accessLogging'] : undefined
    if (Array.isArray(logging) && logging.length > 0) return
    for (const policy of context.all(KIND.telemetry)) {
      for (const entry of policy.spec<Telemetry>().accessLogging ?? []) {
        if (entry.disabled === true || (entry.providers ?? []).length > 0) continue
        context.report(policy, 'IST0157', null, policy.name, policy.namespace)
      }
    }
  },
}

const lightstep: Analyzer = {
  name: 'telemetry.LightstepAnalyzer',
  description: 'Validates that lightstep provider is still used',
  needsCluster: false,
  analyze(context) {
    const old = new Set(
      context.meshConfig.extensionProviders?.filter(item => item['lightstep'] !== undefined).map(item => item.name),
    )
    for (const policy of context.all(KIND.telemetry)) {
      for (const { name = '' } of (policy.spec<Telemetry>().tracing ?? []).flatMap(item => item.providers ?? [])) {
        if (!old.has(name)) continue
        const detail = `The Lightstep provider ${name} is deprecated, please migrate to OpenTelemetry provider.`
        context.report(policy, 'IST0002', null, detail)
      }
    }
  },
}

/** Of patterns with a star; other names are compared without regard to case. */
function namespaceMatches(namespace: string, pattern: string): boolean {
  if (pattern.startsWith('*')) return namespace.endsWith(pattern.slice(1))
  return pattern.endsWith('*') && namespace.startsWith(pattern.slice(0, -1))
}

const authorization: Analyzer = {
  name: 'auth.AuthorizationPoliciesAnalyzer',
  description: 'Checks the validity of authorization policies',
  needsCluster: true,
  analyze(context) {
    const pods = new Set(context.all(KIND.pod).filter(pod => podInMesh(pod, context) || podInAmbient(pod)))
    const known = new Set(context.all(KIND.namespace).map(item => item.fullName.toLowerCase()))
    const exists = (pattern: string): boolean =>
      known.has(pattern.toLowerCase()) ||
      (pattern.includes('*') && context.all(KIND.namespace).some(item => namespaceMatches(item.fullName, pattern)))
    for (const policy of context.all(KIND.authorizationPolicy)) {
      const spec = policy.spec<AuthorizationPolicy>()
      const meshWide = policy.namespace === (context.meshConfig.rootNamespace ?? 'istio-system')
      const selected = context.pods(meshWide ? null : policy.namespace, spec.selector?.matchLabels)
      const judged = !meshWide || spec.selector !== undefined
      if (judged && !selected.some(pod => pods.has(pod))) {
        context.report(policy, 'IST0127', null, selectorText(spec.selector?.matchLabels))
      }
      for (const [i, rule] of (spec.rules ?? []).entries()) {
        for (const [j, from] of (rule.from ?? []).entries()) {
          const { namespaces = [], notNamespaces = [] } = from.source ?? {}
          for (const [k, pattern] of [...namespaces, ...notNamespaces].entries()) {
            if (exists(pattern)) continue
            const index = k < namespaces.length ? k : k - namespaces.length
            const path = ['spec', 'rules', i, 'from', j, 'source', 'namespaces', index]
            context.report(policy, 'IST0101', path, 'namespace', pattern)
          }
        }
      }
    }
  },
}

const blockedCidrs: Analyzer = {
  name: 'authn.BlockedCIDRsAnalyzer',
  description:
    'Checks that BLOCKED_CIDRS_IN_JWKS_URIS is configured on istiod when RequestAuthentication resources exist',
  needsCluster: false,
  analyze(context) {
    const policies = context.all(KIND.requestAuthentication).map(policy => policy.fullName)
    if (policies.length === 0) return
    const shown = policies.slice(0, 5).join(', ')
    const text = policies.length <= 5 ? shown : `${shown}, and ${policies.length - 5} more`
    for (const deployment of context.all(KIND.deployment)) {
      if (deployment.labels['app'] !== 'istiod') continue
      const containers = deployment.spec<PodController>().template?.spec?.containers ?? []
      const set = containers.some(container =>
        (container.env ?? []).some(item => item.name === 'BLOCKED_CIDRS_IN_JWKS_URIS' && Boolean(item.value)),
      )
      if (!set) context.report(deployment, 'IST0175', null, policies.length, text)
    }
  },
}

const gatewaySelectors: Analyzer = {
  name: 'k8sgateway.SelectorAnalyzer',
  description: 'Check that selectors are effective for Kubernetes gateway',
  needsCluster: true,
  analyze(context) {
    const label = 'gateway.networking.k8s.io/gateway-name'
    const kinds = [KIND.authorizationPolicy, KIND.requestAuthentication, KIND.telemetry, KIND.wasmPlugin]
    for (const policy of kinds.flatMap(kind => context.all(kind))) {
      const { selector, targetRef } = policy.spec<AuthorizationPolicy>()
      if (selector === undefined || targetRef !== undefined) continue
      for (const pod of context.pods(policy.namespace, selector.matchLabels)) {
        if (pod.labels[label] === undefined) continue
        context.report(policy, 'IST0166', null, pod.labels[label] ?? '')
      }
    }
  },
}

export const policyAnalyzers = [
  authorization,
  blockedCidrs,
  gatewaySelectors,
  sidecars,
  telemetryDefaults,
  lightstep,
  telemetryProviders,
  telemetrySelectors,
]
