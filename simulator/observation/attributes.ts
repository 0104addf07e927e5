// A record as the attributes that CEL expressions of Envoy read (docs: intro/arch_overview/advanced/attributes,
// source/extensions/filters/common/expr/context.cc). Numbers are CEL's int (bigint); what is absent has no key.
import type { Attributes } from './expressions.ts'
import { flagBits } from './response-flags.ts'
import type { LoggedRecord, StreamRecord } from './types.ts'

const int = (value: number): bigint => BigInt(Math.floor(value))

/** Entries with a value. */
function present(entries: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(entries)) {
    const value = entries[key]
    if (value !== undefined && value !== '') found[key] = value
  }
  return found
}

const byName = (headers: StreamRecord['requestHeaders']): Record<string, string> =>
  Object.assign(Object.create(null), Object.fromEntries(headers ?? [])) as Record<string, string>

function requestOf(record: StreamRecord): Record<string, unknown> {
  const headers = byName(record.requestHeaders)
  const [path, query] = record.path.split('?', 2)
  return present({
    path: record.path,
    url_path: path,
    query: query ?? '',
    host: record.authority,
    scheme: headers['x-forwarded-proto'] ?? (record.mtls ? 'https' : 'http'),
    method: record.method,
    headers,
    referer: headers.referer,
    useragent: record.userAgent,
    id: record.requestId,
    protocol: record.protocol,
    size: int(record.bytesReceived),
    total_size: int(record.bytesReceived),
  })
}

function responseOf(record: StreamRecord): Record<string, unknown> {
  return present({
    code: record.status === 0 ? undefined : int(record.status),
    code_details: record.details,
    flags: int(flagBits(record.flags)),
    headers: byName(record.responseHeaders),
    size: int(record.bytesSent),
    total_size: int(record.bytesSent),
  })
}

const endpoint = (address: string): Record<string, unknown> =>
  address === '' ? {} : { address, port: int(Number(address.slice(address.lastIndexOf(':') + 1))) }

/** All attributes of one record: HTTP groups only for a stream. */
export function attributesOf(record: LoggedRecord): Attributes {
  const stream = record.kind === 'stream' ? record : null
  return {
    request: stream === null ? {} : requestOf(stream),
    response: stream === null ? { flags: int(flagBits(record.flags)) } : responseOf(stream),
    source: endpoint(record.downstreamRemote),
    destination: endpoint(record.downstreamLocal),
    connection: present({
      mtls: record.mtls,
      requested_server_name: record.sni,
      uri_san_peer_certificate: record.downstreamPeer,
      termination_details: stream === null ? record.details : '',
    }),
    upstream: present({
      ...endpoint(record.upstreamHost),
      local_address: record.upstreamLocal,
      transport_failure_reason: record.upstreamTransportFailure,
      request_attempt_count: int(record.attempts),
    }),
    xds: present({
      cluster_name: record.cluster,
      route_name: stream?.routeName,
      virtual_host_name: stream?.virtualHost,
      filter_chain_name: record.filterChain,
      listener_direction: record.direction === 'inbound' ? 1n : 2n,
    }),
    metadata: {},
    filter_state: {},
  }
}
