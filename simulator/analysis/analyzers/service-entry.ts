// ServiceEntries: addresses that TCP needs, protocols that agree (istio: pkg/config/analysis/analyzers/serviceentry).
import { isObject } from '../../resources/fields.ts'
import type { ServiceEntry } from '../../resources/networking/service-entry.ts'
import { type Analyzer, type Instance, KIND } from '../context.ts'
import { scopesOf } from '../hosts.ts'

const allocated = ({ resource }: Instance): boolean => {
  const addresses = isObject(resource.status) ? resource.status['addresses'] : undefined
  return Array.isArray(addresses) && addresses.length > 0
}

const addresses: Analyzer = {
  name: 'serviceentry.Analyzer',
  description: 'Checks the validity of ServiceEntry',
  needsCluster: false,
  analyze(context) {
    const metadata = context.meshConfig.defaultConfig?.proxyMetadata ?? {}
    const automatic =
      metadata['ISTIO_META_DNS_CAPTURE'] === 'true' &&
      (metadata['ISTIO_META_DNS_AUTO_ALLOCATE'] === 'true' || metadata['PILOT_ENABLE_IP_AUTOALLOCATE'] === 'true')
    if (automatic) return
    for (const entry of context.all(KIND.serviceEntry)) {
      const spec = entry.spec<ServiceEntry>()
      if ((spec.addresses ?? []).length > 0 || allocated(entry)) continue
      for (const [i, port] of (spec.ports ?? []).entries()) {
        const protocol = (port.protocol ?? '').toUpperCase()
        if (protocol === '' || protocol === 'TCP') context.report(entry, 'IST0134', ['spec', 'ports', i, 'name'])
      }
    }
  },
}

const conflictingProtocols: Analyzer = {
  name: 'serviceentry.ConflictingServiceEntryProtocolAnalyzer',
  description: 'Checks if multiple ServiceEntries define the same host and port with different protocols',
  needsCluster: false,
  analyze(context) {
    interface Use {
      scope: string
      host: string
      port: number
      protocol: string
      entry: Instance
    }
    const uses = new Map<string, Use[]>()
    for (const entry of context.all(KIND.serviceEntry)) {
      const spec = entry.spec<ServiceEntry>()
      for (const scope of scopesOf(spec.exportTo, entry.namespace)) {
        for (const host of spec.hosts ?? []) {
          for (const { number: port = 0, protocol = '' } of spec.ports ?? []) {
            const key = `${scope}/${host}:${port}`
            uses.set(key, [...(uses.get(key) ?? []), { scope, host, port, protocol, entry }])
          }
        }
      }
    }
    const reported = new Set<Instance>()
    const sorted = (values: Iterable<string>): string =>
      [...new Set(values)].sort((left, right) => (left < right ? -1 : 1)).join(', ')
    for (const own of uses.values()) {
      const [first] = own
      if (first === undefined) continue
      const everywhere = first.scope === '*' ? [] : (uses.get(`*/${first.host}:${first.port}`) ?? [])
      const all = [...own, ...everywhere]
      const protocols = sorted(all.map(use => use.protocol.toUpperCase()))
      if (!protocols.includes(', ')) continue
      const names = sorted(all.map(use => use.entry.fullName))
      for (const { entry } of all) {
        if (reported.has(entry)) continue
        reported.add(entry)
        context.report(entry, 'IST0177', ['metadata', 'name'], names, first.host, first.port, protocols)
      }
    }
  },
}

export const serviceEntryAnalyzers = [addresses, conflictingProtocols]
