// What istiod's webhook refuses of a VirtualService (istio: pkg/config/validation/validation.go).
import type { Path } from '../diagnostics/types.ts'
import { hostMatches, hostSubsetOf } from '../resources/host-names.ts'
import type { Loose } from '../resources/loose.ts'
import type { VirtualService } from '../resources/networking/virtual-service.ts'
import { exportTo } from './common.ts'
import { gatewayHostProblem, isIp, wildcardProblem } from './hosts.ts'
import { isClaim } from './http-headers.ts'
import { httpRoute, weighted } from './http-route.ts'
import { gatewayNames, l4Match } from './l4-match.ts'
import type { Refusals } from './refusals.ts'
import { unreachableRules } from './unreachable.ts'

export function validateVirtualService(spec: Loose<VirtualService>, out: Refusals): void {
  const { hosts = [], gateways = [], http = [], tls = [], tcp = [] } = spec
  const delegate = hosts.length === 0
  const gatewayApi = out.resource.metadata.annotations['internal.istio.io/route-semantics'] === 'gateway'
  if (delegate) {
    out.errorIf(gateways.length > 0, ['spec', 'gateways'], 'delegate virtual service must have no gateways specified')
    out.errorIf(tls.length > 0, ['spec', 'tls'], 'delegate virtual service must have no tls route specified')
    out.errorIf(tcp.length > 0, ['spec', 'tcp'], 'delegate virtual service must have no tcp route specified')
  }
  gatewayNames(gateways, ['spec', 'gateways'], { gatewayApi }, out)
  const gatewayOnly = gateways.length > 0 && !gateways.includes('mesh')
  if (!gatewayOnly) claimRoutes(spec, out)
  virtualHosts(spec, gatewayOnly, out)
  const rules = http.length + tls.length + tcp.length
  out.errorIf(rules === 0, ['spec'], 'http, tcp or tls must be provided in virtual service')
  for (const [i, route] of http.entries()) httpRoute(route, ['spec', 'http', i], { delegate, gatewayApi }, out)
  for (const [i, route] of tls.entries()) {
    const path: Path = ['spec', 'tls', i]
    out.errorIf((route.match ?? []).length === 0, path, 'TLS route must have at least one match condition')
    for (const match of route.match ?? []) {
      const names = match.sniHosts ?? []
      out.errorIf(names.length === 0, path, 'TLS match must have at least one SNI host')
      for (const name of names) sniHost(name, hosts, !gateways.includes('mesh'), path, out)
      l4Match(match, path, out, { legacyWarns: true })
    }
    out.errorIf((route.route ?? []).length === 0, path, 'TLS route is required')
    weighted(route.route ?? [], [...path, 'route'], { gatewayApi }, out)
  }
  for (const [i, route] of tcp.entries()) {
    const path: Path = ['spec', 'tcp', i]
    for (const match of route.match ?? []) l4Match(match, path, out)
    out.errorIf((route.route ?? []).length === 0, path, 'TCP route is required')
    weighted(route.route ?? [], [...path, 'route'], { gatewayApi }, out)
  }
  exportTo(spec.exportTo, out)
  unreachableRules(spec, out)
}

function claimRoutes(spec: Loose<VirtualService>, out: Refusals): void {
  for (const [i, route] of (spec.http ?? []).entries()) {
    for (const match of route.match ?? []) {
      for (const key of [...Object.keys(match.headers ?? {}), ...Object.keys(match.withoutHeaders ?? {})]) {
        const found = `found no gateways: [${(spec.gateways ?? []).join(' ')}]`
        const message = `JWT claim based routing (key: ${key}) is only supported for gateway, ${found}`
        out.errorIf(isClaim(key), ['spec', 'http', i, 'match'], message)
      }
    }
  }
}

function virtualHosts(spec: Loose<VirtualService>, gatewayOnly: boolean, out: Refusals): void {
  const hosts = spec.hosts ?? []
  const sni = (spec.tls ?? []).some(route => (route.match ?? []).some(match => (match.sniHosts ?? []).length > 0))
  let valid = true
  for (const [i, host] of hosts.entries()) {
    const path: Path = ['spec', 'hosts', i]
    const problem = gatewayOnly ? gatewayHostProblem(sni, host) : wildcardProblem(host)
    if (problem !== null && !isIp(host)) {
      out.error(path, problem)
      valid = false
    } else if (!gatewayOnly && host === '*') {
      out.error(path, 'wildcard host * is not allowed for virtual services bound to the mesh gateway')
      valid = false
    }
  }
  if (!valid) return
  for (const [i, left] of hosts.entries()) {
    for (const right of hosts.slice(i + 1)) {
      const message = `duplicate hosts in virtual service: ${left} & ${right}`
      out.errorIf(hostMatches(left, right), ['spec', 'hosts', i], message)
    }
  }
}

function sniHost(name: string, hosts: readonly string[], gateway: boolean, path: Path, out: Refusals): void {
  const problem = gateway ? gatewayHostProblem(true, name) : wildcardProblem(name)
  if (problem !== null) {
    if (isIp(name))
      out.warn(path, `using an IP address ("${name}") goes against SNI spec and most clients do not support this`)
    else out.error(path, problem)
    return
  }
  const what = 'is not a compatible subset of any of the virtual service hosts'
  const known = hosts.some(host => hostSubsetOf(name, host))
  out.errorIf(!known, path, `SNI host "${name}" ${what}: [${hosts.join(', ')}]`)
}
