// How a pod gets its Envoy: node description, identity, and the options of the proxy.
import { type Citadel, DEFAULT_TTL } from '../citadel/index.ts'
import { compileDistribution, parseDuration, type RandomTree, type Scheduler } from '../engine/index.ts'
import type { WorkloadMetadata } from '../envoy/index.ts'
import { Proxy as Envoy } from '../envoy/index.ts'
import { EPOCH_SECONDS, Metrics } from '../observation/index.ts'
import type { Recorder } from '../observation/types.ts'
import { serviceCluster } from '../registry/names.ts'
import type { MeshConfig, ProxyNode, Workload } from '../registry/types.ts'
import { readCertificate, secretEntry } from '../resources/certificate.ts'
import type { Resource } from '../resources/types.ts'
import type { CertificateIdentity } from '../wire/types.ts'
import { fields, list, text } from './fields.ts'
import type { WorldPod } from './pod.ts'
import type { WorldOptions } from './types.ts'

/** The cluster's name in Istio (CLUSTER_ID). */
const CLUSTER_ID = 'Kubernetes'

/** The identity that istiod certifies a pod (security/pkg/pki/util/san.go). */
export function identityOf({ namespace, serviceAccount }: Workload, { trustDomain }: MeshConfig): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
}

/** How long certificates shall live that the pod's agent asks for, µs (SECRET_TTL in its environment). */
export function secretTtl({ proxyMetadata = {} }: { proxyMetadata?: Readonly<Record<string, string>> }): number {
  return parseDuration(proxyMetadata['SECRET_TTL'] ?? '') ?? DEFAULT_TTL
}

/** What istiod is told of a proxy when it connects; `declared`: what its environment says beside the usual. */
export function proxyNode(
  workload: Workload,
  annotations: Readonly<Record<string, string>>,
  declared: Readonly<Record<string, unknown>> = {},
): ProxyNode {
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
    metadata: { ...declared, NAMESPACE: workload.namespace, LABELS: workload.labels, ANNOTATIONS: annotations },
    clusterId: CLUSTER_ID,
    nodeName: workload.node,
  }
}

const CA_SUFFIX = '-cacert'

/**
 * Certificate of a gateway credential: `kubernetes://name` or `kubernetes-gateway://namespace/name`; with `-cacert` the
 * authority that clients must come from. A Secret whose bytes are no certificate stands for one of the hosts of the servers
 * that name it.
 */
export function credential(
  reference: string,
  namespace: string,
  resources: readonly Resource[],
): CertificateIdentity | null {
  const path = reference.slice(reference.indexOf('://') + (reference.includes('://') ? 3 : 1)).split('/')
  const name = path[path.length - 1] ?? ''
  const from = path.length > 1 ? (path[0] ?? namespace) : namespace
  const find = (wanted: string) =>
    resources.find(r => r.kind === 'Secret' && r.metadata.name === wanted && r.metadata.namespace === from)
  const own = find(name)
  const base = name.endsWith(CA_SUFFIX) ? name.slice(0, -CA_SUFFIX.length) : name
  const secret = own ?? find(base)
  if (secret === undefined) return null
  const life = { notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER }
  if (name.endsWith(CA_SUFFIX)) {
    const root = readCertificate(secretEntry(secret.spec, 'ca.crt') || secretEntry(secret.spec, 'cacert'))
    return { sans: [], issuer: root?.subject ?? base, subject: base, ...life }
  }
  const facts = readCertificate(secretEntry(secret.spec, 'tls.crt') || secretEntry(secret.spec, 'cert'))
  if (facts !== null) return { sans: facts.sans, issuer: facts.issuer, subject: `CN=${facts.subject}`, ...life }
  return { sans: hostsOf(name, resources), issuer: name, subject: name, ...life }
}

/** Hosts of the servers that name a credential. */
function hostsOf(name: string, resources: readonly Resource[]): string[] {
  const hosts: string[] = []
  for (const r of resources) {
    if (r.kind !== 'Gateway') continue
    for (const server of list(fields(r.spec).servers).map(fields)) {
      const tls = fields(server.tls)
      const names = [text(tls.credentialName), ...list(tls.credentialNames).map(text)]
      if (names.includes(name)) hosts.push(...list(server.hosts).map(h => text(h).split('/').pop() ?? ''))
    }
  }
  return hosts
}

/** What the world lends to a pod's Envoy. */
export interface ProxyHost {
  readonly citadel: Citadel
  engine: Scheduler
  tree: RandomTree
  resolve(host: string, namespace: string): string | null
  nextSpan(): number
  /** The workload at an address, where a proxy stands before it. */
  peerAt(ip: string): WorkloadMetadata | null
  currentResources(): readonly Resource[]
  readonly options: WorldOptions
}

/** The name of the workload behind a pod: Deployments name their pods `<workload>-<n>`. */
export function workloadOf(podName: string): string {
  const dash = podName.lastIndexOf('-')
  if (dash <= 0 || dash === podName.length - 1) return podName
  for (let i = dash + 1; i < podName.length; i++) {
    const code = podName.charCodeAt(i)
    if (code < 48 || code > 57) return podName
  }
  return podName.slice(0, dash)
}

/** What a pod's proxy tells of it (pkg/model/proxy.go; canonical names: pkg/kube/labels). */
export function metadataOf({ name, namespace, labels }: Workload): WorkloadMetadata {
  const workload = workloadOf(name)
  const app = labels['app'] ?? ''
  const version = labels['version'] ?? ''
  return {
    workload,
    namespace,
    canonicalName:
      labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? (app === '' ? workload : app),
    canonicalRevision:
      labels['service.istio.io/canonical-revision'] ??
      labels['app.kubernetes.io/version'] ??
      (version === '' ? 'latest' : version),
    app,
    version,
    cluster: CLUSTER_ID,
  }
}

/** The pod's Envoy, without configuration yet. */
export function createProxy(world: ProxyHost, pod: WorldPod, recorder: Recorder): Envoy {
  const { namespace } = pod.workload
  const { proxyDelay, epochSeconds, metrics } = world.options
  return new Envoy({
    epochSeconds: epochSeconds ?? EPOCH_SECONDS,
    ...(proxyDelay === undefined
      ? {}
      : { proxyDelay: compileDistribution(proxyDelay, world.tree.stream(`envoy/${pod.id}/own time`)) }),
    ...(metrics === true
      ? { metrics: { store: new Metrics(), node: metadataOf(pod.workload), peerAt: ip => world.peerAt(ip) } }
      : {}),
    scheduler: world.engine,
    random: world.tree,
    recorder,
    network: pod.network,
    id: pod.id,
    pod: pod.workload.name,
    serviceCluster: serviceCluster(pod.workload),
    ip: pod.ip,
    type: pod.workload.gateway ? 'router' : 'sidecar',
    certificate: () => world.citadel.of(pod.id).certificate,
    trustRoots: () => world.citadel.of(pod.id).trusted,
    clockSkew: () => world.citadel.skew(pod.id),
    nextSpan: () => world.nextSpan(),
    secret: name => credential(name, namespace, world.currentResources()),
    resolve: host => {
      const found = world.resolve(host, namespace)
      return found === null ? [] : [found]
    },
  })
}
