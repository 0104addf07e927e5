// What a proxy starts with and tells istiod of itself: mesh settings, ProxyConfigs, the pod's annotation
// (pilot/pkg/model/proxy_config.go; pkg/bootstrap/config.go, extractMetadata).
import { parseDocuments } from '../documents/index.ts'
import type { ProxyConfig } from '../resources/index.ts'
import { defaultMeshConfig, isFields, type MeshProxyConfig, mergeMeshConfig } from '../resources/mesh-config.ts'
import type { Resource } from '../resources/types.ts'
import { Inventory } from './inventory.ts'
import type { Config } from './mesh-snapshot.ts'
import { subsetOf } from './names.ts'
import type { MeshConfig, Workload } from './types.ts'

type Owner = Pick<Workload, 'namespace' | 'labels'>
type Annotations = Readonly<Record<string, string>>

/** The part of ProxyConfig that both kinds have, in the words of MeshConfig.defaultConfig. */
const asMeshProxyConfig = ({ concurrency, environmentVariables, image }: ProxyConfig): MeshProxyConfig => ({
  ...(concurrency === undefined ? {} : { concurrency }),
  ...(environmentVariables === undefined ? {} : { proxyMetadata: environmentVariables }),
  ...(image === undefined ? {} : { image }),
})

/** The annotation proxy.istio.io/config; text that is no mapping counts for nothing. */
function ofAnnotation(annotations: Annotations): MeshProxyConfig {
  const { documents } = parseDocuments('proxy.istio.io/config', annotations['proxy.istio.io/config'] ?? '')
  const value = documents[0]?.value
  return isFields(value) ? value : {}
}

/**
 * Settings in force when the pod starts: the mesh's, then a ProxyConfig of the root namespace, of the pod's namespace, the
 * pod's annotation, a ProxyConfig that selects the pod; the later over the earlier, environment by name.
 */
export function effectiveProxyConfig(
  mesh: MeshConfig,
  resources: readonly Resource[],
  owner: Owner,
  annotations: Annotations,
): MeshProxyConfig {
  const configs = new Inventory(resources.filter(r => r.kind === 'ProxyConfig')).configs<ProxyConfig>('ProxyConfig')
  const whole = (namespace: string): Config<ProxyConfig> | undefined =>
    configs.find(config => config.namespace === namespace && !config.spec.selector)
  const selecting = configs.find(
    ({ namespace, spec }) =>
      namespace === owner.namespace &&
      Object.keys(spec.selector?.matchLabels ?? {}).length > 0 &&
      subsetOf(spec.selector?.matchLabels, owner.labels),
  )
  const spec = (config: Config<ProxyConfig> | undefined): MeshProxyConfig[] =>
    config === undefined ? [] : [asMeshProxyConfig(config.spec)]
  const own = owner.namespace === mesh.rootNamespace ? undefined : whole(owner.namespace)
  const layers = [...spec(whole(mesh.rootNamespace)), ...spec(own), ofAnnotation(annotations), ...spec(selecting)]
  const start = { ...defaultMeshConfig(), ...mesh }
  return layers.reduce((base, layer) => mergeMeshConfig({ defaultConfig: layer }, base), start).defaultConfig
}

const PREFIX = 'ISTIO_META_'

/** Node metadata out of the proxy's environment; PROXY_CONFIG where it is not the mesh's own. */
export function declaredMetadata(
  mesh: MeshConfig,
  config: MeshProxyConfig,
  annotations: Annotations,
): Record<string, unknown> {
  const metadata: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(config.proxyMetadata ?? {})) {
    if (name.startsWith(PREFIX)) metadata[name.slice(PREFIX.length)] = value
  }
  const mode = annotations['sidecar.istio.io/interceptionMode'] ?? config.interceptionMode ?? 'REDIRECT'
  if (mode !== 'REDIRECT') metadata['INTERCEPTION_MODE'] = mode
  const own = JSON.stringify({ ...defaultMeshConfig(), ...mesh }.defaultConfig)
  if (JSON.stringify(config) !== own) metadata['PROXY_CONFIG'] = config
  return metadata
}
