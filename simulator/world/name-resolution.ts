// DNS of the cluster as pods see it: tables and external hosts first, then Services, then pods by name.
import type { RandomStream } from '../engine/index.ts'
import { isAddress, type ServiceTable } from './services.ts'

/** Names may lead to names (ExternalName, tables); a longer chain than this is a circle. */
const MAX_ALIASES = 8

export interface NameSources {
  /** Answers that stand before all others: address, or another name as `name:...`. */
  fixed: ReadonlyMap<string, string> | undefined
  services: () => ServiceTable
  /** Address of a pod by its name. */
  pod: (name: string, namespace: string) => string | null
  /** Chooses among the pods of a headless Service; made at the first question. */
  dice: () => RandomStream
}

export class NameResolution {
  private readonly sources: NameSources
  private readonly outside = new Map<string, string>()
  /** Names of Services with a cluster IP, which stay as long as the table of Services does; by namespace. */
  private readonly settled = new Map<string, Map<string, string>>()
  private settledIn: ServiceTable | null = null
  private dice: RandomStream | null = null

  constructor(sources: NameSources) {
    this.sources = sources
  }

  /** A host outside the cluster answers to these names. */
  addOutside(names: readonly string[], ip: string): void {
    for (const name of names) this.outside.set(name, ip)
  }

  /** Address of a name as seen from a namespace; null = no such name. */
  resolve(host: string, fromNamespace: string): string | null {
    const table = this.sources.services()
    if (this.settledIn !== table) {
      this.settled.clear()
      this.settledIn = table
    }
    let settled = this.settled.get(fromNamespace)
    if (settled === undefined) {
      settled = new Map()
      this.settled.set(fromNamespace, settled)
    }
    const known = settled.get(host)
    if (known !== undefined) return known
    const address = this.lookUp(host, fromNamespace, table)
    const own = this.sources.fixed?.has(host) === true || this.outside.has(host)
    if (address !== null && !own && table.hasClusterIp(host, fromNamespace)) settled.set(host, address)
    return address
  }

  private lookUp(host: string, fromNamespace: string, table: ServiceTable): string | null {
    let name = host
    for (let i = 0; i < MAX_ALIASES; i++) {
      if (isAddress(name)) return name
      this.dice ??= this.sources.dice()
      const found =
        this.sources.fixed?.get(name) ??
        this.outside.get(name) ??
        table.resolve(name, fromNamespace, this.dice) ??
        this.sources.pod(name, fromNamespace)
      if (found === null) return null
      name = found.startsWith('name:') ? found.slice(5) : found
    }
    return null
  }
}
