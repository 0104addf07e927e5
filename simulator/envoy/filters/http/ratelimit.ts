// Global rate limit (source/extensions/filters/http/ratelimit): asks a service about the request's descriptors, and turns
// away what it says is over the limit. A service that cannot be asked lets everything pass, unless failure_mode_deny says otherwise.
import { RATE_LIMIT_PATH, type RateLimitRequest, type RateLimitResponse } from '../../../wire/rate-limit.ts'
import type { HeaderLines, HttpRequest, HttpResponse } from '../../../wire/types.ts'
import { httpStatusOf } from '../../../xds/http-status.ts'
import type { Json, JsonObject } from '../../../xds/types.ts'
import { put } from '../../header-lines.ts'
import { AsyncRequest } from '../../http/async-client.ts'
import type { HttpStream } from '../../http/stream.ts'
import { duration, header, number, object, text } from '../../json.ts'
import { type Descriptor, descriptorsOf, limitsOfRoute, rateLimitsOf } from '../descriptors.ts'
import { grpcAnswer, grpcCall } from '../grpc-call.ts'
import type { FilterStatus, HttpFilter } from './filter.ts'
import { draftHeaders } from './ratelimit-headers.ts'

const DEFAULT_TIMEOUT_US = 20_000
const RESOURCE_EXHAUSTED = 8
const FILTER = 'envoy.filters.http.ratelimit'
const INTERNAL = 'x-envoy-internal'

export class RateLimitFilter implements HttpFilter {
  readonly name: string
  private readonly domain: string
  private readonly stage: number
  private readonly cluster: string
  private readonly authority: string
  private readonly timeout: number
  private readonly failClosed: boolean
  private readonly limitedStatus: number
  private readonly errorStatus: number
  private readonly exhausted: boolean
  private readonly tells: boolean
  private readonly draft: boolean
  private readonly requestType: string
  private readonly ownLimits: Json | undefined
  private readonly forClient = new WeakMap<HttpStream, HeaderLines>()

  constructor(name: string, config: JsonObject) {
    this.name = name
    this.ownLimits = config.rate_limits
    const rpc = object(object(config.rate_limit_service).grpc_service)
    this.domain = text(config.domain)
    this.stage = number(config.stage)
    this.cluster = text(object(rpc.envoy_grpc).cluster_name)
    this.authority = text(object(rpc.envoy_grpc).authority, this.cluster)
    this.timeout = duration(config.timeout, DEFAULT_TIMEOUT_US)
    this.failClosed = config.failure_mode_deny === true
    this.limitedStatus = atLeast400(httpStatusOf(object(config.rate_limited_status).code, 429), 429)
    this.errorStatus = httpStatusOf(object(config.status_on_error).code, 500)
    this.exhausted = config.rate_limited_as_resource_exhausted === true
    this.tells = config.disable_x_envoy_ratelimited_header !== true
    this.draft = config.enable_x_ratelimit_headers === 'DRAFT_VERSION_03'
    this.requestType = text(config.request_type, 'both')
  }

  onRequest(stream: HttpStream): FilterStatus {
    if (stream.route === null || stream.core.cluster(stream.clusterName) === null || !this.concerns(stream))
      return 'continue'
    const descriptors = this.descriptors(stream)
    if (descriptors.length === 0) return 'continue'
    const asked = new AsyncRequest(stream.core, this.question(stream, descriptors), response =>
      this.decide(stream, grpcAnswer(response) as RateLimitResponse | null),
    )
    stream.onDestroy(() => asked.cancel())
    asked.send(this.cluster, this.timeout)
    return 'stop'
  }

  private concerns({ request }: HttpStream): boolean {
    if (this.requestType !== 'internal' && this.requestType !== 'external') return true
    return (header(request.headers, INTERNAL) === 'true') === (this.requestType === 'internal')
  }

  private descriptors(stream: HttpStream): Descriptor[] {
    const route = stream.perFilter(this.name) ?? stream.perFilter(FILTER)
    if (route?.rate_limits !== undefined) return descriptorsOf(rateLimitsOf(route.rate_limits), this.stage, stream)
    if (this.ownLimits !== undefined) return descriptorsOf(rateLimitsOf(this.ownLimits), this.stage, stream)
    return descriptorsOf(limitsOfRoute(stream, text(route?.vh_rate_limits, 'OVERRIDE')), this.stage, stream)
  }

  private question(stream: HttpStream, descriptors: Descriptor[]): HttpRequest {
    const { request } = stream
    const body: RateLimitRequest = {
      domain: this.domain,
      descriptors: descriptors.map(({ entries, hits }) => ({ entries, ...(hits === 1 ? {} : { hits_addend: hits }) })),
    }
    return grpcCall(this.authority, RATE_LIMIT_PATH, body, { traceId: request.traceId, parentSpan: stream.span })
  }

  private decide(stream: HttpStream, answer: RateLimitResponse | null): void {
    if (answer === null) {
      this.failed(stream)
      return
    }
    const headers: HeaderLines = this.draft ? draftHeaders(answer.statuses) : []
    if (answer.overall_code !== 'OVER_LIMIT') {
      stream.note('filter', this.name, 'within the limits')
      if (headers.length > 0) this.forClient.set(stream, headers)
      stream.resume()
      return
    }
    if (this.tells) headers.unshift(['x-envoy-ratelimited', 'true'])
    stream.note('filter', this.name, 'over the limit')
    stream.localReply({
      status: this.limitedStatus,
      body: '',
      flag: 'RL',
      details: 'request_rate_limited',
      headers,
      ...(this.exhausted ? { grpcStatus: RESOURCE_EXHAUSTED } : {}),
    })
  }

  private failed(stream: HttpStream): void {
    const what = this.failClosed ? 'failure_mode_deny turns it away' : 'it passes'
    stream.note('filter', this.name, `the rate limit service gave no answer; ${what}`)
    if (!this.failClosed) {
      stream.resume()
      return
    }
    stream.localReply({ status: this.errorStatus, body: '', flag: 'RLSE', details: 'rate_limiter_error' })
  }

  onResponse(stream: HttpStream, response: HttpResponse): FilterStatus {
    for (const [name, value] of this.forClient.get(stream) ?? []) put(response.headers, name, value)
    return 'continue'
  }
}

const atLeast400 = (status: number, fallback: number): number => (status < 400 ? fallback : status)
