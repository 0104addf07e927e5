// External authorization over HTTP or gRPC (source/extensions/filters/http/ext_authz): asks a service, passes its headers on, or
// answers in its words. A service that cannot be asked denies, unless failure_mode_allow says otherwise.
import type { HeaderLines, HttpRequest, HttpResponse } from '../../../wire/types.ts'
import { httpStatusOf } from '../../../xds/http-status.ts'
import type { JsonObject } from '../../../xds/types.ts'
import { put, remove } from '../../header-lines.ts'
import { AsyncRequest } from '../../http/async-client.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, list, number, object, text } from '../../json.ts'
import { compileString, type StringTest } from '../../matchers.ts'
import { compileMetadata, type MetadataTest } from '../../value-matcher.ts'
import { type CheckVerdict, checkCall, checkVerdict, NOTHING } from '../check.ts'
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
  private readonly authority: string
  private readonly toClientOnSuccess: StringTest[]
  /** Bytes of the body that are shown to the authorizer; 0 = none. */
  private readonly bodyLimit: number
  private readonly partialBody: boolean
  /** Header lines that an authorizer gave for the answer. */
  private readonly forClient = new WeakMap<HttpStream, HeaderLines>()

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.enabled = config.filter_enabled_metadata ? compileMetadata(config.filter_enabled_metadata) : () => true
    const service = object(config.http_service)
    const uri = object(service.server_uri)
    const rpc = object(config.grpc_service)
    this.grpc = config.grpc_service !== undefined
    this.cluster = this.grpc ? text(object(rpc.envoy_grpc).cluster_name) : text(uri.cluster)
    this.authority = text(object(rpc.envoy_grpc).authority, this.cluster)
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
    this.toClientOnSuccess = patterns(response.allowed_client_headers_on_success)
    this.bodyLimit = number(object(config.with_request_body).max_request_bytes)
    this.partialBody = object(config.with_request_body).allow_partial_message === true
    this.failOpen = config.failure_mode_allow === true
    this.errorStatus = httpStatusOf(object(config.status_on_error).code, 403)
  }

  onRequest(stream: HttpStream): FilterStatus {
    if (!this.enabled(stream.metadata)) return 'continue'
    if (this.bodyLimit > 0 && stream.request.body.length > this.bodyLimit && !this.partialBody) {
      stream.localReply({ status: 413, body: 'Payload Too Large', flag: '', details: 'request_payload_too_large' })
      return 'stop'
    }
    const call = this.grpc ? this.rpc(stream) : this.question(stream)
    const asked = new AsyncRequest(stream.core, call, response =>
      this.decide(stream, this.grpc ? checkVerdict(response) : this.httpVerdict(response)),
    )
    stream.onDestroy(() => asked.cancel())
    asked.send(this.cluster, this.timeout)
    return 'stop'
  }

  private rpc(stream: HttpStream): HttpRequest {
    const body = this.bodyLimit > 0 ? stream.request.body.slice(0, this.bodyLimit) : ''
    return { ...checkCall(stream.down, stream.request, body, this.authority), parentSpan: stream.span }
  }

  private question(stream: HttpStream): HttpRequest {
    const { request } = stream
    const passes = ([name]: [string, string]): boolean =>
      name === 'authorization' || this.allowed.some(test => test(name))
    const body = this.bodyLimit > 0 ? request.body.slice(0, this.bodyLimit) : ''
    const headers: HeaderLines = [
      ...request.headers.filter(passes),
      ['content-length', String(body.length)],
      ...this.added,
    ]
    return { ...request, headers, body, parentSpan: stream.span, path: this.pathPrefix + request.path }
  }

  /** An HTTP authorizer says it by its status; 5xx is a failure of its own. */
  private httpVerdict(response: HttpResponse | null): CheckVerdict {
    if (response === null || response.status >= 500) return { kind: 'error', ...NOTHING }
    const matching = (tests: readonly StringTest[]): HeaderLines =>
      response.headers.filter(([name]) => tests.some(test => test(name)))
    if (response.status === 200)
      return {
        kind: 'ok',
        ...NOTHING,
        headers: matching(this.toUpstream),
        toClient: matching(this.toClientOnSuccess),
      }
    const kept = response.headers.filter(([name]) =>
      this.toClient.length === 0
        ? name !== 'content-length'
        : ALWAYS_TO_CLIENT.has(name) || this.toClient.some(test => test(name)),
    )
    return { kind: 'denied', ...NOTHING, status: response.status, body: response.body, headers: kept }
  }

  private decide(stream: HttpStream, verdict: CheckVerdict): void {
    const { kind } = verdict
    if (kind === 'error' && this.failOpen) {
      stream.note('filter', this.name, 'the authorizer gave no answer; failure_mode_allow lets it pass')
      stream.resume()
      return
    }
    if (kind === 'ok') {
      stream.note('filter', this.name, 'allowed')
      for (const [name, value] of verdict.headers) put(stream.ownHeaders(), name, value)
      for (const name of verdict.remove) remove(stream.ownHeaders(), name.toLowerCase())
      if (verdict.toClient.length > 0) this.forClient.set(stream, verdict.toClient)
      stream.resume()
      return
    }
    const status = verdict.status > 0 ? verdict.status : this.errorStatus
    stream.note('filter', this.name, kind === 'denied' ? `denied with ${status}` : 'the authorizer gave no answer')
    stream.localReply({
      status,
      body: verdict.body,
      flag: 'UAEX',
      details: `ext_authz_${kind}`,
      headers: verdict.headers,
    })
  }

  onResponse(stream: HttpStream, response: HttpResponse): FilterStatus {
    for (const [name, value] of this.forClient.get(stream) ?? []) put(response.headers, name, value)
    return 'continue'
  }
}
