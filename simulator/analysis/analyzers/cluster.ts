// The rest: conditions in statuses, what is deprecated, versions of CRDs, mesh networks
// (istio: pkg/config/analysis/analyzers/{conditions,deprecation,k8sgateway,multicluster}).
import { fields, isObject, list } from '../../resources/fields.ts'
import type { Secret } from '../../resources/kubernetes/kinds.ts'
import type { Sidecar } from '../../resources/networking/sidecar.ts'
import type { VirtualService } from '../../resources/networking/virtual-service.ts'
import { type Analyzer, type Instance, KIND } from '../context.ts'

const WAYPOINT = ['istio.io/WaypointBound']
const PROGRAMMED = ['Accepted', 'Programmed', 'ResolvedRefs']
const NEGATIVE: readonly [kind: string, types: readonly string[]][] = [
  [KIND.service, WAYPOINT],
  [KIND.serviceEntry, WAYPOINT],
  [KIND.workloadEntry, WAYPOINT],
  [KIND.authorizationPolicy, ['ZtunnelAccepted', 'WaypointAccepted']],
  [KIND.kubernetesGateway, PROGRAMMED],
  [KIND.httpRoute, PROGRAMMED],
  [KIND.grpcRoute, PROGRAMMED],
]

/** Conditions of a status, of routes those of every parent. */
function conditionsOf({ resource }: Instance): Record<string, unknown>[] {
  const status = fields(resource.status)
  const parents = list(status['parents']).flatMap(parent => list(fields(parent)['conditions']))
  return [...list(status['conditions']), ...parents].filter(isObject)
}

const conditions: Analyzer = {
  name: 'conditions.ConditionAnalyzer',
  description: 'Checks for negative status conditions on resources',
  needsCluster: true,
  analyze(context) {
    for (const [kind, types] of NEGATIVE) {
      for (const instance of context.all(kind)) {
        for (const condition of conditionsOf(instance)) {
          const [type, reason, message] = ['type', 'reason', 'message'].map(key => String(condition[key] ?? ''))
          const negative = condition['status'] === 'False' && types.includes(type ?? '')
          const partial = type === 'WaypointAccepted' && reason === 'PartiallyInvalid'
          const report = (): void => context.report(instance, 'IST0171', null, type ?? '', reason ?? '', message ?? '')
          if (negative) report()
          if (partial && kind === KIND.authorizationPolicy) report()
        }
      }
    }
  },
}

const REMOVED_KINDS: readonly unknown[] = ['ClusterRbacConfig', 'RbacConfig', 'ServiceRole', 'ServiceRoleBinding']

const deprecation: Analyzer = {
  name: 'deprecation.DeprecationAnalyzer',
  description: 'Checks for deprecated Istio types and fields',
  needsCluster: false,
  analyze(context) {
    for (const instance of context.all(KIND.virtualService)) {
      for (const { fault } of instance.spec<VirtualService>().http ?? []) {
        if ((fault?.delay?.percent ?? 0) <= 0) continue
        const detail = 'HTTPRoute.fault.delay.percent is deprecated; use HTTPRoute.fault.delay.percentage'
        context.report(instance, 'IST0002', null, detail)
      }
    }
    for (const instance of context.all(KIND.sidecar)) {
      if (instance.spec<Sidecar>().outboundTrafficPolicy?.egressProxy === undefined) continue
      context.report(instance, 'IST0002', null, 'OutboundTrafficPolicy.EgressProxy ignored')
    }
    for (const instance of context.all(KIND.customResourceDefinition)) {
      const spec = fields(instance.resource.spec)
      const kind = fields(spec['names'])['kind']
      if (spec['group'] !== 'rbac.istio.io' || !REMOVED_KINDS.includes(kind)) continue
      context.report(instance, 'IST0002', null, `Custom resource type rbac.istio.io ${String(kind)} is removed`)
    }
  },
}

/** Least bundle versions of the Gateway API's CRDs (istio: pkg/config/schema/gatewayapi/minimumversions.go). */
const MINIMUM: ReadonlyMap<string, readonly [number, number, number]> = new Map([
  ['grpcroutes.gateway.networking.k8s.io', [1, 1, 0]],
  ['backendtlspolicies.gateway.networking.k8s.io', [1, 4, 0]],
  ['tlsroutes.gateway.networking.k8s.io', [1, 5, 0]],
  ['tcproutes.gateway.networking.k8s.io', [1, 6, 0]],
])

const SEMVER = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/

const crdVersions: Analyzer = {
  name: 'k8sgateway.CRDVersionAnalyzer',
  description: 'Checks Gateway API CRDs are at the minimum version required by this Istio version',
  needsCluster: false,
  analyze(context) {
    for (const instance of context.all(KIND.customResourceDefinition)) {
      const minimum = MINIMUM.get(instance.name)
      const match = SEMVER.exec(instance.annotations['gateway.networking.k8s.io/bundle-version'] ?? '')
      if (minimum === undefined || match === null) continue
      const installed = [1, 2, 3].map(i => Number(match[i] ?? 0))
      const differing = minimum.findIndex((least, i) => installed[i] !== least)
      if (differing < 0 || (installed[differing] ?? 0) > (minimum[differing] ?? 0)) continue
      const shown = `${installed.join('.')}${match[4] ?? ''}${match[5] ?? ''}`
      context.report(instance, 'IST0176', null, instance.name, shown, minimum.join('.'))
    }
  },
}

const meshNetworks: Analyzer = {
  name: 'meshnetworks.MeshNetworksAnalyzer',
  description: 'Check the validity of MeshNetworks in the cluster',
  needsCluster: true,
  analyze(context) {
    const registries = new Set(['Mock', 'Kubernetes', 'External'])
    for (const secret of context.all(KIND.secret)) {
      if (secret.labels['istio/multiCluster'] !== 'true') continue
      for (const cluster of Object.keys(secret.spec<Secret>().data ?? {})) registries.add(cluster)
    }
    const resource = context.meshNetworks
    if (resource === null) return
    for (const [network, value] of Object.entries(fields(fields(resource.spec)['networks']))) {
      for (const [i, endpoint] of list(fields(value)['endpoints']).entries()) {
        const registry = fields(endpoint)['fromRegistry']
        if (typeof registry !== 'string' || registries.has(registry)) continue
        context.report(resource, 'IST0126', ['networks', network, 'endpoints', i], registry, network)
      }
    }
  },
}

export const clusterAnalyzers = [conditions, deprecation, crdVersions, meshNetworks]
