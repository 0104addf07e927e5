// Services by host and namespace, whom they are exported to, and their aliases. Made of Services and ServiceEntries alone.
import type { MeshConfig } from '../resources/index.ts'
import { compareAge, compareText } from './names.ts'
import { buildServices, resolveAliases } from './services.ts'
import type { RegistryInput, Service } from './types.ts'
import { effectiveExportTo } from './virtual-services.ts'

export class ServiceDirectory {
  /** All, oldest first. */
  readonly services: readonly Service[]
  private readonly defaultExportTo: readonly string[]
  private readonly byHost = new Map<string, Map<string, Service>>()
  private readonly aliasesByHost = new Map<string, Service[]>()
  private readonly exports = new Map<Service, readonly string[]>()

  constructor(input: RegistryInput, meshConfig: MeshConfig) {
    this.services = buildServices(input)
    this.defaultExportTo = meshConfig.defaultServiceExportTo
    for (const service of this.services) {
      this.exports.set(service, this.exportsOf(service))
      let definitions = this.byHost.get(service.hostname)
      if (!definitions) {
        definitions = new Map()
        this.byHost.set(service.hostname, definitions)
      }
      const existing = definitions.get(service.namespace)
      if (!existing || (existing.source !== 'Kubernetes' && service.source === 'Kubernetes')) {
        definitions.set(service.namespace, service)
      }
    }
    for (const [alias, hostname] of resolveAliases(this.services)) {
      const known = this.aliasesByHost.get(hostname)
      if (known) known.push(alias)
      else this.aliasesByHost.set(hostname, [alias])
    }
    for (const list of this.aliasesByHost.values()) {
      list.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.hostname, b.hostname))
    }
  }

  /** Of one hostname, by namespace. */
  definitions(hostname: string): ReadonlyMap<string, Service> {
    return this.byHost.get(hostname) ?? new Map()
  }

  /** Kubernetes before ServiceEntry, then the oldest. */
  bestFirst(hostname: string): Service[] {
    const rank = (service: Service): number => (service.source === 'Kubernetes' ? 0 : 1)
    return [...this.definitions(hostname).values()].sort((a, b) => rank(a) - rank(b) || compareAge(a, b))
  }

  visible(service: Service, namespace: string): boolean {
    const exportTo = this.exports.get(service) ?? this.exportsOf(service)
    return exportTo.includes('*') || (!exportTo.includes('~') && exportTo.includes(namespace))
  }

  /** Private and explicitly exported ones first, then public ones. */
  exportedTo(namespace: string): Service[] {
    const near: Service[] = []
    const shared: Service[] = []
    for (const service of this.services) {
      const exportTo = this.exports.get(service) ?? []
      if (exportTo.includes('*')) shared.push(service)
      else if (!exportTo.includes('~') && exportTo.includes(namespace)) near.push(service)
    }
    return [...near, ...shared]
  }

  aliases(hostname: string): readonly Service[] {
    return this.aliasesByHost.get(hostname) ?? []
  }

  private exportsOf(service: Service): string[] {
    return effectiveExportTo(service.exportTo, this.defaultExportTo, service.namespace)
  }
}
