// Extension providers: by name, and the cluster behind their `service` (pilot/pkg/model/telemetry_logging.go LookupCluster).
import type { ExtensionProvider, MeshConfig } from '../../resources/mesh-config.ts'
import { outboundClusterName } from './cluster-names.ts'

/** Names of a host's service: full name and namespace of each definition. */
export type FindServices = (hostname: string) => readonly { hostname: string; namespace: string }[]

export interface ProviderCluster {
  host: string
  cluster: string
}

/** Names of providers are compared without regard to case (telemetry.go fetchProvider). */
export function extensionProvider({ extensionProviders }: MeshConfig, name: string): ExtensionProvider | undefined {
  const asked = name.toLowerCase()
  return extensionProviders.find(provider => provider.name.toLowerCase() === asked)
}

/** `host`, or `namespace/host` where several namespaces have it; null where that is not exactly one service. */
export function providerCluster(service: string, port: number, find: FindServices): ProviderCluster | null {
  const parts = service.split('/')
  const name = parts.length === 2 ? (parts[1] ?? '') : service
  const found = find(name).filter(one => parts.length !== 2 || one.namespace === parts[0])
  if (service === '' || found.length !== 1) return null
  return { host: name, cluster: outboundClusterName(port, '', name) }
}
