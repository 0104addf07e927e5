// Pods, Deployments and Services: users that collide with the proxy's, ports that collide, names that say no protocol
// (istio: pkg/config/analysis/analyzers/{deployment,service,multicluster}).

import { isObject } from '../../resources/fields.ts'
import type { K8sService, PodController, PodSpec } from '../../resources/kubernetes/kinds.ts'
import type { Loose } from '../../resources/loose.ts'
import { kubernetesProtocol } from '../../resources/protocol.ts'
import { type AnalysisContext, type Analyzer, type Instance, KIND } from '../context.ts'
import { deploymentInMesh, isControlPlane, PROXY_CONTAINER } from '../in-mesh.ts'

/** The user that the sidecar runs as, whose traffic is not captured. */
const PROXY_UID = 1337
const MANAGED = 'gateway.istio.io/managed'
const OWN_CONTAINERS: readonly (string | undefined)[] = [PROXY_CONTAINER, 'istio-operator']

const runsAsProxy = (context: unknown): boolean => isObject(context) && context['runAsUser'] === PROXY_UID

function reportUsers(context: AnalysisContext, instance: Instance, spec: Loose<PodSpec>): void {
  if (isControlPlane(instance)) return
  if (runsAsProxy(spec['securityContext'])) context.report(instance, 'IST0144', null)
  for (const container of spec.containers ?? []) {
    if (OWN_CONTAINERS.includes(container.name) || !runsAsProxy(container.securityContext)) continue
    context.report(instance, 'IST0144', null)
  }
}

const users: Analyzer = {
  name: 'applicationUID.Analyzer',
  description: 'Checks invalid application UID',
  needsCluster: true,
  analyze(context) {
    for (const pod of context.all(KIND.pod)) reportUsers(context, pod, pod.spec<PodSpec>())
    for (const deployment of context.all(KIND.deployment)) {
      reportUsers(context, deployment, deployment.spec<PodController>().template?.spec ?? {})
    }
  },
}

const ascending = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

function reportPorts(context: AnalysisContext, deployment: Instance): void {
  const protocols = new Map<number, Map<string, string[]>>()
  const targets = new Map<string, Map<number, string>>()
  const labels = deployment.spec<PodController>().template?.metadata?.labels ?? {}
  for (const service of context.servicesOf(deployment.namespace, labels)) {
    for (const { port = 0, protocol = 'TCP', targetPort } of service.spec<K8sService>().ports ?? []) {
      const byProtocol = protocols.get(port) ?? new Map<string, string[]>()
      protocols.set(port, byProtocol)
      byProtocol.set(protocol, [...(byProtocol.get(protocol) ?? []), service.fullName])
      const target = targetPort === undefined || String(targetPort) === '0' ? String(port) : String(targetPort)
      const byPort = targets.get(target) ?? new Map<number, string>()
      targets.set(target, byPort)
      byPort.set(port, service.fullName)
    }
  }
  const path = ['metadata', 'name']
  for (const [port, byProtocol] of protocols) {
    if (byProtocol.size < 2) continue
    const services = [...byProtocol.values()].flat().sort(ascending)
    context.report(deployment, 'IST0116', path, deployment.name, port, services)
  }
  for (const [target, byPort] of targets) {
    if (byPort.size < 2) continue
    const services = [...byPort.values()].sort(ascending)
    const ports = [...byPort.keys()].sort((left, right) => left - right)
    context.report(deployment, 'IST0137', path, deployment.name, services, target, ports)
  }
}

const associations: Analyzer = {
  name: 'deployment.MultiServiceAnalyzer',
  description: 'Checks association between services and pods',
  needsCluster: true,
  analyze(context) {
    for (const deployment of context.all(KIND.deployment)) {
      const waypoint = deployment.labels[MANAGED] === 'istio.io-mesh-controller'
      if (!waypoint && deploymentInMesh(deployment, context)) reportPorts(context, deployment)
    }
  },
}

const GATEWAY_CONTROLLERS: readonly (string | undefined)[] = [
  'istio.io-gateway-controller',
  'istio.io-mesh-controller',
  'istio.io-eastwest-controller',
]

const portNames: Analyzer = {
  name: 'service.PortNameAnalyzer',
  description: 'Checks the port names associated with each service',
  needsCluster: true,
  analyze(context) {
    for (const service of context.all(KIND.service)) {
      if (isControlPlane(service) || GATEWAY_CONTROLLERS.includes(service.labels[MANAGED])) continue
      const spec = service.spec<K8sService>()
      const external = spec.type === 'ExternalName'
      for (const [i, { port = 0, name = '', protocol, appProtocol, targetPort }] of (spec.ports ?? []).entries()) {
        const unsupported = kubernetesProtocol(port, name, protocol, appProtocol) === 'Unsupported'
        if (!unsupported && !(external && name === 'tcp')) continue
        const path = ['spec', 'ports', i, 'port']
        if (external) context.report(service, 'IST0150', path)
        else context.report(service, 'IST0118', path, name, port, String(targetPort ?? 0))
      }
    }
  },
}

const portsText = (spec: Loose<K8sService>): string =>
  JSON.stringify(
    (spec.ports ?? [])
      .map(({ name = '', port, protocol, targetPort }) => [name, port, protocol, targetPort])
      .sort((left, right) => ascending(String(left[0]), String(right[0]))),
  )

const acrossClusters: Analyzer = {
  name: 'services.MultiClusterServiceAnalyzer',
  description: 'Check the validity of services in the multi-cluster environment',
  needsCluster: true,
  analyze(context) {
    const byName = new Map<string, Instance[]>()
    for (const service of context.all(KIND.service)) {
      if (service.cluster === '') continue
      byName.set(service.fullName, [...(byName.get(service.fullName) ?? []), service])
    }
    for (const services of byName.values()) {
      const [first] = services
      if (first === undefined || services.length < 2) continue
      const spec = first.spec<K8sService>()
      const reasons = new Set<string>()
      const clusters = new Set<string>()
      for (const other of services) {
        const rival = other.spec<K8sService>()
        if ((spec.clusterIP === 'None') !== (rival.clusterIP === 'None')) {
          reasons.add('service has mixed mode like headless and clusterIP')
          for (const each of services) clusters.add(each.cluster)
        }
        if ((spec.type ?? '') !== (rival.type ?? '')) {
          reasons.add('service type is inconsistent')
          clusters.add(other.cluster)
        }
        if (portsText(spec) !== portsText(rival)) {
          reasons.add('service ports are inconsistent')
          clusters.add(other.cluster)
        }
      }
      if (reasons.size === 0) continue
      clusters.add(first.cluster)
      const text = [...reasons].sort(ascending).join('; ')
      context.report(first, 'IST0170', null, first.name, first.namespace, [...clusters].sort(ascending), text)
    }
  },
}

export const workloadAnalyzers = [users, associations, portNames, acrossClusters]
