// What one proxy depends on, read from a snapshot (pilot/pkg/model/sidecar.go, the dependency set of a SidecarScope).
import type { MeshSnapshot } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode } from '../../registry/types.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'
import type { ProxyView } from './types.ts'

/** The proxy at this moment, with the configuration that was translated for it. */
export function viewOf(snapshot: MeshSnapshot, node: ProxyNode, configuration: ProxyConfiguration): ProxyView {
  const scope = snapshot.sidecarScope(node)
  const hosts = new Map(scope.services.map(service => [service.hostname, service.namespace]))
  const destinationRules = new Map<string, readonly string[]>()
  for (const service of scope.services) {
    const rule = snapshot.destinationRuleFor(node, service)
    if (rule !== null) destinationRules.set(service.hostname, rule.names)
  }
  const dependencies = new Set<string>()
  if (scope.sidecar !== null) dependencies.add(`Sidecar ${scope.sidecar.namespace}/${scope.sidecar.name}`)
  for (const listener of scope.egressListeners) {
    for (const config of listener.virtualServices) dependencies.add(`VirtualService ${config.namespace}/${config.name}`)
  }
  return { node, configuration, hosts, destinationRules, dependencies }
}
