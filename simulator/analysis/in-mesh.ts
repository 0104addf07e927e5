// Which pods have a sidecar (istio: pkg/config/analysis/analyzers/util/in_mesh.go).
import type { PodController, PodSpec } from '../resources/kubernetes/kinds.ts'
import type { Loose } from '../resources/loose.ts'
import { type AnalysisContext, type Instance, KIND } from './context.ts'

type Labels = Readonly<Record<string, string | undefined>>

export const PROXY_CONTAINER = 'istio-proxy'
const INJECT = 'sidecar.istio.io/inject'

/** Containers, the init containers after them. */
export function containersOf(spec: Loose<PodSpec>) {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
}

function inMesh(
  context: AnalysisContext,
  namespace: string,
  labels: Labels,
  annotations: Labels,
  containers: readonly { name?: string | undefined; image?: string | undefined }[],
): boolean {
  const proxy = containers.find(container => container.name === PROXY_CONTAINER)
  if ((proxy?.image ?? '') !== '') return true
  const own = labels[INJECT] ?? annotations[INJECT]
  if (own !== undefined) return own === 'true'
  return context.find(KIND.namespace, '', namespace)?.labels['istio-injection'] === 'enabled'
}

export function podInMesh(pod: Instance, context: AnalysisContext): boolean {
  return inMesh(context, pod.namespace, pod.labels, pod.annotations, containersOf(pod.spec<PodSpec>()))
}

export function deploymentInMesh(deployment: Instance, context: AnalysisContext): boolean {
  const template = deployment.spec<PodController>().template
  const { labels, annotations } = template?.metadata ?? {}
  return inMesh(context, deployment.namespace, labels ?? {}, annotations ?? {}, template?.spec?.containers ?? [])
}

export const podInAmbient = (pod: Instance | undefined): boolean =>
  pod?.annotations['ambient.istio.io/redirection'] === 'enabled'

export function namespaceInAmbient(namespace: Instance | undefined): boolean {
  if (namespace === undefined || namespace.labels['istio-injection'] === 'enabled') return false
  if ((namespace.labels['istio.io/rev'] ?? '') !== '') return false
  return namespace.labels['istio.io/dataplane-mode'] === 'ambient'
}

/** istiod, its gateways and what else its charts label as Istio's own. */
export const isControlPlane = (instance: Instance): boolean =>
  instance.labels['istio'] !== undefined || instance.labels['release'] === 'istio'
