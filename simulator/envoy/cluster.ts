// Upstream clusters: hosts by priority, load balancing, circuit breakers and outlier ejection
// (envoy: source/common/upstream, load_balancer_impl.cc, outlier_detection_impl.cc).
import type { EventHandler, RandomStream } from '../engine/types.ts'
import type { CertificateIdentity, ClientHello } from '../wire/types.ts'
import type { Cluster, ClusterLoadAssignment, JsonObject } from '../xds/types.ts'
import { duration, list, number, object, text } from './json.ts'
import { compileString } from './matchers.ts'
import type { ProxyOptions } from './options.ts'
import { HostPool } from './pool.ts'

export interface Host {
  ip: string
  port: number
  key: string
  weight: number
  priority: number
  healthy: boolean
  metadata: JsonObject
  active: number
  deadline: number
  pool: HostPool
  ejectedAt: number
  ejections: number
  consecutive5xx: number
  consecutiveGateway: number
}

const SWEEP = 1

export class UpstreamCluster implements EventHandler {
  readonly name: string
  readonly config: Cluster
  readonly options: ProxyOptions
  readonly maxConnections: number
  readonly maxPending: number
  readonly maxRequests: number
  readonly maxRetries: number
  readonly connectTimeout: number
  readonly maxPerConnection: number
  readonly http2: boolean
  readonly type: string
  hosts: Host[] = []
  connections = 0
  pending = 0
  requests = 0
  retries = 0
  ejected = 0
  private readonly dice: RandomStream
  private readonly policy: string
  private readonly outlier: JsonObject | null
  private turn: number
  private clock = 0
  private sweeping = false

  constructor(config: Cluster, options: ProxyOptions) {
    this.config = config
    this.options = options
    this.name = config.name
    this.type = text(config.type, 'STATIC')
    this.policy = text(config.lb_policy, 'ROUND_ROBIN')
    const limits = object(list(object(config.circuit_breakers).thresholds)[0])
    this.maxConnections = number(limits.max_connections, 1024)
    this.maxPending = number(limits.max_pending_requests, 1024)
    this.maxRequests = number(limits.max_requests, 1024)
    this.maxRetries = number(limits.max_retries, 3)
    this.connectTimeout = duration(config.connect_timeout, 5_000_000)
    const http = object(
      object(config.typed_extension_protocol_options)['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'],
    )
    this.http2 = object(http.explicit_http_config).http2_protocol_options !== undefined
    this.maxPerConnection = number(
      object(http.common_http_protocol_options).max_requests_per_connection,
      number(config.max_requests_per_connection),
    )
    this.outlier = config.outlier_detection ? object(config.outlier_detection) : null
    this.dice = options.random.stream(`envoy/${options.id}/cluster/${config.name}`)
    this.turn = this.dice.below(1 << 16)
  }

  /** Takes a new assignment; hosts of the same address keep pool and health. */
  assign(assignment: ClusterLoadAssignment | null): void {
    const source = assignment ?? object(this.config.load_assignment)
    const known = new Map(this.hosts.map(h => [h.key, h]))
    const next: Host[] = []
    for (const group of list(source.endpoints)) {
      const locality = object(group)
      for (const entry of list(locality.lb_endpoints)) {
        const endpoint = object(entry)
        const address = object(object(object(endpoint.endpoint).address).socket_address)
        const name = text(address.address)
        const dns = this.type.endsWith('DNS') && !/^[\d.]+$/.test(name)
        for (const ip of dns ? (this.options.resolve?.(name) ?? []) : name === '' ? [] : [name]) {
          const port = number(address.port_value)
          const health = text(endpoint.health_status)
          const host = known.get(`${ip}:${port}`) ?? this.host(ip, port)
          host.weight = number(endpoint.load_balancing_weight, 1)
          host.priority = number(locality.priority)
          host.healthy = health === '' || health === 'HEALTHY' || health === 'UNKNOWN'
          host.metadata = object(endpoint.metadata)
          next.push(host)
        }
      }
    }
    this.hosts = next
    this.ejected = next.filter(h => h.ejectedAt >= 0).length
  }

  private host(ip: string, port: number): Host {
    const host = {
      ip,
      port,
      key: `${ip}:${port}`,
      weight: 1,
      priority: 0,
      healthy: true,
      metadata: {},
      active: 0,
      deadline: 0,
      ejectedAt: -1,
      ejections: 0,
      consecutive5xx: 0,
      consecutiveGateway: 0,
    } as unknown as Host
    host.pool = new HostPool(this, host)
    return host
  }

  /** A host for one try; `avoid` are hosts already tried; `original` the original destination. Null = UH. */
  pick(avoid: Host[], picks: number, original: { ip: string; port: number } | null): Host | null {
    if (this.type === 'ORIGINAL_DST') {
      if (!original) return null
      const port = number(object(this.config.original_dst_lb_config).upstream_port_override, original.port)
      const key = `${original.ip}:${port}`
      let host = this.hosts.find(h => h.key === key)
      if (!host) {
        host = this.host(original.ip, port)
        this.hosts.push(host)
      }
      return host
    }
    let chosen: Host | null = null
    for (let i = 0; i < picks; i++) {
      chosen = this.once()
      if (!chosen || !avoid.includes(chosen)) return chosen
    }
    return chosen
  }

  private once(): Host | null {
    const priorities: Host[][] = []
    for (const h of this.hosts) {
      while (priorities.length <= h.priority) priorities.push([])
      priorities[h.priority]?.push(h)
    }
    let fit: Host[] = []
    const up = priorities.map(hosts => hosts.filter(h => h.healthy && h.ejectedAt < 0))
    const health = priorities.map((hosts, i) =>
      hosts.length ? Math.min(100, Math.floor((140 * (up[i]?.length ?? 0)) / hosts.length)) : 0,
    )
    const norm = Math.min(
      100,
      health.reduce((a, b) => a + b, 0),
    )
    const panic = number(object(object(this.config.common_lb_config).healthy_panic_threshold).value, 50)
    if (norm === 0) fit = panic > 0 ? (priorities[0] ?? []) : []
    else {
      const roll = priorities.length > 1 ? this.dice.below(100) : 0
      let sum = 0
      for (let i = 0; i < health.length; i++) {
        const load = Math.min(100 - sum, Math.ceil(((health[i] ?? 0) * 100) / norm))
        sum += load
        if (load > 0 && roll < sum) {
          const hosts = priorities[i] ?? []
          const alive = up[i] ?? []
          fit = norm < 100 && (100 * alive.length) / hosts.length < panic ? hosts : alive
          break
        }
      }
    }
    return this.balance(fit)
  }

  private balance(hosts: Host[]): Host | null {
    const first = hosts[0]
    if (!first) return null
    if (hosts.length === 1) return first
    if (this.policy === 'RANDOM') return hosts[this.dice.below(hosts.length)] ?? null
    const least = this.policy === 'LEAST_REQUEST'
    if (hosts.every(h => h.weight === first.weight)) {
      if (!least) return hosts[this.turn++ % hosts.length] ?? null
      const a = hosts[this.dice.below(hosts.length)] ?? first
      const b = hosts[this.dice.below(hosts.length)] ?? first
      return b.active < a.active ? b : a
    }
    // Earliest deadline first: a host's next turn lies 1/weight after its last.
    let chosen = first
    for (const h of hosts) {
      if (h.deadline === 0) h.deadline = this.clock + 1 / h.weight
      if (h.deadline < chosen.deadline) chosen = h
    }
    this.clock = chosen.deadline
    chosen.deadline = this.clock + (least ? chosen.active + 1 : 1) / chosen.weight
    return chosen
  }

  /** A try ended with this status (resets count as 503, time-outs as 504). */
  report(host: Host, status: number): void {
    if (!this.outlier) return
    if (status < 500) {
      host.consecutive5xx = 0
      host.consecutiveGateway = 0
      return
    }
    const gateway = status >= 502 && status <= 504
    host.consecutive5xx++
    host.consecutiveGateway = gateway ? host.consecutiveGateway + 1 : 0
    if (gateway && host.consecutiveGateway === number(this.outlier.consecutive_gateway_failure, 5)) {
      host.consecutiveGateway = 0
      if (number(this.outlier.enforcing_consecutive_gateway_failure) > 0) this.eject(host, 'ConsecutiveGatewayFailure')
    }
    if (host.consecutive5xx === number(this.outlier.consecutive_5xx, 5)) {
      host.consecutive5xx = 0
      if (number(this.outlier.enforcing_consecutive_5xx, 100) > 0) this.eject(host, 'Consecutive5xx')
    }
  }

  private eject(host: Host, why: string): void {
    if (host.ejectedAt >= 0) return
    if ((100 * (this.ejected + 1)) / this.hosts.length > number(this.outlier?.max_ejection_percent, 10)) return
    host.ejectedAt = this.options.scheduler.now
    host.ejections++
    this.ejected++
    this.tell(host, true, why)
    if (this.sweeping) return
    this.sweeping = true
    this.options.scheduler.after(duration(this.outlier?.interval, 10_000_000), this, SWEEP, null)
  }

  onEvent(): void {
    const now = this.options.scheduler.now
    const base = duration(this.outlier?.base_ejection_time, 30_000_000)
    const max = Math.max(base, duration(this.outlier?.max_ejection_time, 300_000_000))
    for (const h of this.hosts) {
      if (h.ejectedAt >= 0 && now - h.ejectedAt >= Math.min(base * h.ejections, max)) {
        h.ejectedAt = -1
        h.consecutive5xx = 0
        h.consecutiveGateway = 0
        this.ejected--
        this.tell(h, false, '')
      } else if (h.ejectedAt < 0 && h.ejections > 0) h.ejections--
    }
    this.sweeping = this.hosts.some(h => h.ejectedAt >= 0 || h.ejections > 0)
    if (this.sweeping) this.options.scheduler.after(duration(this.outlier?.interval, 10_000_000), this, SWEEP, null)
  }

  private tell(host: Host, ejected: boolean, why: string): void {
    const { recorder, scheduler, id } = this.options
    if (recorder.wants('ejection'))
      recorder.record({
        kind: 'ejection',
        at: scheduler.now,
        proxy: id,
        cluster: this.name,
        host: host.key,
        ejected,
        why,
      })
  }

  /** The hello for a host by transport_socket_matches, else transport_socket. Null = plain text. */
  hello(host: Host): ClientHello | null {
    const labels = object(object(host.metadata.filter_metadata)['envoy.transport_socket_match'])
    let socket = object(this.config.transport_socket)
    for (const entry of list(this.config.transport_socket_matches)) {
      const want = object(object(entry).match)
      if (Object.keys(want).every(k => labels[k] === want[k])) {
        socket = object(object(entry).transport_socket)
        break
      }
    }
    const tls = object(socket.typed_config)
    if (!text(tls['@type']).endsWith('UpstreamTlsContext')) return null
    const common = object(tls.common_tls_context)
    const combined = object(common.combined_validation_context)
    const validation = object(combined.default_validation_context ?? common.validation_context)
    const tests = list(validation.match_typed_subject_alt_names ?? validation.match_subject_alt_names).map(m => {
      const matcher = object(m).matcher ?? m
      return {
        want: text(object(matcher).exact ?? object(matcher).prefix ?? object(matcher).suffix),
        test: compileString(matcher),
      }
    })
    const mesh = list(common.tls_certificate_sds_secret_configs).some(s => object(s).name === 'default')
    return {
      sni: text(tls.sni),
      alpn: list(common.alpn_protocols).map(p => text(p)),
      certificate: mesh ? this.options.certificate() : null,
      verify: (server: CertificateIdentity | null) => {
        if (!server) return 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end'
        if (mesh && !this.options.trustRoots().includes(server.issuer))
          return failed('unable_to_get_local_issuer_certificate')
        if (tests.length > 0 && !server.sans.some(san => tests.some(t => t.test(san))))
          return failed(
            `_verify_SAN_list,_expected_SANs:_[${tests.map(t => t.want).join(',_')}],_certificate_SANs:_[${server.sans.join(',_')}]`,
            true,
          )
        return null
      },
    }
  }
}

function failed(why: string, tight = false): string {
  return `TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify_cert_failed:${tight ? '' : '_'}${why}:TLS_error_end`
}
