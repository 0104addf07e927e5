// Who the request comes from, and what the connection manager changes on its headers before any filter sees it
// (source/common/http/conn_manager_utility.cc).
import { sha256 } from '@noble/hashes/sha2.js'
import { hex, utf8 } from '../../wire/bytes.ts'
import type { HeaderLines } from '../../wire/types.ts'
import type { JsonObject } from '../../xds/types.ts'
import { header, number, object, text } from '../json.ts'

/** Control headers that only callers inside the trust boundary may send. With Istio's settings nobody is inside. */
const CONTROL = new Set([
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
])

/** Headers that a client at the edge must not bring. */
const EDGE = new Set([
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-original-path',
  'x-envoy-original-host',
])

/** What the connection manager is told about forwarding. */
export interface ForwardingSettings {
  useRemoteAddress: boolean
  /** xff_num_trusted_hops. */
  trustedHops: number
  /** forward_client_cert_details. */
  clientCert: string
  details: { subject: boolean; uri: boolean; dns: boolean; cert: boolean }
}

export function compileForwarding(manager: JsonObject): ForwardingSettings {
  const details = object(manager.set_current_client_cert_details)
  return {
    useRemoteAddress: manager.use_remote_address === true,
    trustedHops: number(manager.xff_num_trusted_hops),
    clientCert: text(manager.forward_client_cert_details, 'SANITIZE'),
    details: {
      subject: details['subject'] === true,
      uri: details['uri'] === true,
      dns: details['dns'] === true,
      cert: details['cert'] === true,
    },
  }
}

/** The trusted client address: the peer, or an entry of x-forwarded-for counted from the right. */
export function clientAddress(headers: HeaderLines, peer: string, settings: ForwardingSettings): string {
  const forwarded = header(headers, 'x-forwarded-for')
  if (forwarded === undefined) return peer
  const entries = forwarded
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
  if (settings.useRemoteAddress) return settings.trustedHops === 0 ? peer : (entries.at(-settings.trustedHops) ?? peer)
  return entries.at(-1 - settings.trustedHops) ?? peer
}

/** Is any header of the request one that has to go? Asked first, so that most requests are not copied. */
export function needsSanitizing(headers: HeaderLines, edge: boolean): boolean {
  return headers.some(([name]) => CONTROL.has(name) || (edge && EDGE.has(name)))
}

export function sanitize(headers: HeaderLines, edge: boolean): HeaderLines {
  return headers.filter(([name]) => !CONTROL.has(name) && !(edge && EDGE.has(name)))
}

export interface ClientCertificate {
  sans: readonly string[]
  subject: string
  pem?: string
}

/** The element of x-forwarded-client-cert that this proxy writes; keys in Envoy's order. */
export function clientCertElement(
  own: readonly string[],
  client: ClientCertificate,
  details: ForwardingSettings['details'],
): string {
  const uris = client.sans.filter(san => san.includes('://'))
  const names = client.sans.filter(san => !san.includes('://'))
  const parts: string[] = []
  for (const san of own) if (san.includes('://')) parts.push(`By=${san}`)
  parts.push(`Hash=${fingerprint(client)}`)
  if (details.cert && client.pem !== undefined) parts.push(`Cert="${encodeURIComponent(client.pem)}"`)
  if (details.subject) parts.push(`Subject="${client.subject}"`)
  if (details.uri) for (const uri of uris.length > 0 ? uris : ['']) parts.push(`URI=${uri}`)
  if (details.dns) for (const name of names) parts.push(`DNS=${name}`)
  return parts.join(';')
}

/** There are no bytes to hash: the identity stands for them. */
function fingerprint(client: ClientCertificate): string {
  return hex(sha256(utf8(`${client.subject} ${client.sans.join(' ')}`)))
}
