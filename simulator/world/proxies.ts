// How a pod gets its Envoy: node description, identity, and the options of the proxy.
import type { RandomTree, Scheduler } from '../engine/index.ts'
import { Proxy } from '../envoy/index.ts'
import type { MeshConfig, ProxyNode, Workload } from '../registry/types.ts'
import type { Resource } from '../resources/types.ts'
import type { CertificateIdentity } from '../wire/types.ts'
import type { WorldPod } from './pod.ts'
import type { WorldOptions } from './types.ts'

/** Name of the mesh's own root of trust. */
export const MESH_ROOT = 'cluster.local'

/** The certificate that istiod signs for a pod (security/pkg/pki/util/san.go). */
export function identityOf(workload: Workload, meshConfig: MeshConfig): CertificateIdentity {
  return {
    sans: [`spiffe://${meshConfig.trustDomain}/ns/${workload.namespace}/sa/${workload.serviceAccount}`],
    issuer: MESH_ROOT,
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
    subject: '',
  }
}

/** What istiod is told of a proxy when it connects. */
export function proxyNode(workload: Workload, annotations: Readonly<Record<string, string>>): ProxyNode {
  return {
    id: `${workload.name}.${workload.namespace}`,
    type: workload.gateway ? 'router' : 'sidecar',
    namespace: workload.namespace,
    name: workload.name,
    labels: workload.labels,
    ipAddresses: [workload.ip],
    serviceAccount: workload.serviceAccount,
    locality: workload.locality,
    dnsDomain: `${workload.namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: workload.namespace, LABELS: workload.labels, ANNOTATIONS: annotations },
    clusterId: 'Kubernetes',
    nodeName: workload.node,
  }
}

/** The pod's Envoy, without configuration yet. */
export function createProxy(
  world: { engine: Scheduler; tree: RandomTree; resolve(host: string, namespace: string): string | null },
  pod: WorldPod,
  options: WorldOptions,
  _meshConfig: MeshConfig,
  _resources: readonly Resource[],
): Proxy {
  return new Proxy({
    scheduler: world.engine,
    random: world.tree,
    recorder: options.recorder,
    network: pod,
    id: pod.id,
    pod: pod.workload.name,
    ip: pod.ip,
    type: pod.workload.gateway ? 'router' : 'sidecar',
    identity: pod.identity,
    trustRoots: [MESH_ROOT],
    resolve: (host: string) => world.resolve(host, pod.workload.namespace),
  })
}
