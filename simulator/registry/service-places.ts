// Which services could be served at an address: found once per snapshot, so that a proxy among thousands does not look at
// every service of the mesh.
import type { IstioEndpoint, RegistryInput, Service, Workload } from './types.ts'

/** What is read of a snapshot. */
interface Source {
  readonly services: readonly Service[]
  readonly input: RegistryInput
  endpoints(service: Service, port: number): readonly IstioEndpoint[]
}

export class ServicePlaces {
  private readonly rank = new Map<Service, number>()
  private readonly byNamespace = new Map<string, Service[]>()
  private readonly byAddress = new Map<string, Set<Service>>()
  private readonly workloads = new Map<string, Workload[]>()

  constructor(source: Source) {
    for (const service of source.services) {
      this.rank.set(service, this.rank.size)
      push(this.byNamespace, service.namespace, service)
      for (const { port } of service.ports)
        for (const { address } of source.endpoints(service, port)) this.at(address, service)
    }
    for (const workload of source.input.workloads) push(this.workloads, workload.ip, workload)
  }

  /** The pod of a namespace at one of the addresses; the first of the input. */
  workload(namespace: string, addresses: readonly string[]): Workload | null {
    for (const address of addresses) {
      const found = this.workloads.get(address)?.find(workload => workload.namespace === namespace)
      if (found !== undefined) return found
    }
    return null
  }

  /** Services of the namespace, and those with an endpoint at one of the addresses; in the snapshot's order. */
  candidates(namespace: string, addresses: readonly string[]): Service[] {
    const found = new Set(this.byNamespace.get(namespace))
    for (const address of addresses) for (const service of this.byAddress.get(address) ?? []) found.add(service)
    return [...found].sort((a, b) => this.rank.get(a)! - this.rank.get(b)!)
  }

  private at(address: string, service: Service): void {
    const known = this.byAddress.get(address)
    if (known === undefined) this.byAddress.set(address, new Set([service]))
    else known.add(service)
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}
