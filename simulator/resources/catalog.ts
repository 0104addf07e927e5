// Every kind the house knows: its groups and versions, scope, schema and plural. One row a kind; the key is group/Kind
// ('' for the core group), because Gateway exists twice.

import type { z } from 'zod'
import { Canary } from './delivery/canary.ts'
import { TrafficExtension } from './extensions/traffic-extension.ts'
import { WasmPlugin } from './extensions/wasm-plugin.ts'
import * as gatewayApi from './gateway-api/kinds.ts'
import * as k8s from './kubernetes/kinds.ts'
import { DestinationRule } from './networking/destination-rule.ts'
import { EnvoyFilter } from './networking/envoy-filter.ts'
import { Gateway } from './networking/gateway.ts'
import { ProxyConfig } from './networking/proxy-config.ts'
import { ServiceEntry } from './networking/service-entry.ts'
import { Sidecar } from './networking/sidecar.ts'
import { VirtualService } from './networking/virtual-service.ts'
import { WorkloadEntry } from './networking/workload-entry.ts'
import { WorkloadGroup } from './networking/workload-group.ts'
import { AuthorizationPolicy } from './security/authorization-policy.ts'
import { PeerAuthentication } from './security/peer-authentication.ts'
import { RequestAuthentication } from './security/request-authentication.ts'
import { Telemetry } from './telemetry/telemetry.ts'

export interface KindEntry {
  group: string
  kind: string
  plural: string
  /** Full apiVersions, the preferred first. */
  apiVersions: readonly string[]
  namespaced: boolean
  schema: z.ZodType
  /** Istio's own kinds are protobuf JSON: snake_case and enum numbers are understood, unknown fields are errors. */
  istio: boolean
  /** Without a spec: its fields stand beside `metadata`. */
  flat: boolean
}

const entries = new Map<string, KindEntry>()

function add(
  group: string,
  versions: string,
  kind: string,
  plural: string,
  schema: z.ZodType,
  options: { cluster?: boolean; istio?: boolean; flat?: boolean } = {},
): void {
  const apiVersions = versions.split(' ').map(version => (group === '' ? version : `${group}/${version}`))
  entries.set(`${group}/${kind}`, {
    group,
    kind,
    plural,
    apiVersions,
    namespaced: options.cluster !== true,
    schema,
    istio: options.istio === true,
    flat: options.flat === true,
  })
}

const istio = { istio: true }
const NETWORKING = 'networking.istio.io'
const THREE = 'v1 v1beta1 v1alpha3'
add(NETWORKING, THREE, 'VirtualService', 'virtualservices', VirtualService, istio)
add(NETWORKING, THREE, 'DestinationRule', 'destinationrules', DestinationRule, istio)
add(NETWORKING, THREE, 'Gateway', 'gateways', Gateway, istio)
add(NETWORKING, THREE, 'ServiceEntry', 'serviceentries', ServiceEntry, istio)
add(NETWORKING, THREE, 'WorkloadEntry', 'workloadentries', WorkloadEntry, istio)
add(NETWORKING, THREE, 'WorkloadGroup', 'workloadgroups', WorkloadGroup, istio)
add(NETWORKING, THREE, 'Sidecar', 'sidecars', Sidecar, istio)
add(NETWORKING, 'v1alpha3', 'EnvoyFilter', 'envoyfilters', EnvoyFilter, istio)
add(NETWORKING, 'v1beta1', 'ProxyConfig', 'proxyconfigs', ProxyConfig, istio)
const SECURITY = 'security.istio.io'
add(SECURITY, 'v1 v1beta1', 'PeerAuthentication', 'peerauthentications', PeerAuthentication, istio)
add(SECURITY, 'v1 v1beta1', 'RequestAuthentication', 'requestauthentications', RequestAuthentication, istio)
add(SECURITY, 'v1 v1beta1', 'AuthorizationPolicy', 'authorizationpolicies', AuthorizationPolicy, istio)
add('telemetry.istio.io', 'v1 v1alpha1', 'Telemetry', 'telemetries', Telemetry, istio)
add('extensions.istio.io', 'v1alpha1', 'WasmPlugin', 'wasmplugins', WasmPlugin, istio)
add('extensions.istio.io', 'v1alpha1', 'TrafficExtension', 'trafficextensions', TrafficExtension, istio)

add('', 'v1', 'Namespace', 'namespaces', k8s.Namespace, { cluster: true })
add('', 'v1', 'Node', 'nodes', k8s.Opaque, { cluster: true })
add('', 'v1', 'Service', 'services', k8s.K8sService)
add('', 'v1', 'Pod', 'pods', k8s.Pod)
add('', 'v1', 'ServiceAccount', 'serviceaccounts', k8s.ServiceAccount, { flat: true })
add('', 'v1', 'Secret', 'secrets', k8s.Secret, { flat: true })
add('', 'v1', 'ConfigMap', 'configmaps', k8s.ConfigMap, { flat: true })
add('', 'v1', 'Endpoints', 'endpoints', k8s.Endpoints, { flat: true })
add('', 'v1', 'ReplicationController', 'replicationcontrollers', k8s.Opaque)
add('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', k8s.Opaque)
add('', 'v1', 'PersistentVolume', 'persistentvolumes', k8s.Opaque, { cluster: true })
add('apps', 'v1', 'Deployment', 'deployments', k8s.PodController)
add('apps', 'v1', 'StatefulSet', 'statefulsets', k8s.PodController)
add('apps', 'v1', 'DaemonSet', 'daemonsets', k8s.PodController)
add('apps', 'v1', 'ReplicaSet', 'replicasets', k8s.PodController)
add('batch', 'v1', 'Job', 'jobs', k8s.PodController)
add('batch', 'v1', 'CronJob', 'cronjobs', k8s.Opaque)
add('autoscaling', 'v2 v1 v2beta2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', k8s.Opaque)
add('flagger.app', 'v1beta1', 'Canary', 'canaries', Canary)
add('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', k8s.Opaque)
add('discovery.k8s.io', 'v1 v1beta1', 'EndpointSlice', 'endpointslices', k8s.EndpointSlice, { flat: true })
add('networking.k8s.io', 'v1 v1beta1', 'Ingress', 'ingresses', k8s.Ingress)
add('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', k8s.Opaque, { cluster: true })
add('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies', k8s.Opaque)
const RBAC = 'rbac.authorization.k8s.io'
add(RBAC, 'v1', 'Role', 'roles', k8s.Opaque, { flat: true })
add(RBAC, 'v1', 'RoleBinding', 'rolebindings', k8s.Opaque, { flat: true })
add(RBAC, 'v1', 'ClusterRole', 'clusterroles', k8s.Opaque, { cluster: true, flat: true })
add(RBAC, 'v1', 'ClusterRoleBinding', 'clusterrolebindings', k8s.Opaque, { cluster: true, flat: true })
const crd = 'apiextensions.k8s.io'
add(crd, 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', k8s.Opaque, { cluster: true })
const hooks = 'admissionregistration.k8s.io'
add(hooks, 'v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', k8s.Opaque, {
  cluster: true,
  flat: true,
})
add(hooks, 'v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', k8s.Opaque, {
  cluster: true,
  flat: true,
})
add('install.istio.io', 'v1alpha1', 'IstioOperator', 'istiooperators', k8s.Opaque)

const GATEWAY = 'gateway.networking.k8s.io'
const GATEWAY_VERSIONS = 'v1 v1beta1 v1alpha2'
add(GATEWAY, GATEWAY_VERSIONS, 'GatewayClass', 'gatewayclasses', gatewayApi.GatewayClass, { cluster: true })
add(GATEWAY, GATEWAY_VERSIONS, 'Gateway', 'gateways', gatewayApi.GatewayApiGateway)
add(GATEWAY, GATEWAY_VERSIONS, 'HTTPRoute', 'httproutes', gatewayApi.GatewayApiHTTPRoute)
add(GATEWAY, GATEWAY_VERSIONS, 'GRPCRoute', 'grpcroutes', gatewayApi.GatewayApiRoute)
add(GATEWAY, 'v1 v1alpha2 v1alpha3', 'TLSRoute', 'tlsroutes', gatewayApi.GatewayApiRoute)
add(GATEWAY, 'v1 v1alpha2', 'TCPRoute', 'tcproutes', gatewayApi.GatewayApiRoute)
add(GATEWAY, 'v1 v1alpha2', 'UDPRoute', 'udproutes', gatewayApi.GatewayApiRoute)
add(GATEWAY, GATEWAY_VERSIONS, 'ReferenceGrant', 'referencegrants', gatewayApi.GatewayApiPolicy)
add(GATEWAY, 'v1 v1alpha3', 'BackendTLSPolicy', 'backendtlspolicies', gatewayApi.GatewayApiPolicy)
add(GATEWAY, 'v1', 'ListenerSet', 'listenersets', gatewayApi.GatewayApiPolicy)
const EXPERIMENTAL = 'gateway.networking.x-k8s.io'
add(EXPERIMENTAL, 'v1alpha1', 'XListenerSet', 'xlistenersets', gatewayApi.GatewayApiPolicy)
add(EXPERIMENTAL, 'v1alpha1', 'XBackendTrafficPolicy', 'xbackendtrafficpolicies', gatewayApi.GatewayApiPolicy)
add('inference.networking.k8s.io', 'v1', 'InferencePool', 'inferencepools', gatewayApi.GatewayApiPolicy)

export const catalog: ReadonlyMap<string, KindEntry> = entries

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''

/** The entry of a kind under this apiVersion's group (any version), or null. */
export function lookupKind(apiVersion: string, kind: string): KindEntry | null {
  return entries.get(`${groupOf(apiVersion)}/${kind}`) ?? null
}
