// Outbound chains of TCP and TLS ports: what VirtualServices say, else straight to the service
// (pilot/pkg/networking/core/tls.go).
import type { VirtualServiceConfig } from '../../registry/mesh-snapshot.ts'
import { compareText, hostMatches, isWildcard, subsetOf } from '../../registry/names.ts'
import type { Service, ServicePort } from '../../registry/types.ts'
import type { L4MatchAttributes } from '../../resources/index.ts'
import { isTls } from '../../resources/protocol.ts'
import { outboundClusterName } from './cluster-names.ts'
import { type ChainDraft, chainDraft } from './listener-chains.ts'
import { routeDestinations, singleDestination, type TcpDestinationOptions } from './listener-network-filters.ts'
import { alternativeHosts, namesFor } from './route-domains.ts'
import { addressOf, configMetadata, ownNamespace, type TranslationContext } from './translation-context.ts'

export interface OutboundTcpPort {
  service: Service
  port: ServicePort
  /** First address that the listener binds to. */
  bind: string
  destinations: string[]
  /** The destination is one pod of a headless service. */
  perPod: boolean
  /** Other names of the service. */
  aliases: readonly string[]
  virtualServices: readonly VirtualServiceConfig[]
}

const concerns = (rule: VirtualServiceConfig, hostname: string): boolean =>
  rule.spec.hosts.some(host => hostMatches(host, hostname))

/** Predicates that istiod knows the answer of: gateway, the client's labels and namespace, port. */
export function staticMatch(
  context: TranslationContext,
  match: Pick<L4MatchAttributes, 'gateways' | 'sourceLabels' | 'port' | 'sourceNamespace'>,
  gateway: string,
  port: number,
): boolean {
  const { gateways = [] } = match
  return (
    (gateways.length === 0 || gateways.includes(gateway)) &&
    subsetOf(match.sourceLabels, context.proxy.labels) &&
    (!match.port || match.port === port) &&
    (!match.sourceNamespace || match.sourceNamespace === ownNamespace(context))
  )
}

const optionsFor = (port: ServicePort): TcpDestinationOptions => ({
  where: 'outbound',
  security: null,
  protocol: port.protocol,
  port: port.port,
  exchange: false,
})

/** Chains of a TCP or sniffed port (TLS ports have chains by SNI). */
export function outboundTcpChains(context: TranslationContext, target: OutboundTcpPort): ChainDraft[] {
  const rules = target.virtualServices.filter(rule => concerns(rule, target.service.hostname))
  return isTls(target.port.protocol) ? tlsChains(context, target, rules) : tcpChains(context, target, rules)
}

/** Straight to the service; a service with one port is called at that port whatever the listener's. */
function toService(context: TranslationContext, target: OutboundTcpPort) {
  const { service, port } = target
  const only = service.ports.length === 1 ? service.ports[0]?.port : undefined
  const cluster = outboundClusterName(only ?? port.port, '', service.hostname)
  const rule = context.snapshot.destinationRuleFor(context.proxy, service)?.spec ?? null
  return singleDestination(context, cluster, '', rule, optionsFor(port), service)
}

function tlsChains(
  context: TranslationContext,
  target: OutboundTcpPort,
  rules: readonly VirtualServiceConfig[],
): ChainDraft[] {
  const { port } = target
  const chains: ChainDraft[] = []
  const handled = new Set<string>()
  let { destinations } = target
  for (const rule of rules) {
    for (const tls of rule.spec.tls ?? []) {
      if (!tls.route || tls.route.length === 0) continue
      for (const match of tls.match) {
        if (!staticMatch(context, match, 'mesh', port.port)) continue
        if (match.destinationSubnets && match.destinationSubnets.length > 0 && port.port > 0) {
          destinations = match.destinationSubnets
        }
        const predicates = `${match.sniHosts.join()}|${(match.destinationSubnets ?? []).join()}`
        if (handled.has(predicates)) continue
        handled.add(predicates)
        chains.push(
          chainDraft(routeDestinations(context, tls.route, rule, optionsFor(port)), {
            metadata: configMetadata(rule),
            sniHosts: match.sniHosts,
            destinations,
          }),
        )
      }
    }
  }
  if (chains.length > 0) return chains
  const sniHosts = needsSni(context, target, destinations) ? sniNames(context, target) : []
  return [chainDraft(toService(context, target), { sniHosts, destinations })]
}

/** Only the SNI tells services apart where they share an address. */
function needsSni(context: TranslationContext, target: OutboundTcpPort, destinations: readonly string[]): boolean {
  const { service, bind } = target
  if (target.perPod) return false
  const first = addressOf(context, service)
  const address = first.includes('/') ? '' : first
  return (
    destinations.length > 0 ||
    address === '' ||
    (address === context.wildcard && bind === context.wildcard) ||
    (isWildcard(service.hostname) && service.resolution === 'DynamicDNS')
  )
}

function sniNames(context: TranslationContext, { service, aliases }: OutboundTcpPort): string[] {
  const names = [service.hostname]
  for (const alias of aliases) names.push(alias, ...alternativeHosts(alias, namesFor(context, 0)))
  return names
}

function tcpChains(
  context: TranslationContext,
  target: OutboundTcpPort,
  rules: readonly VirtualServiceConfig[],
): ChainDraft[] {
  const { port } = target
  const chains: ChainDraft[] = []
  let complete = false
  for (const rule of rules) {
    for (const tcp of rule.spec.tcp ?? []) {
      if (!tcp.route || tcp.route.length === 0) continue
      const filters = () => routeDestinations(context, tcp.route ?? [], rule, optionsFor(port))
      const matches = (tcp.match ?? []).filter(match => staticMatch(context, match, 'mesh', port.port))
      const everywhere =
        !tcp.match ||
        tcp.match.length === 0 ||
        matches.some(match => !match.destinationSubnets || match.destinationSubnets.length === 0 || port.port === 0)
      if (everywhere) {
        chains.push(chainDraft(filters(), { metadata: configMetadata(rule), destinations: target.destinations }))
        return chains
      }
      const subnets = matches.flatMap(match => match.destinationSubnets ?? []).sort(compareText)
      if (subnets.length === 0) continue
      chains.push(chainDraft(filters(), { destinations: subnets }))
      if (subnets.join() === [...target.destinations].sort(compareText).join()) complete = true
    }
  }
  if (!complete) chains.push(chainDraft(toService(context, target), { destinations: target.destinations }))
  return chains
}
