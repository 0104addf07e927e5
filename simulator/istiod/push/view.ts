// What one proxy depends on, read from a snapshot (pilot/pkg/model/sidecar.go, the dependency set of a SidecarScope), and
// what was translated for it. Everything is worked out when first asked for: most pushes concern most proxies little.
import type { MeshSnapshot, SidecarScope } from '../../registry/mesh-snapshot.ts'
import type { ProxyNode, Service } from '../../registry/types.ts'
import type { ProxyConfiguration } from '../../xds/types.ts'
import { retranslateProxy, type Translation } from '../incremental.ts'
import { translateProxy } from '../index.ts'

/** One proxy at one moment. */
export class ProxyView {
  readonly node: ProxyNode
  readonly snapshot: MeshSnapshot
  private translated: ProxyConfiguration | null = null
  /** What a translation may build on; dropped with the first use. */
  private before: Translation | null
  private scope: SidecarScope | null = null
  private named: ReadonlySet<string> | null = null
  private readonly rules = new Map<string, readonly string[]>()

  constructor(snapshot: MeshSnapshot, node: ProxyNode, before: ProxyView | null = null) {
    this.snapshot = snapshot
    this.node = node
    this.before = before?.latest ?? null
  }

  /** The last translation on the way to this moment, so that views never chain. */
  private get latest(): Translation | null {
    return this.translated === null ? this.before : { snapshot: this.snapshot, configuration: this.translated }
  }

  /** All that istiod would send it. */
  get configuration(): ProxyConfiguration {
    if (this.translated === null) {
      const { before, snapshot, node } = this
      this.translated = before === null ? translateProxy(snapshot, node) : retranslateProxy(before, snapshot, node)
      this.before = null
    }
    return this.translated
  }

  /** The services in scope, by host name. */
  get hosts(): ReadonlyMap<string, Service> {
    this.scope ??= this.snapshot.sidecarScope(this.node)
    return this.scope.servicesByHostname
  }

  /** `kind namespace/name` of VirtualServices and Sidecars that take part. */
  get dependencies(): ReadonlySet<string> {
    if (this.named === null) {
      const scope = this.snapshot.sidecarScope(this.node)
      const named = new Set<string>()
      if (scope.sidecar !== null) named.add(`Sidecar ${scope.sidecar.namespace}/${scope.sidecar.name}`)
      for (const listener of scope.egressListeners)
        for (const config of listener.virtualServices) named.add(`VirtualService ${config.namespace}/${config.name}`)
      this.named = named
    }
    return this.named
  }

  /** `namespace/name` of the DestinationRules that are merged for a host. */
  rulesFor(host: string): readonly string[] {
    let names = this.rules.get(host)
    if (names === undefined) {
      const service = this.hosts.get(host)
      names = service === undefined ? [] : (this.snapshot.destinationRuleFor(this.node, service)?.names ?? [])
      this.rules.set(host, names)
    }
    return names
  }

  /** Is the proxy itself behind this service? Its own services concern it whatever its Sidecar imports. */
  serves(host: string): boolean {
    return this.snapshot.serviceTargets(this.node).some(({ service }) => service.hostname === host)
  }

  /** Hosts for which the DestinationRule `id` is among the merged ones. */
  hostsOfRule(id: string): string[] {
    return [...this.hosts.keys()].filter(host => this.rulesFor(host).includes(id))
  }
}
