// Names by which a service is called: the domains of its virtual host (pilot/pkg/networking/core/httproute.go).
import { isIpAddress } from '../../registry/names.ts'
import type { Service } from '../../registry/types.ts'
import { bracketed, domainName, type TranslationContext } from './translation-context.ts'

const withPort = (name: string, port: number): string[] =>
  port === 0 ? [bracketed(name)] : [bracketed(name), domainName(name, port)]

export interface NamesFor {
  /** Port of `name:port` variants, 0 = none. */
  port: number
  proxyDomain: string
  /** With the name that ends in a dot: istiod's flag PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN. */
  absolute: boolean
}

export const namesFor = ({ proxy, snapshot }: TranslationContext, port: number): NamesFor => ({
  port,
  proxyDomain: proxy.dnsDomain,
  absolute: snapshot.flagOn('PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN', true),
})

/** Other names of a host: with a dot at the end, and shorter ones as DNS in the proxy's namespace completes them. */
export function alternativeHosts(hostname: string, { port, proxyDomain, absolute }: NamesFor): string[] {
  const names: string[] = []
  if (absolute && !isIpAddress(hostname)) names.push(`${hostname}.`)
  if (absolute && port !== 0) names.push(domainName(`${hostname}.`, port))
  const at = proxyDomain.indexOf('.svc.')
  if (at >= 0) {
    const suffix = at > 0 ? proxyDomain.slice(at) : proxyDomain
    if (hostname.endsWith(suffix)) names.push(...kubernetesNames(hostname, port, proxyDomain.slice(0, at)))
    return names
  }
  return [...names, ...sharedDomainNames(hostname, port, proxyDomain)]
}

function kubernetesNames(hostname: string, port: number, namespace: string): string[] {
  const end = hostname.indexOf('.svc.')
  const dot = hostname.indexOf('.')
  if (end <= 0 || dot + 1 > end) return []
  const qualified = hostname.slice(0, end)
  if (hostname.slice(dot + 1, end) === namespace) {
    return [hostname.slice(0, dot), `${qualified}.svc`, qualified].flatMap(name => withPort(name, port))
  }
  return [qualified, `${qualified}.svc`].flatMap(name => withPort(name, port))
}

/** Outside Kubernetes: what is left of the host without the end that it shares with the proxy's domain. */
function sharedDomainNames(hostname: string, port: number, proxyDomain: string): string[] {
  const host = hostname.split('.')
  const domain = proxyDomain.split('.')
  let shared = 0
  while (
    shared < Math.min(host.length, domain.length) &&
    host[host.length - 1 - shared] === domain[domain.length - 1 - shared]
  ) {
    shared++
  }
  if (shared === 0) return []
  const own = host.slice(0, host.length - shared)
  const unique = own.join('.')
  const names = withPort(unique, port)
  if (own.length === 2) names.push(...withPort(`${unique}.${host[host.length - shared]}`, port))
  return names
}

export interface ServiceDomains {
  all: string[]
  /** Those that are only shortened forms: they give way to a service that really has that name. */
  alternatives: string[]
}

/** All domains of a service; port 0 where the port in Host is ignored. */
export function serviceDomains(
  service: Service,
  aliases: readonly string[],
  addresses: readonly string[],
  names: NamesFor,
): ServiceDomains {
  const { port } = names
  const all: string[] = []
  const alternatives: string[] = []
  for (const name of [service.hostname, ...aliases]) {
    const shorter = alternativeHosts(name, names)
    all.push(...withPort(name, port), ...shorter)
    alternatives.push(...shorter)
  }
  if (service.resolution === 'Passthrough' && service.source === 'Kubernetes') {
    all.push(...all.map(domain => `*.${domain}`))
  }
  for (const address of addresses) {
    if (address !== '' && address !== '0.0.0.0') all.push(...withPort(address, port))
  }
  return { all, alternatives }
}
