// All connection pools to one host: one per protocol and TLS options
// (envoy: source/common/upstream/conn_pool_map_impl.h, cluster_manager_impl.cc httpConnPoolImpl).
import type { ProxyHeader } from '../../wire/types.ts'
import type { UpstreamCluster } from './cluster.ts'
import type { Host } from './host.ts'
import { ConnectionPool, type PoolProtocol } from './pool.ts'
import type { PoolUser } from './pool-user.ts'

export class HostPools {
  private readonly cluster: UpstreamCluster
  private readonly host: Host
  private readonly pools: ConnectionPool[] = []

  constructor(cluster: UpstreamCluster, host: Host) {
    this.cluster = cluster
    this.host = host
  }

  /** Asks for a stream: attached at once, queued, or refused with overflow. */
  request(user: PoolUser): void {
    const alpn = user.alpn ?? null
    const sni = this.cluster.settings.autoSni ? (user.sni ?? '') : ''
    const client = this.cluster.sockets.tellsClient(this.host) ? (user.client ?? null) : null
    const protocol = this.cluster.settings.protocolFor(user.downstreamProtocol, user.outgoing)
    this.find(protocol, alpn, sni, client).request(user)
  }

  private find(
    protocol: PoolProtocol,
    alpn: readonly string[] | null,
    sni: string,
    client: ProxyHeader | null,
  ): ConnectionPool {
    for (const pool of this.pools)
      if (pool.protocol === protocol && pool.sni === sni && same(pool.alpn, alpn) && sameClient(pool.client, client))
        return pool
    const pool = new ConnectionPool(this.cluster, this.host, protocol, alpn, sni, client)
    this.pools.push(pool)
    return pool
  }

  /** Takes a waiting stream out of its queue. */
  withdraw(user: PoolUser): void {
    for (const pool of this.pools) if (pool.withdraw(user)) return
  }

  /** See ConnectionPool.drain. */
  drain(forGood: boolean): void {
    for (const pool of this.pools) pool.drain(forGood)
  }

  /** Open connections and those being opened. */
  get size(): number {
    let size = 0
    for (const pool of this.pools) size += pool.size
    return size
  }
}

const sameClient = (a: ProxyHeader | null, b: ProxyHeader | null): boolean =>
  a === b || (a !== null && b !== null && a.ip === b.ip && a.port === b.port)

/** Mostly the very same list: it comes from configuration. */
function same(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
