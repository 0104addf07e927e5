// Who stands behind services, and which services a proxy itself serves. Each answer is found when first asked for.
import { EndpointIndex, targetPortOf } from './endpoints.ts'
import type { ServiceTarget } from './mesh-snapshot.ts'
import { compareText, subsetOf } from './names.ts'
import { ServicePlaces } from './service-places.ts'
import type { IstioEndpoint, ProxyNode, RegistryInput, Service } from './types.ts'

export class EndpointDirectory {
  readonly services: readonly Service[]
  readonly input: RegistryInput
  private readonly index: EndpointIndex
  private readonly known = new Map<string, readonly IstioEndpoint[]>()
  private readonly targets = new WeakMap<ProxyNode, ServiceTarget[]>()
  private places: ServicePlaces | null = null

  /** `before`: of the same objects, with other pods. */
  constructor(input: RegistryInput, services: readonly Service[], before: EndpointDirectory | null) {
    this.services = services
    this.input = input
    this.index = new EndpointIndex(input, services, before?.index ?? null)
  }

  endpoints(service: Service, port: number): readonly IstioEndpoint[] {
    const key = `${service.namespace}/${service.hostname}/${port}`
    let found = this.known.get(key)
    if (!found) {
      found = this.index.endpoints(service, port)
      this.known.set(key, found)
    }
    return found
  }

  accounts(service: Service): ReadonlySet<string> {
    return this.index.serviceAccounts(service)
  }

  /** Services and ports that the proxy serves, oldest service first. */
  servedBy(proxy: ProxyNode): readonly ServiceTarget[] {
    let targets = this.targets.get(proxy)
    if (targets === undefined) {
      targets = this.findTargets(proxy)
      this.targets.set(proxy, targets)
    }
    return targets
  }

  private findTargets(proxy: ProxyNode): ServiceTarget[] {
    const targets: ServiceTarget[] = []
    // the namespace that the proxy says of itself; configuration may be that of another one
    const own = typeof proxy.metadata['NAMESPACE'] === 'string' ? proxy.metadata['NAMESPACE'] : proxy.namespace
    this.places ??= new ServicePlaces(this)
    const workload = this.places.workload(own, proxy.ipAddresses)
    for (const service of this.places.candidates(own, proxy.ipAddresses)) {
      if (service.resolution === 'Alias') continue
      const selected =
        service.source === 'Kubernetes' &&
        service.selector !== null &&
        service.namespace === own &&
        workload !== null &&
        subsetOf(service.selector, workload.labels)
      for (const port of service.ports) {
        const served = this.endpoints(service, port.port).filter(
          e => proxy.ipAddresses.includes(e.address) && e.namespace === own,
        )
        const numbers = new Set(served.map(e => e.port))
        if (selected) {
          const number = targetPortOf(port, workload)
          if (number !== null) numbers.add(number)
        }
        for (const targetPort of numbers) targets.push({ service, port, targetPort })
      }
    }
    return targets.sort(
      (a, b) => a.service.creationTime - b.service.creationTime || compareText(a.service.hostname, b.service.hostname),
    )
  }
}
