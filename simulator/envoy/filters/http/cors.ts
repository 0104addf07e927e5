// CORS by route policy (source/extensions/filters/http/cors/cors_filter.cc). A preflight from an allowed origin is
// answered here; a simple request passes, and its answer gets the headers when the origin is allowed.
import type { HeaderLines, HttpResponse } from '../../../wire/types.ts'
import type { JsonObject } from '../../../xds/types.ts'
import { put } from '../../header-lines.ts'
import type { HttpStream } from '../../http/stream.ts'
import { fraction, header, list, object, text } from '../../json.ts'
import { compileString, type StringTest } from '../../matchers.ts'
import { compileOnce, type FilterStatus, type HttpFilter, isPreflight } from './filter.ts'

interface CorsPolicy {
  origins: StringTest[]
  methods: string
  headers: string
  expose: string
  maxAge: string
  credentials: boolean
  forwardUnmatched: boolean
  enabled: boolean
}

const compilePolicy = compileOnce((config: JsonObject): CorsPolicy => {
  return {
    origins: list(config.allow_origin_string_match).map(compileString),
    methods: text(config.allow_methods),
    headers: text(config.allow_headers),
    expose: text(config.expose_headers),
    maxAge: text(config.max_age),
    credentials: config.allow_credentials === true,
    forwardUnmatched: config.forward_not_matching_preflights !== false,
    enabled: config.filter_enabled === undefined || fraction(object(config.filter_enabled).default_value) > 0,
  }
})

export class CorsFilter implements HttpFilter {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  onRequest(stream: HttpStream): FilterStatus {
    const policy = this.policyOf(stream)
    const origin = header(stream.request.headers, 'origin') ?? ''
    if (policy === null || origin === '') return 'continue'
    if (!isPreflight(stream.request)) return 'continue'
    const allowed = policy.origins.some(test => test(origin))
    if (!allowed && policy.forwardUnmatched) return 'continue'
    // Encoded by the filter itself: not one of the local replies that routes may change.
    stream.details = 'cors_response'
    const headers = preflight(policy, stream, allowed ? origin : '')
    stream.answer({ status: 200, headers, body: '', trailers: null, protocol: stream.request.protocol })
    return 'stop'
  }

  onResponse(stream: HttpStream, response: HttpResponse): FilterStatus {
    const policy = this.policyOf(stream)
    const origin = header(stream.request.headers, 'origin') ?? ''
    if (policy === null || origin === '' || !policy.origins.some(test => test(origin))) return 'continue'
    put(response.headers, 'access-control-allow-origin', origin)
    if (policy.credentials) put(response.headers, 'access-control-allow-credentials', 'true')
    if (policy.expose !== '') put(response.headers, 'access-control-expose-headers', policy.expose)
    return 'continue'
  }

  private policyOf(stream: HttpStream): CorsPolicy | null {
    const config = stream.perFilter(this.name)
    if (config === null) return null
    const policy = compilePolicy(config)
    return policy.enabled ? policy : null
  }
}

function preflight(policy: CorsPolicy, stream: HttpStream, origin: string): HeaderLines {
  const headers: HeaderLines = []
  const asked = (name: string): string => header(stream.request.headers, name) ?? ''
  if (origin !== '') headers.push(['access-control-allow-origin', origin])
  if (policy.credentials) headers.push(['access-control-allow-credentials', 'true'])
  const methods = policy.methods === '*' ? asked('access-control-request-method') : policy.methods
  if (methods !== '') headers.push(['access-control-allow-methods', methods])
  const names = policy.headers === '*' ? asked('access-control-request-headers') : policy.headers
  if (names !== '') headers.push(['access-control-allow-headers', names])
  if (policy.maxAge !== '') headers.push(['access-control-max-age', policy.maxAge])
  return headers
}
