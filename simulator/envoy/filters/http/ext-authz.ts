// External authorization over HTTP (source/extensions/filters/http/ext_authz): asks a service, passes its headers on, or
// answers in its words. A service that cannot be asked denies, unless failure_mode_allow says otherwise.
import type { HeaderLines, HttpResponse } from '../../../wire/types.ts'
import type { JsonObject } from '../../../xds/types.ts'
import { put } from '../../header-lines.ts'
import { AsyncRequest } from '../../http/async-client.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, list, number, object, text } from '../../json.ts'
import { compileString, type StringTest } from '../../matchers.ts'
import { compileMetadata, type MetadataTest } from '../../value-matcher.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'

const DEFAULT_TIMEOUT_US = 200_000
const patterns = (config: unknown): StringTest[] => list(object(config).patterns).map(compileString)
const ALWAYS_TO_CLIENT = new Set(['www-authenticate', 'location', 'content-type', 'set-cookie'])

export class ExtAuthzFilter implements HttpFilter {
  readonly name: string
  private readonly enabled: MetadataTest
  private readonly cluster: string
  private readonly timeout: number
  private readonly pathPrefix: string
  private readonly allowed: StringTest[]
  private readonly added: HeaderLines
  private readonly toUpstream: StringTest[]
  private readonly toClient: StringTest[]
  private readonly failOpen: boolean
  private readonly errorStatus: number
  private readonly grpc: boolean

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.enabled = config.filter_enabled_metadata ? compileMetadata(config.filter_enabled_metadata) : () => true
    const service = object(config.http_service)
    const uri = object(service.server_uri)
    const rpc = object(config.grpc_service)
    this.grpc = config.grpc_service !== undefined
    this.cluster = this.grpc ? text(object(rpc.envoy_grpc).cluster_name) : text(uri.cluster)
    this.timeout = duration(this.grpc ? rpc.timeout : uri.timeout, DEFAULT_TIMEOUT_US)
    this.pathPrefix = text(service.path_prefix)
    this.allowed = patterns(config.allowed_headers ?? object(service.authorization_request).allowed_headers)
    this.added = list(object(service.authorization_request).headers_to_add).map(entry => [
      text(object(entry).key).toLowerCase(),
      text(object(entry).value),
    ])
    const response = object(service.authorization_response)
    this.toUpstream = patterns(response.allowed_upstream_headers)
    this.toClient = patterns(response.allowed_client_headers)
    this.failOpen = config.failure_mode_allow === true
    this.errorStatus = number(object(config.status_on_error).code, 403)
  }

  onRequest(stream: HttpStream): FilterStatus {
    if (!this.enabled(stream.metadata)) return 'continue'
    const { request } = stream
    const passes = ([name]: [string, string]): boolean =>
      name === 'authorization' || this.allowed.some(test => test(name))
    const headers: HeaderLines = [...request.headers.filter(passes), ['content-length', '0'], ...this.added]
    const question = { ...request, headers, body: '', parentSpan: stream.span, path: this.pathPrefix + request.path }
    const call = this.grpc
      ? { ...question, method: 'POST', path: '/envoy.service.auth.v3.Authorization/Check', protocol: 'HTTP/2' as const }
      : question
    const asked = new AsyncRequest(stream.core, call, response => this.decide(stream, response))
    stream.onDestroy(() => asked.cancel())
    asked.send(this.cluster, this.timeout)
    return 'stop'
  }

  private decide(stream: HttpStream, response: HttpResponse | null): void {
    if (response === null || response.status >= 500) {
      stream.note('filter', this.name, 'the authorizer gave no answer')
      if (this.failOpen) stream.resume()
      else stream.localReply({ status: this.errorStatus, body: '', flag: 'UAEX', details: 'ext_authz_error' })
      return
    }
    const status = this.grpc ? grpcVerdict(response) : response.status
    if (status === 200) {
      stream.note('filter', this.name, 'allowed')
      for (const [name, value] of response.headers) {
        if (this.toUpstream.some(test => test(name))) put(stream.ownHeaders(), name, value)
      }
      stream.resume()
      return
    }
    stream.note('filter', this.name, `denied with ${status}`)
    const kept = response.headers.filter(([name]) =>
      this.toClient.length === 0
        ? name !== 'content-length'
        : ALWAYS_TO_CLIENT.has(name) || this.toClient.some(test => test(name)),
    )
    stream.localReply({
      status,
      body: response.body,
      flag: 'UAEX',
      details: 'ext_authz_denied',
      headers: kept.map(([n, v]) => [n, v]),
    })
  }
}

/** A gRPC authorizer says OK with status 0; PERMISSION_DENIED and all else refuse. */
function grpcVerdict(response: HttpResponse): number {
  const lines = [...response.headers, ...(response.trailers ?? [])]
  return lines.some(([name, value]) => name === 'grpc-status' && value === '0') ? 200 : 403
}
