// Host names as Istio compares them (pkg/config/host/name.go) and the way from a short name to a full one
// (pilot/pkg/model/config.go).

import { compareText } from '../resources/compare.ts'
import { isWildcard } from '../resources/host-names.ts'
import type { ProxyNode } from './types.ts'

export { hostMatches, hostSubsetOf, isWildcard } from '../resources/host-names.ts'

export const DOMAIN_SUFFIX = 'cluster.local'

/** Value of the exact host, else of the longest wildcard that covers it (MostSpecificHostMatch). */
export function mostSpecificHost<T>(needle: string, byHost: ReadonlyMap<string, T>): T | null {
  const exact = byHost.get(needle)
  if (exact !== undefined) return exact
  const tail = isWildcard(needle) ? needle.slice(1) : needle
  let best: string | null = null
  for (const host of byHost.keys()) {
    if (!isWildcard(host) || !tail.endsWith(host.slice(1))) continue
    if (best === null || host.length > best.length || (host.length === best.length && host < best)) best = host
  }
  return best === null ? null : (byHost.get(best) ?? null)
}

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}$/

export function isIpAddress(text: string): boolean {
  if (IPV4.test(text)) return text.split('.').every(part => Number(part) <= 255)
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text)
}

/** `reviews` in namespace `a` -> `reviews.a.svc.cluster.local`; names with a dot, `*` and addresses stay. */
export function resolveShortName(host: string, namespace: string, domain: string = DOMAIN_SUFFIX): string {
  if (host === '' || host === '*' || isIpAddress(host) || host.includes('.')) return host
  return domain === '' ? `${host}.${namespace}` : `${host}.${namespace}.svc.${domain}`
}

/** The way a VirtualService names a Gateway -> `namespace/name`; `mesh` stays. */
export function resolveGatewayName(gateway: string, namespace: string): string {
  if (gateway === 'mesh') return gateway
  const slash = gateway.indexOf('/')
  if (slash >= 0) return gateway.startsWith('./') ? `${namespace}/${gateway.slice(slash + 1)}` : gateway
  const [name = '', owner] = gateway.split('.')
  return owner === undefined ? `${namespace}/${name}` : `${owner}/${name}`
}

export { compareText }

interface Aged {
  creationTime: number
  name: string
  namespace: string
}

/** Older first; then name, then namespace (configCompareByCreationTime). */
export const compareAge = (a: Aged, b: Aged): number =>
  a.creationTime - b.creationTime || compareText(a.name, b.name) || compareText(a.namespace, b.namespace)

/** Does every label of the selector stand on the workload? */
export function subsetOf(
  selector: Readonly<Record<string, string>> | null | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (!selector) return true
  for (const [key, value] of Object.entries(selector)) if (labels[key] !== value) return false
  return true
}

/** Name of the application, else of the workload, with its namespace: Envoy's `node.cluster` (pkg/bootstrap/config.go). */
export function serviceCluster(node: Pick<ProxyNode, 'labels' | 'name' | 'namespace'>): string {
  const app = node.labels['service.istio.io/canonical-name'] ?? node.labels['app'] ?? node.name
  return `${app}.${node.namespace}`
}
