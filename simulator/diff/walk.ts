// One request on its way through a mesh at rest, decision by decision, with the compiled tables that the proxies run on.
// Where a decision depends on the request, it asks.

import type { CompiledListener, CompiledRoute } from '../envoy/index.ts'
import {
  type Chain,
  chooseChain,
  compileTcp,
  findHost,
  handshake,
  type UpstreamCluster,
  unwrap,
} from '../envoy/index.ts'
import type { ClientHello, ConnectionAttempt } from '../wire/types.ts'
import type { Pod } from '../world/index.ts'
import type { Json, JsonObject } from '../xds/types.ts'
import { type Fate, INBOUND, type Target } from './fate.ts'
import { labelOf } from './labels.ts'
import type { MeshView } from './mesh-view.ts'
import type { Ask } from './symbolic.ts'
import { clusterTreatment, connectionTreatment, isTreated, treatment } from './treatment.ts'
import { conditionHolds, deniedBy, headerHolds, type Known, list, object, text, tokenVerdict } from './walk-rules.ts'

const STRANGER = '203.0.113.10'
/** Gateways may lead to gateways; a longer chain is a circle. */
const MAX_HOPS = 4
/** What the istio.alpn filter offers in place of a cluster's own list, for HTTP/1.1. */
const HTTP_ALPN = ['istio-http/1.1', 'istio', 'http/1.1']
/** HTTP filters that decide nothing: routing itself, statistics, metadata. */
const SILENT =
  /router\.v3\.Router|stats|alpn|grpc_stats|metadata_exchange|peer_metadata|set_filter_state|cors\.v3\.Cors$/i

export function walk(view: MeshView, target: Target, ask: Ask): Fate {
  return new Walk(view, target, ask).go()
}

class Walk {
  private readonly destination = new Map<string, number>()
  private readonly policy = new Map<string, Set<string>>()
  private readonly protection = new Map<string, Set<string>>()
  private readonly origins = new Set<string>()
  private readonly conditions: string[] = []
  private readonly view: MeshView
  private readonly target: Target
  private readonly ask: Ask
  private readonly authority: string

  constructor(view: MeshView, target: Target, ask: Ask) {
    this.view = view
    this.target = target
    this.ask = ask
    const standard = target.tls ? 443 : 80
    this.authority = target.port === standard ? target.host : `${target.host}:${target.port}`
  }

  go(): Fate {
    const { view, target } = this
    const pod = view.workloads().get(target.from === 'internet' ? target.via : target.from)
    if (pod === undefined) this.end('the sender does not exist', 1)
    else if (target.from === 'internet') {
      const attempt = this.attempt(STRANGER, pod.ip, target.port, this.ownHello())
      this.enter(pod, view.inbound(pod, target.port), attempt, 1, 0)
    } else this.leave(pod)
    const { destination, policy, protection, origins, conditions } = this
    return { destination, policy, protection, origins: [...origins], conditions }
  }

  /** From an application, through its sidecar where it has one. */
  private leave(pod: Pod): void {
    const { host, port } = this.target
    const ip = this.view.resolve(host, pod.workload.namespace)
    if (ip === null) {
      this.end('no such name', 1)
      return
    }
    const attempt = this.attempt(pod.ip, ip, port, this.ownHello())
    if (pod.proxy !== null && !pod.workload.gateway) this.enter(pod, this.view.outbound(pod, ip, port), attempt, 1, 0)
    else this.straight(pod, ip, port, attempt.tls, 1)
  }

  /** Without a proxy: kube-proxy takes any backend. */
  private straight(from: Pod, ip: string, port: number, hello: ClientHello | null, share: number): void {
    const service = this.view.services.find(candidate => candidate.addresses.includes(ip))
    const backends = service === undefined ? [] : this.view.world.snapshot.endpoints(service, port)
    if (service === undefined) this.arrive(from, ip, port, hello, share, 0)
    else if (backends.length === 0) this.end('connection refused', share)
    for (const backend of backends) this.arrive(from, backend.address, backend.port, hello, share / backends.length, 0)
  }

  private arrive(from: Pod, ip: string, port: number, hello: ClientHello | null, share: number, hops: number): void {
    const pod = this.view.podAt(ip)
    if (pod === null) {
      this.end(`outside (port ${port})`, share)
      return
    }
    const listener = this.view.inbound(pod, port)
    if (listener === null || hops > MAX_HOPS) {
      this.end(`${labelOf(pod)}:${port}`, share)
      if (hello !== null) this.protect(labelOf(pod), `TLS reaches an application without proxy`)
      return
    }
    this.enter(pod, listener, this.attempt(from.ip, pod.ip, port, hello), share, hops + 1)
  }

  private enter(
    pod: Pod,
    listener: CompiledListener | null,
    attempt: ConnectionAttempt,
    share: number,
    hops: number,
  ): void {
    if (listener === null || pod.proxy === null) {
      this.end('connection refused', share)
      return
    }
    const chain = chooseChain(listener, attempt)
    if (chain === null) {
      this.end('connection closed: no filter chain', share)
      return
    }
    const tls = handshake(chain.tls, attempt, pod.proxy.options)
    if (tls.kind !== 'done') {
      this.end('connection refused', share)
      this.protect(labelOf(pod), `refused, ${tls.kind === 'failed' ? tls.words : 'TLS is required'}`)
      return
    }
    const wrong = tls.hello === null ? null : (attempt.tls?.verify(tls.hello.certificate) ?? null)
    if (wrong !== null) {
      this.end('connection refused', share)
      this.protect(labelOf(pod), `its certificate is not accepted`)
      return
    }
    const secret = tls.terminates
      ? tls.client === null
        ? 'TLS'
        : 'mutual TLS'
      : attempt.tls === null
        ? 'plain text'
        : ''
    if (listener.direction !== 'outbound' && secret !== '') this.protect(labelOf(pod), `${secret}`)
    const known: Known = {
      ask: this.ask,
      authority: this.authority,
      issuer: '',
      down: {
        ip: attempt.destinationIp,
        port: attempt.destinationPort,
        sourceIp: attempt.sourceIp,
        sourcePort: attempt.sourcePort,
        tls: tls.terminates,
        sni: attempt.tls?.sni ?? '',
        peer: tls.client?.sans[0] ?? '',
        certificate: tls.client,
        ownSans: [],
        listener: listener.name,
        chain: chain.name,
        direction: listener.direction,
        drain: chain,
      },
    }
    this.filters(pod, chain, attempt, known, share, hops)
  }

  private filters(pod: Pod, chain: Chain, attempt: ConnectionAttempt, known: Known, share: number, hops: number): void {
    const configs = chain.config.filters.map(filter => object(filter.typed_config))
    for (const config of configs) {
      if (!text(config['@type']).endsWith('network.rbac.v3.RBAC') || !config.rules) continue
      if (!this.permits(pod, config.rules, known, false, share)) return
    }
    const last = configs.at(-1) ?? {}
    if (text(last['@type']).endsWith('HttpConnectionManager')) this.http(pod, last, known, share, hops)
    else if (text(last['@type']).endsWith('TcpProxy')) {
      const tcp = compileTcp(last)
      this.treat(
        `connection at ${this.place(pod, known)}`,
        treatment(last, 'cluster', 'weighted_clusters', 'access_log'),
      )
      const ways = tcp.weighted.length === 0 ? [{ name: tcp.cluster, weight: 1 }] : tcp.weighted
      const total = Math.max(1, tcp.total)
      for (const { name, weight } of ways) {
        const hello = known.down.tls ? null : attempt.tls
        this.cluster(pod, name, (share * weight) / (ways === tcp.weighted ? total : 1), known, hello, null, hops)
      }
    }
  }

  private http(pod: Pod, manager: JsonObject, before: Known, share: number, hops: number): void {
    const place = this.place(pod, before)
    let known = before
    const filters = list(manager.http_filters).map(object)
    for (const filter of filters) {
      const { type, value } = unwrap(object(filter.typed_config))
      if (type.endsWith('http.rbac.v3.RBAC')) {
        if (value.rules && !this.permits(pod, value.rules, known, true, share)) return
      } else if (type.endsWith('JwtAuthentication')) {
        const { issuer, refused, words } = tokenVerdict(value, known)
        if (words !== '') this.protect(labelOf(pod), `${words}`)
        if (refused !== '') {
          this.end(`${labelOf(pod)}: 401`, share)
          this.protect(labelOf(pod), `${refused}`)
          return
        }
        known = { ...known, issuer }
      } else if (!SILENT.test(type) && !type.endsWith('fault.v3.HTTPFault'))
        this.treat(`filter ${text(filter.name)} at ${place}`, treatment(value))
    }
    this.treat(`connection at ${place}`, connectionTreatment(manager))
    const rds = text(object(manager.rds).route_config_name)
    const table =
      rds === ''
        ? this.view.inlineRoutes({ name: '', ...object(manager.route_config) })
        : (pod.proxy?.routeTable(rds) ?? null)
    const host = table === null ? null : findHost(table, known.authority)
    const route = host?.routes.find(candidate => this.matches(candidate, known))
    if (host === null || route === undefined) {
      this.end('404: no route', share)
      return
    }
    if (host.tls && !known.down.tls) {
      this.end('301 to https', share)
      return
    }
    this.treat(`virtual host at ${place}`, treatment(host.config, 'domains', 'routes', 'require_tls'))
    this.route(pod, route, place, known, share, hops)
  }

  private matches(route: CompiledRoute, known: Known): boolean {
    return route.conditions.every(condition => {
      const held = conditionHolds(route, condition, known)
      if (condition.words !== 'path begins with /')
        this.conditions.push(held ? condition.words : `not (${condition.words})`)
      return held
    })
  }

  private route(pod: Pod, route: CompiledRoute, place: string, known: Known, share: number, hops: number): void {
    if (route.origin !== '') this.origins.add(route.origin)
    const { config } = route
    const action = object(config.route)
    const clusters = list(object(action.weighted_clusters).clusters).map(one => treatment(one, 'weight'))
    this.treat(`route at ${place}`, {
      ...object(treatment(config, 'route', 'typed_per_filter_config')),
      ...object(treatment(action, 'cluster', 'weighted_clusters')),
      ...(clusters.some(isTreated) ? { clusters } : {}),
      ...(action.prefix_rewrite === undefined ? {} : { matched: route.matchedPrefix }),
    })
    for (const [name, filter] of Object.entries(object(config.typed_per_filter_config)))
      if (this.applies(object(filter), known)) this.treat(`filter ${name} at ${place}`, treatment(filter, 'headers'))
    if (config.direct_response) this.end(`answer ${JSON.stringify(treatment(config.direct_response))}`, share)
    else if (config.redirect) this.end(`redirect ${JSON.stringify(treatment(config.redirect))}`, share)
    else if (route.clusterHeader !== '') this.end(`the cluster that header ${route.clusterHeader} names`, share)
    else {
      let taken = 0
      for (const { name, until } of route.clusters) {
        const part = (until - taken) / Math.max(1, route.total)
        taken = until
        if (part > 0) this.cluster(pod, name, share * part, known, null, HTTP_ALPN, hops)
      }
    }
  }

  /** A fault may be meant for some requests only. */
  private applies(filter: JsonObject, known: Known): boolean {
    return list(filter.headers).every(matcher => headerHolds(matcher, known))
  }

  private cluster(
    pod: Pod,
    name: string,
    share: number,
    known: Known,
    hello: ClientHello | null,
    alpn: readonly string[] | null,
    hops: number,
  ): void {
    const cluster = pod.proxy?.cluster(name) ?? null
    if (cluster === null) {
      this.end(`503: no cluster ${name}`, share)
      return
    }
    const origin = text(object(object(object(cluster.config.metadata).filter_metadata).istio).config)
    if (origin !== '') this.origins.add(origin)
    const place = this.place(pod, known)
    const to = known.down.direction === 'inbound' ? '' : ` to ${endOf(name)}`
    this.treat(`cluster${to} at ${place}`, clusterTreatment(cluster))
    if (known.down.direction === 'inbound') {
      this.end(`${labelOf(pod)}:${cluster.hosts[0]?.port ?? known.down.port}`, share)
      return
    }
    if (cluster.type === 'ORIGINAL_DST') {
      const { ip, port } = known.down
      const service = this.view.services.find(candidate => candidate.addresses.includes(ip))
      if (service === undefined) this.arrive(pod, ip, port, hello, share, hops)
      else this.straight(pod, ip, port, hello, share)
      return
    }
    this.hosts(pod, cluster, share, hello, alpn, hops)
  }

  private hosts(
    pod: Pod,
    cluster: UpstreamCluster,
    share: number,
    hello: ClientHello | null,
    alpn: readonly string[] | null,
    hops: number,
  ): void {
    const fit = cluster.hosts.filter(host => host.fit)
    if (fit.length === 0) {
      const blackHole = cluster.name === 'BlackHoleCluster'
      this.end(blackHole ? 'blocked (BlackHoleCluster)' : '503: no healthy upstream', share)
      return
    }
    const first = Math.min(...fit.map(host => host.priority))
    const total = fit.filter(host => host.priority === first).reduce((sum, host) => sum + host.weight, 0)
    for (const host of fit) {
      if (host.priority !== first) {
        const spare = this.view.podAt(host.ip)
        const label = spare === null ? 'outside' : labelOf(spare)
        this.treat(`failover to ${label}`, { priority: host.priority - first })
        continue
      }
      const own = cluster.sockets.hello(host, cluster.alpnOverride ? alpn : null, this.target.host)
      const part = (share * host.weight) / total
      if (this.view.podAt(host.ip) === null && own !== null)
        this.protect('outside', `${own.certificate === null ? 'TLS' : 'mutual TLS'} to ${own.sni}`)
      this.arrive(pod, host.ip, host.port, own ?? hello, part, hops)
    }
  }

  private permits(pod: Pod, rules: Json, known: Known, http: boolean, share: number): boolean {
    const { denied, hit } = deniedBy(rules, known, http)
    const policy = /^ns\[(.*?)\]-policy\[(.*?)\]/.exec(hit)
    if (policy !== null)
      this.origins.add(`/apis/security.istio.io/v1/namespaces/${policy[1]}/authorization-policy/${policy[2]}`)
    this.protect(labelOf(pod), `${denied === null ? 'allowed' : 'denied'}`)
    if (denied !== null) this.end(`${labelOf(pod)}: ${http ? '403' : 'connection closed'}`, share)
    return denied === null
  }

  private end(where: string, share: number): void {
    this.destination.set(where, (this.destination.get(where) ?? 0) + share)
  }

  private treat(where: string, how: Json): void {
    if (isTreated(how)) add(this.policy, where, JSON.stringify(how))
  }

  private protect(workload: string, how: string): void {
    add(this.protection, workload, how)
  }

  private place(pod: Pod, known: Known): string {
    const { direction } = known.down
    return direction === 'inbound' ? labelOf(pod) + INBOUND : direction
  }

  private ownHello(): ClientHello | null {
    if (!this.target.tls) return null
    return { sni: this.target.host, alpn: ['h2', 'http/1.1'], certificate: null, verify: () => null }
  }

  private attempt(from: string, ip: string, port: number, tls: ClientHello | null): ConnectionAttempt {
    return {
      sourceIp: from,
      sourcePort: 40_000,
      destinationIp: ip,
      destinationPort: port,
      tls,
      firstBytes: tls === null ? 'HTTP/1.1' : 'none',
    }
  }
}

function add(told: Map<string, Set<string>>, place: string, words: string): void {
  const known = told.get(place)
  if (known !== undefined) known.add(words)
  else told.set(place, new Set([words]))
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local` -> its host: subsets are told apart by where they lead. */
const endOf = (cluster: string): string => cluster.split('|')[3] ?? cluster
