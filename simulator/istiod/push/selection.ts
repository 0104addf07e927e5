// Which change reaches which proxy, and which xDS types it regenerates (pilot/pkg/xds/proxy_dependencies.go, cds.go,
// eds.go, lds.go, rds.go). One table instead of four switch statements.
import type { ConfigKey, XdsType } from './types.ts'
import type { ProxyView } from './view.ts'

/** Types that a changed kind regenerates; kinds that are absent concern no proxy (ProxyConfig, Secret, WorkloadGroup ...). */
const REGENERATED: ReadonlyMap<string, readonly XdsType[]> = new Map([
  ['ServiceEntry', ['CDS', 'EDS', 'LDS', 'RDS']],
  ['Endpoints', ['EDS']],
  ['VirtualService', ['CDS', 'LDS', 'RDS']],
  ['DestinationRule', ['CDS', 'EDS', 'LDS', 'RDS']],
  ['Gateway', ['CDS', 'LDS', 'RDS']],
  ['Sidecar', ['CDS', 'LDS', 'RDS']],
  ['EnvoyFilter', ['CDS', 'EDS', 'LDS', 'RDS']],
  ['PeerAuthentication', ['CDS', 'EDS', 'LDS']],
  ['AuthorizationPolicy', ['LDS']],
  ['RequestAuthentication', ['LDS']],
  ['Telemetry', ['LDS']],
  ['WasmPlugin', ['LDS']],
  ['TrafficExtension', ['LDS']],
  ['MeshConfig', ['CDS', 'EDS', 'LDS', 'RDS']],
] satisfies [string, XdsType[]][])

/** Kinds that matter to a sidecar only from its own or the root namespace. */
const NAMESPACE_SCOPED = new Set([
  'AuthorizationPolicy',
  'RequestAuthentication',
  'Telemetry',
  'EnvoyFilter',
  'WasmPlugin',
  'TrafficExtension',
])

/** Kinds for which CDS sends the clusters of the changed services only. */
const DELTA_CLUSTERS = new Set(['ServiceEntry', 'DestinationRule', 'VirtualService', 'Sidecar', 'PeerAuthentication'])

const ownOrRoot = (namespace: string, view: ProxyView, rootNamespace: string): boolean =>
  namespace === rootNamespace || namespace === view.node.namespace

function dependsOnHost(hostname: string, views: readonly ProxyView[]): boolean {
  return views.some(view => view.hosts.has(hostname))
}

/** Does this change concern this proxy? `views`: as it was and as it will be. */
export function concerns(key: ConfigKey, views: readonly [ProxyView, ProxyView], rootNamespace: string): boolean {
  const router = views[1].node.type === 'router'
  const id = `${key.namespace}/${key.name}`
  switch (key.kind) {
    case 'MeshConfig':
      return true
    case 'ServiceEntry':
      return dependsOnHost(key.name, views) || views.some(view => view.serves(key.name))
    case 'Endpoints':
      return dependsOnHost(key.name, views)
    case 'Gateway':
      return router
    case 'Sidecar':
      return !router && views.some(view => view.dependencies.has(`Sidecar ${id}`))
    case 'VirtualService':
      return router || views.some(view => view.dependencies.has(`VirtualService ${id}`))
    case 'DestinationRule':
      return router || views.some(view => view.hostsOfRule(id).length > 0)
    case 'PeerAuthentication':
      return (
        router ||
        ownOrRoot(key.namespace, views[1], rootNamespace) ||
        [...views[1].hosts.values()].some(service => service.namespace === key.namespace)
      )
    default:
      return NAMESPACE_SCOPED.has(key.kind) && (router || ownOrRoot(key.namespace, views[1], rootNamespace))
  }
}

/** Does this change make `type` be generated anew for this proxy? */
export function regenerates(key: ConfigKey, type: XdsType, view: ProxyView, rootNamespace: string): boolean {
  // A sidecar has a listener for each pod of a headless Service.
  if (key.kind === 'Endpoints' && type === 'LDS')
    return view.node.type === 'sidecar' && view.hosts.get(key.name)?.headless === true
  if (!REGENERATED.get(key.kind)?.includes(type)) return false
  if (key.kind === 'PeerAuthentication' && type === 'LDS') return ownOrRoot(key.namespace, view, rootNamespace)
  return true
}

/** Can CDS be limited to the changed services? */
export function isDelta(key: ConfigKey, rootNamespace: string): boolean {
  return DELTA_CLUSTERS.has(key.kind) && !(key.kind === 'PeerAuthentication' && key.namespace === rootNamespace)
}
