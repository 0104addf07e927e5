// What a cluster's configuration says about connections and streams, read once
// (api: config/cluster/v3/cluster.proto, extensions/upstreams/http/v3/http_protocol_options.proto).
import type { HttpProtocol, HttpRequest } from '../../wire/types.ts'
import type { Cluster } from '../../xds/types.ts'
import { duration, number, object, text } from '../json.ts'
import type { PoolProtocol } from './pool.ts'

const HTTP = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
/** Envoy's defaults: 5 s to connect, an hour of idleness, 1024 streams (since 1.36). */
const CONNECT = 5_000_000
const HOUR = 3_600_000_000
const STREAMS = 1024

export class ConnectionSettings {
  readonly connectTimeout: number
  readonly maxRequestsPerConnection: number
  readonly maxConcurrentStreams: number
  readonly maxConnectionDuration: number
  /** HTTP connections without use; 0 = never closed. */
  readonly idleTimeout: number
  readonly autoSni: boolean
  /** Addresses that connections come from: absent where the proxy binds the loopback of inbound clusters. */
  readonly source: { sourceIp: string }
  private readonly mode: PoolProtocol | 'downstream'

  constructor(config: Cluster, ip: string) {
    const extensions = object(config.typed_extension_protocol_options)
    const http = object(extensions[HTTP])
    const common = object(http.common_http_protocol_options ?? config.common_http_protocol_options)
    const explicit = object(http.explicit_http_config)
    const downstream = object(http.use_downstream_protocol_config)
    const auto = object(http.auto_config)
    const http2 = object(
      explicit.http2_protocol_options ??
        downstream.http2_protocol_options ??
        auto.http2_protocol_options ??
        config.http2_protocol_options,
    )
    this.connectTimeout = duration(config.connect_timeout, CONNECT)
    this.maxRequestsPerConnection = number(
      common.max_requests_per_connection,
      number(config.max_requests_per_connection),
    )
    this.maxConcurrentStreams = number(http2.max_concurrent_streams, STREAMS)
    this.maxConnectionDuration = duration(common.max_connection_duration)
    this.idleTimeout = duration(common.idle_timeout, HOUR)
    this.autoSni = object(http.upstream_http_protocol_options).auto_sni === true
    const bind = text(object(object(config.upstream_bind_config).source_address).address)
    this.source = { sourceIp: bind.startsWith('127.') ? bind : ip }
    if (http.use_downstream_protocol_config !== undefined) this.mode = 'downstream'
    else if (http.auto_config !== undefined) this.mode = 'auto'
    else this.mode = explicit.http2_protocol_options || config.http2_protocol_options ? 'http2' : 'http1'
  }

  /** The protocol that a request goes on with. */
  protocolFor(downstream: HttpProtocol | undefined, outgoing: HttpRequest): PoolProtocol {
    if (this.mode !== 'downstream') return this.mode
    return (downstream ?? outgoing.protocol) === 'HTTP/2' ? 'http2' : 'http1'
  }
}
