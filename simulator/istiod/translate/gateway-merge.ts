// All servers of all Gateways of a proxy, merged by port (pilot/pkg/model/gateway.go mergeGateways).
import type { GatewayConfig, ServiceTarget } from '../../registry/mesh-snapshot.ts'
import { compareText } from '../../registry/names.ts'
import type { Protocol } from '../../registry/types.ts'
import type { Server } from '../../resources/index.ts'
import { isHttp, parseProtocol } from '../../resources/protocol.ts'
import { isHttpServer, isPassthrough, isTlsServer, serverProtocol } from './gateway-server.ts'
import type { TranslationContext } from './translation-context.ts'

/** A server whose hosts are `namespace/host` with the namespace resolved, or `host` for any namespace. */
export interface GatewayServer {
  spec: Server
  hosts: string[]
  gateway: GatewayConfig
  /** `namespace/name`. */
  gatewayName: string
}

export interface ServerPort {
  /** Port of the pod. */
  number: number
  protocol: string
  bind: string
}

export interface MergedPort extends ServerPort {
  servers: GatewayServer[]
  /** Route configuration of plain HTTP; those with TLS have their own. */
  routeName: string
}

export interface MergedGateway {
  ports: MergedPort[]
  serversByRoute: ReadonlyMap<string, GatewayServer[]>
  tls: ReadonlyMap<GatewayServer, { routeName: string; sniHosts: string[] }>
}

const DISABLE_TRANSLATION = 'experimental.istio.io/disable-gateway-port-translation'
const GATEWAY_SERVICE = 'internal.istio.io/gateway-service'

class Merger {
  readonly ports: MergedPort[] = []
  readonly serversByRoute = new Map<string, GatewayServer[]>()
  readonly tls = new Map<GatewayServer, { routeName: string; sniHosts: string[] }>()
  private readonly seen = new Set<number>()
  private readonly plain = new Map<number, MergedPort>()
  private readonly hostsByPort = new Map<number, Map<string, string>>()
  private readonly bindsWithTls = new Map<number, Set<string>>()

  add(server: GatewayServer, number: number): void {
    const { spec } = server
    const bind = spec.bind ?? ''
    const routeName = routeNameOf(server, number)
    if (spec.tls) {
      let known = this.hostsByPort.get(number)
      if (!known) {
        known = new Map()
        this.hostsByPort.set(number, known)
      }
      if (claimHosts(server.hosts, bind, known)) return
      this.tls.set(server, { routeName, sniHosts: sniHosts(server) })
    }
    const port: ServerPort = { number, protocol: spec.port.protocol, bind }
    if (!this.seen.has(number)) {
      this.seen.add(number)
      this.open(server, port, routeName)
      return
    }
    const current = this.plain.get(number)
    if (current) this.addToPlain(server, port, routeName, current)
    else this.addToTls(server, port, routeName)
  }

  private find(port: ServerPort): MergedPort | undefined {
    return this.ports.find(
      known => known.number === port.number && known.protocol === port.protocol && known.bind === port.bind,
    )
  }

  private open(server: GatewayServer, port: ServerPort, routeName: string): MergedPort {
    const merged: MergedPort = { ...port, servers: [server], routeName }
    if (!isTlsServer(server.spec)) this.plain.set(port.number, merged)
    if (isHttpServer(server.spec)) this.serversByRoute.set(routeName, [server])
    this.ports.push(merged)
    return merged
  }

  private addRoute(routeName: string, server: GatewayServer): void {
    this.serversByRoute.set(routeName, [...(this.serversByRoute.get(routeName) ?? []), server])
  }

  private addToPlain(server: GatewayServer, port: ServerPort, routeName: string, current: MergedPort): void {
    if (current.bind === port.bind) {
      if (!canMerge(parseProtocol(port.protocol), parseProtocol(current.protocol)) || routeName === '') return
      current.servers.push(server)
      this.addRoute(routeName, server)
      return
    }
    const known = this.find(port)
    if (!known) {
      this.open(server, port, routeName)
      return
    }
    known.routeName = routeName
    known.servers.push(server)
    this.addRoute(routeName, server)
  }

  private addToTls(server: GatewayServer, port: ServerPort, routeName: string): void {
    if (!isTlsServer(server.spec)) {
      this.open(server, port, routeName)
      return
    }
    if (isHttpServer(server.spec)) {
      // names of HTTPS ports must be unique in a gateway
      if (routeName === '' || this.serversByRoute.has(routeName)) return
      this.serversByRoute.set(routeName, [server])
    }
    const binds = this.bindsWithTls.get(port.number) ?? new Set()
    this.bindsWithTls.set(port.number, binds.add(port.bind))
    const known = this.find(port)
    if (known) known.servers.push(server)
    else this.ports.push({ ...port, servers: [server], routeName: '' })
  }
}

const canMerge = (current: Protocol, other: Protocol): boolean =>
  (isHttp(current) || current === other) && isHttp(other)

/** True when one of the hosts is taken on this bind; else all are taken now. */
function claimHosts(hosts: readonly string[], bind: string, known: Map<string, string>): boolean {
  if (hosts.some(host => known.get(host) === bind)) return true
  for (const host of hosts) known.set(host, bind)
  return false
}

/** Takes SNI names for passthrough routes; names that are taken already keep the route out. */
export const claimSniHosts = claimHosts

function sniHosts(server: GatewayServer): string[] {
  const hosts = server.hosts.map(host => (host.includes('/') ? (host.split('/')[1] ?? '') : host))
  return [...new Set(hosts)].sort(compareText)
}

/** `http.PORT[.BIND]`, `https.PORT.NAME.GATEWAY.NAMESPACE[.BIND]`, or '' for TCP. */
function routeNameOf(server: GatewayServer, number: number): string {
  const { spec, gateway } = server
  const bind = spec.bind ? `.${spec.bind}` : ''
  const protocol = serverProtocol(spec)
  if (isHttp(protocol)) return `http.${number}${bind}`
  if (protocol !== 'HTTPS' || isPassthrough(spec)) return ''
  return `https.${spec.port.number}.${spec.port.name}.${gateway.name}.${gateway.namespace}${bind}`
}

/** `./h` -> `namespace/h`, `*` before the slash -> any namespace. */
function resolvedHosts(hosts: readonly string[], namespace: string): string[] {
  const resolved: string[] = []
  for (const host of hosts) {
    const [owner = '', name] = host.split('/')
    if (name === undefined) resolved.push(host)
    else if (owner === '.') resolved.push(`${namespace}/${name}`)
    else if (owner !== '*') resolved.push(host)
    else if (name === '*') return ['*']
    else resolved.push(name)
  }
  return resolved
}

/** Ports of the pod behind a server's port: through the pod's Services, else the port itself. */
function podPorts(number: number, targets: readonly ServiceTarget[], bySelector: boolean): number[] {
  const ports: number[] = []
  for (const target of targets) {
    if (bySelector && DISABLE_TRANSLATION in target.service.labels) continue
    if (target.port.port !== number) continue
    if (bySelector) return [target.targetPort]
    if (!ports.includes(target.targetPort)) ports.push(target.targetPort)
  }
  return ports.length === 0 && bySelector ? [number] : ports
}

/** Merged by age of the Gateways; what conflicts with something older is left out. */
export function mergeGateways(context: TranslationContext): MergedGateway {
  const { snapshot, proxy } = context
  const merger = new Merger()
  const targets = snapshot.serviceTargets(proxy)
  for (const gateway of snapshot.gatewaysFor(proxy)) {
    const named = gateway.annotations[GATEWAY_SERVICE]?.split(',') ?? null
    const own = named ? targets.filter(target => named.includes(target.service.hostname)) : targets
    for (const spec of gateway.spec.servers ?? []) {
      const server: GatewayServer = {
        spec,
        hosts: resolvedHosts(spec.hosts, gateway.namespace),
        gateway,
        gatewayName: `${gateway.namespace}/${gateway.name}`,
      }
      for (const port of podPorts(spec.port.number, own, named === null)) merger.add(server, port)
    }
  }
  return { ports: merger.ports, serversByRoute: merger.serversByRoute, tls: merger.tls }
}
