// Outbound listeners of a sidecar: one for each address and port that services have, HTTP ports shared
// (pilot/pkg/networking/core/listener.go buildSidecarOutboundListeners).
import type { EgressListener, VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { isIpAddress } from '../../registry/names.ts'
import type { Protocol, Service, ServicePort } from '../../registry/types.ts'
import { isHttp, isTcp, parseProtocol } from '../../resources/protocol.ts'
import type { JsonObject, Listener, NamedFilter } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'
import { statsPrefix } from './cluster-names.ts'
import { connectionManager } from './hcm.ts'
import { proxyHeaders } from './hcm-proxy-headers.ts'
import { type ChainDraft, chainDraft, chainMatch, chainOf, chainsConflict, matchesAll } from './listener-chains.ts'
import { httpInspector, tlsInspector } from './listener-filters.ts'
import { outboundTcpChains } from './listener-outbound-tcp.ts'
import { catchAllFilters } from './listener-virtual-outbound.ts'
import { noSecurity } from './security-filters.ts'
import { addressesOf, addressOf, aliasesIn, type TranslationContext, text } from './translation-context.ts'

export const plaintextHttpAlpn = (context: TranslationContext): string[] =>
  context.snapshot.flagOn('PILOT_HTTP10', false) ? ['http/1.0', 'http/1.1', 'h2c'] : ['http/1.1', 'h2c']

/** Where a listener is bound; no addresses yet = wherever the service lives. */
interface Binding {
  addresses: string[]
  toPort: boolean
}

interface Entry {
  binding: Binding
  port: ServicePort
  protocol: Protocol
  /** An earlier egress listener owns it. */
  locked: boolean
  chains: ChainDraft[]
}

interface Target {
  service: Service
  port: ServicePort
  binding: Binding
  destinations: string[]
  /** The destination is one pod of a headless service: it needs no SNI to be told apart. */
  perPod?: true
  listener: EgressListener
}

const READONLY_PORTS = ['ENVOY_STATUS_PORT', 'ENVOY_PROMETHEUS_PORT'] as const

/** False where the proxy's own ports are, or a low port of a proxy without rights. */
export function canBind(
  context: TranslationContext,
  binding: { address: string; toPort: boolean },
  port: number,
  protocol: Protocol,
  outbound: boolean,
): boolean {
  const { proxy, mesh, wildcard } = context
  if (binding.toPort && port < 1024 && text(proxy.metadata['UNPRIVILEGED_POD']) === 'true') return false
  if (binding.address === '' ? !isHttp(protocol) : binding.address !== wildcard) return true
  if (READONLY_PORTS.some(key => Number(proxy.metadata[key] ?? 0) === port)) return false
  return !outbound || (port !== mesh.proxyListenPort && port !== mesh.proxyInboundListenPort)
}

export function outboundListeners(context: TranslationContext): Listener[] {
  const builder = new OutboundBuilder(context)
  for (const listener of context.scope.egressListeners) builder.addEgressListener(listener)
  return builder.listeners()
}

class OutboundBuilder {
  private readonly context: TranslationContext
  private readonly entries = new Map<string, Entry>()
  private readonly rules = new Map<EgressListener, readonly VirtualServiceConfig[]>()

  constructor(context: TranslationContext) {
    this.context = context
  }

  addEgressListener(listener: EgressListener): void {
    const { spec, services } = listener
    const toPort = this.context.withoutCapture || spec?.captureMode === 'NONE' || text(spec?.bind).startsWith('unix://')
    const addresses = spec?.bind ? [spec.bind] : toPort ? [this.context.localhost] : []
    const binding: Binding = { addresses, toPort }
    if (spec?.port) {
      const port: ServicePort = {
        name: spec.port.name ?? '',
        port: spec.port.number ?? 0,
        protocol: parseProtocol(spec.port.protocol ?? ''),
        targetPort: null,
      }
      if (!this.canBind(binding, port)) return
      for (const service of services) this.add({ service, port, binding, destinations: [], listener })
      return
    }
    for (const entry of this.entries.values()) entry.locked = true
    for (const service of services) {
      for (const port of service.ports) this.addServicePort(service, port, binding, listener)
    }
  }

  private canBind(binding: Binding, port: ServicePort): boolean {
    const where = { address: binding.addresses[0] ?? '', toPort: binding.toPort }
    return canBind(this.context, where, port.port, port.protocol, true)
  }

  private addServicePort(service: Service, port: ServicePort, binding: Binding, listener: EgressListener): void {
    if (!this.canBind(binding, port)) return
    const target: Target = { service, port, binding, destinations: [], listener }
    const headless =
      binding.addresses.length === 0 &&
      service.resolution === 'Passthrough' &&
      addressOf(this.context, service) === '0.0.0.0' &&
      (isTcp(port.protocol) || port.protocol === 'Unsupported')
    if (!headless) {
      this.addAtEveryAddress(target)
      return
    }
    const endpoints = this.context.snapshot.endpoints(service, port.port)
    if (service.source !== 'Kubernetes' && endpoints.length === 0 && !service.selector) {
      this.add(target)
      return
    }
    const shared = this.context.snapshot.flagOn('PILOT_ENABLE_HEADLESS_FILTER_CHAIN_LISTENER', false)
    for (const { address } of endpoints) {
      // a proxy needs no listener for its own pod
      if (!isIpAddress(address) || address === this.context.proxy.ipAddresses[0]) continue
      if (shared && port.protocol !== 'Unsupported') {
        // one listener for all pods, a chain for each
        const { wildcard } = this.context
        this.add({ ...target, binding: { ...binding, addresses: [wildcard] }, destinations: [address], perPod: true })
      } else this.add({ ...target, binding: { ...binding, addresses: [address] } })
    }
  }

  /** Every address of a ServiceEntry has a listener of its own; a Kubernetes Service's further ones are additional. */
  private addAtEveryAddress(target: Target): void {
    const { service, binding } = target
    const several = service.source === 'External' && service.addresses.length > 1 && binding.addresses.length === 0
    if (!several || isHttp(target.port.protocol)) {
      this.add(target)
      return
    }
    for (const address of service.addresses) this.add({ ...target, service: { ...service, addresses: [address] } })
  }

  private add(target: Target): void {
    const { service, port } = target
    if (service.resolution === 'Alias' || port.protocol === 'UDP') return
    const { wildcard } = this.context
    const http = isHttp(port.protocol)
    let { binding, destinations } = target
    if (binding.addresses.length === 0) {
      const known = addressesOf(this.context, service)
      const own = known.length > 0 ? [...known] : [wildcard]
      if (http) binding = { ...binding, addresses: [wildcard] }
      else if (addressOf(this.context, service).includes('/')) {
        binding = { ...binding, addresses: [wildcard] }
        destinations = own
      } else binding = { ...binding, addresses: own }
    }
    const placed: Target = { ...target, binding, destinations }
    const key = `${binding.addresses[0]}|${port.port}`
    const current = this.entries.get(key)
    if (current?.locked) return
    this.place(placed, key, current)
  }

  private place(target: Target, key: string, current: Entry | undefined): void {
    const { port } = target
    const onWildcard = target.binding.addresses[0] === this.context.wildcard
    const create = (protocol: Protocol, chains: ChainDraft[]): void => {
      this.entries.set(key, { binding: target.binding, port, protocol, locked: false, chains })
    }
    if (port.protocol === 'HTTP_PROXY') {
      if (!clashes(port.protocol, current)) create('HTTP_PROXY', [this.httpChain(target, false)])
      return
    }
    if (isHttp(port.protocol)) {
      if (current && !isTcp(current.protocol)) return
      const chain = this.httpChain(target, onWildcard)
      if (!current) create(onWildcard ? 'Unsupported' : port.protocol, [chain])
      else if (!clashes(port.protocol, current)) {
        merge(current, [chain])
        current.protocol = 'Unsupported'
      }
      return
    }
    if (clashes(port.protocol, current)) return
    const tcp = outboundTcpChains(this.context, {
      service: target.service,
      port,
      bind: target.binding.addresses[0] ?? '',
      destinations: target.destinations,
      perPod: target.perPod === true,
      aliases: aliasesIn(this.context, target.listener, target.service),
      virtualServices: this.streamRules(target.listener),
    })
    const sniffed = port.protocol === 'Unsupported'
    if (current && !isHttp(current.protocol) && !isTcp(current.protocol)) {
      merge(current, tcp)
      return
    }
    const chains = sniffed ? [...tcp, this.httpChain(target, true)] : tcp
    if (!current || (sniffed && isHttp(current.protocol))) create(port.protocol, chains)
    else {
      merge(current, chains)
      if (sniffed || isHttp(current.protocol)) current.protocol = 'Unsupported'
    }
  }

  /** VirtualServices with rules for TCP or TLS: most have none, and services are many. */
  private streamRules(listener: EgressListener): readonly VirtualServiceConfig[] {
    let found = this.rules.get(listener)
    if (found === undefined) {
      found = listener.virtualServices.filter(({ spec }) => (spec.tcp ?? []).length + (spec.tls ?? []).length > 0)
      this.rules.set(listener, found)
    }
    return found
  }

  private httpChain(target: Target, sniffed: boolean): ChainDraft {
    const { context } = this
    const { port, service, binding } = target
    const address = binding.addresses[0] ?? ''
    let routes = String(port.port)
    if (port.port === 0) routes = address
    else if (port.protocol === 'Unsupported' && address !== context.wildcard)
      routes = `${service.hostname}:${port.port}`
    const filter = connectionManager(context, noSecurity, {
      where: 'outbound',
      protocol: port.protocol,
      statPrefix: statsPrefix(`outbound_${address}_${port.port}`),
      routes,
      useRemoteAddress: context.snapshot.flagOn('PILOT_SIDECAR_USE_REMOTE_ADDRESS', false),
      headers: proxyHeaders(context, 'outbound'),
      manager: {},
      service,
    })
    return chainDraft(
      [filter],
      sniffed ? { applicationProtocols: plaintextHttpAlpn(context), transportProtocol: 'raw_buffer' } : {},
    )
  }

  listeners(): Listener[] {
    return [...this.entries.values()].map(entry => outboundListener(this.context, entry, catchAllFilters(this.context)))
  }
}

/** Mongo and MySQL never share a listener with another protocol. */
function clashes(incoming: Protocol, current: Entry | undefined): boolean {
  if (!current || incoming === current.protocol) return false
  return [incoming, current.protocol].some(protocol => protocol === 'Mongo' || protocol === 'MySQL')
}

/** What matches like something older is left out. */
function merge(current: Entry, incoming: readonly ChainDraft[]): void {
  for (const chain of incoming) {
    if (!current.chains.some(existing => chainsConflict(existing, chain))) current.chains.push(chain)
  }
}

export const socketAddress = (address: string, port: number): Listener['address'] =>
  address.startsWith('unix://')
    ? ({ pipe: { path: address.slice('unix://'.length) } } as unknown as Listener['address'])
    : { socket_address: { address, port_value: port } }

/** A listener with its chains; connections that no chain takes go to `otherwise`. */
export function outboundListener(
  context: TranslationContext,
  entry: Pick<Entry, 'binding' | 'port' | 'chains'>,
  otherwise: NamedFilter[],
): Listener {
  const [address = '', ...further] = entry.binding.addresses
  const { port } = entry.port
  const filters: NamedFilter[] = []
  const needsTls = entry.chains.some(
    chain => chain.sniHosts.length > 0 || chain.filters.some(filter => filter.name.includes('sni_dynamic_forward')),
  )
  const needsHttp = entry.chains.some(chain => chain.applicationProtocols.length > 0)
  if (needsTls) filters.push(tlsInspector())
  if (needsHttp) filters.push(httpInspector())
  const exact = entry.chains.filter(chain => !matchesAll(chain))
  const all = entry.chains.filter(matchesAll).map(chainOf).pop()
  const chains = exact.map(chain => ({ ...chainOf(chain), filter_chain_match: chainMatch(chain) ?? {} }))
  const fallback = all ?? { name: 'PassthroughFilterChain', filter_chain_match: {}, filters: otherwise }
  const additional: JsonObject =
    further.length > 0 && context.snapshot.flagOn('ISTIO_DUAL_STACK', false)
      ? { additional_addresses: further.map(extra => ({ address: socketAddress(extra, port) })) }
      : {}
  return {
    name: `${address}_${port}`,
    address: socketAddress(address, port),
    ...additional,
    ...(chains.length > 0
      ? { filter_chains: chains, default_filter_chain: fallback }
      : all
        ? { filter_chains: [all] }
        : { default_filter_chain: fallback }),
    ...(filters.length > 0 ? { listener_filters: filters } : {}),
    listener_filters_timeout: needsHttp ? protoDuration(context.mesh.protocolDetectionTimeout) : '0s',
    continue_on_listener_filters_timeout: true,
    traffic_direction: 'OUTBOUND',
    ...(entry.binding.toPort ? { max_connections_to_accept_per_socket_event: 1 } : { bind_to_port: false }),
  }
}
