// One provider of tokens: where its tokens stand in a request, what makes one good, and what a good one leaves behind
// (source/extensions/filters/http/jwt_authn/{extractor,authenticator}.cc).

import { toBase64Url } from '../../../wire/base64.ts'
import { utf8 } from '../../../wire/bytes.ts'
import type { Json, JsonObject } from '../../../xds/types.ts'
import { put, remove } from '../../header-lines.ts'
import type { HttpStream } from '../../http/stream.ts'
import { header, list, number, object, text } from '../../json.ts'
import { parseQuery } from '../../query.ts'
import { type Jwt, parseJwt, verifySignature } from './jwt.ts'

/** failure: Envoy's words, '' for a good token. accept: what a good token does to the stream. */
export interface Verdict {
  failure: string
  accept: ((stream: HttpStream) => void)[]
}

interface Found {
  token: string
  /** Takes the token out of the request. */
  drop: (stream: HttpStream) => void
}

const METADATA = 'envoy.filters.http.jwt_authn'
const SKEW_SECONDS = 60
/** Tokens remembered with the verdict on their signature. */
const REMEMBERED_MAX = 10_000

export class JwtProvider {
  private readonly config: JsonObject
  private readonly issuer: string
  private readonly audiences: Set<string>
  private readonly jwks: JsonObject
  private readonly skew: number
  /** Headers that a good token fills. */
  private readonly written: readonly string[]
  private readonly signatures = new Map<string, string>()

  constructor(config: JsonObject) {
    this.config = config
    this.issuer = text(config.issuer)
    this.audiences = new Set(list(config.audiences).map(audience => bareAudience(text(audience))))
    this.jwks = keysOf(text(object(config.local_jwks).inline_string))
    this.skew = number(config.clock_skew_seconds, SKEW_SECONDS)
    const claims = list(config.claim_to_headers).map(rule => text(object(rule).header_name))
    this.written = [text(config.forward_payload_header), ...claims]
      .filter(name => name !== '')
      .map(n => n.toLowerCase())
  }

  /** All tokens that stand where this provider looks. */
  extract(stream: HttpStream): Found[] {
    const { config } = this
    const headers = list(config.from_headers).map(object)
    const params = list(config.from_params).map(name => text(name))
    const cookies = list(config.from_cookies).map(name => text(name))
    const everywhere = headers.length + params.length + cookies.length === 0
    const found: Found[] = []
    if (everywhere) {
      found.push(...fromHeader(stream, 'authorization', 'Bearer '), ...fromParam(stream, 'access_token'))
    }
    for (const place of headers)
      found.push(...fromHeader(stream, text(place.name).toLowerCase(), text(place.value_prefix)))
    for (const name of params) found.push(...fromParam(stream, name))
    for (const name of cookies) found.push(...fromCookie(stream, name))
    return found
  }

  /** What the proxy writes for a good token, nobody else may write (extractor.cc sanitizeHeaders). */
  sanitize(stream: HttpStream): void {
    for (const name of this.written) {
      if (header(stream.request.headers, name) !== undefined) remove(stream.ownHeaders(), name)
    }
  }

  /** Each token in this provider's places must be good; none at all is "Jwt is missing". */
  verify(stream: HttpStream): Verdict {
    const found = this.extract(stream)
    if (found.length === 0) return { failure: 'Jwt is missing', accept: [] }
    const accept: Verdict['accept'] = []
    for (const { token } of found) {
      const verdict = this.verifyToken(token, stream)
      if (verdict.failure !== '') return verdict
      accept.push(...verdict.accept)
    }
    return { failure: '', accept }
  }

  verifyToken(token: string, stream: HttpStream): Verdict {
    const failed = (failure: string): Verdict => ({ failure, accept: [] })
    const jwt = parseJwt(token)
    if (typeof jwt === 'string') return failed(jwt)
    if (this.issuer !== '' && text(jwt.payload.iss) !== this.issuer) return failed('Jwt issuer is not configured')
    const now = stream.core.wallSeconds()
    if (number(jwt.payload.nbf) > now + this.skew) return failed('Jwt not yet valid')
    if (jwt.payload.exp !== undefined && number(jwt.payload.exp) + this.skew < now) return failed('Jwt is expired')
    if (!this.allows(jwt)) return failed('Audiences in Jwt are not allowed')
    const failure = this.signature(token, jwt)
    return failure === '' ? { failure, accept: [accepted => this.accept(accepted, jwt)] } : failed(failure)
  }

  private allows(jwt: Jwt): boolean {
    if (this.audiences.size === 0) return true
    const { aud } = jwt.payload
    const claimed = Array.isArray(aud) ? aud.map(a => text(a)) : [text(aud)]
    return claimed.some(audience => this.audiences.has(bareAudience(audience)))
  }

  private signature(token: string, jwt: Jwt): string {
    let verdict = this.signatures.get(token)
    if (verdict === undefined) {
      verdict = verifySignature(jwt, this.jwks)
      if (this.signatures.size >= REMEMBERED_MAX) this.signatures.clear()
      this.signatures.set(token, verdict)
    }
    return verdict
  }

  private accept(stream: HttpStream, jwt: Jwt): void {
    const { config } = this
    const payload = text(config.payload_in_metadata)
    if (payload !== '') stream.addMetadata(METADATA, { [payload]: this.normalized(jwt.payload) })
    const payloadHeader = text(config.forward_payload_header).toLowerCase()
    if (config.forward !== true) for (const { drop } of this.extract(stream)) drop(stream)
    if (payloadHeader !== '') put(stream.ownHeaders(), payloadHeader, toBase64Url(utf8(JSON.stringify(jwt.payload))))
    for (const rule of list(config.claim_to_headers).map(object)) {
      const value = claim(jwt.payload, text(rule.claim_name))
      if (value !== '') put(stream.ownHeaders(), text(rule.header_name).toLowerCase(), value)
    }
    if (config.clear_route_cache === true) stream.clearRouteCache()
  }

  /** Claims of which the configuration says that they hold words: lists of them. */
  private normalized(payload: JsonObject): JsonObject {
    const names = list(object(this.config.normalize_payload_in_metadata).space_delimited_claims).map(name => text(name))
    const copy: JsonObject = { ...payload }
    for (const name of names) {
      const value = copy[name]
      if (typeof value === 'string') copy[name] = value.split(' ').filter(word => word !== '')
    }
    return copy
  }
}

/** Audiences are compared without scheme and trailing slash. */
function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '')
}

function keysOf(inline: string): JsonObject {
  try {
    return object(JSON.parse(inline) as Json)
  } catch {
    return {}
  }
}

function claim(payload: JsonObject, path: string): string {
  let value: Json | undefined = payload
  for (const key of path.split('.')) value = object(value)[key]
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(6)
  if (typeof value === 'boolean') return String(value)
  return value === undefined || value === null ? '' : toBase64Url(utf8(JSON.stringify(value)))
}

function fromHeader(stream: HttpStream, name: string, prefix: string): Found[] {
  return stream.request.headers
    .filter(line => line[0] === name)
    .flatMap(([, value]) => {
      const at = value.indexOf(prefix)
      if (at < 0) return []
      const token = /^[^,;\s]*/.exec(value.slice(at + prefix.length).trimStart())?.[0] ?? ''
      return [{ token, drop: (s: HttpStream) => remove(s.ownHeaders(), name) }]
    })
}

function fromParam(stream: HttpStream, name: string): Found[] {
  const token = parseQuery(stream.request.path).get(name)
  if (token === undefined || token === '') return []
  return [{ token, drop: (s: HttpStream) => s.change({ path: withoutParam(s.request.path, name) }) }]
}

function withoutParam(path: string, name: string): string {
  const at = path.indexOf('?')
  if (at < 0) return path
  const kept = path
    .slice(at + 1)
    .split('&')
    .filter(part => part.split('=')[0] !== name)
  return path.slice(0, at) + (kept.length > 0 ? `?${kept.join('&')}` : '')
}

function fromCookie(stream: HttpStream, name: string): Found[] {
  const cookies = (header(stream.request.headers, 'cookie') ?? '').split(';').map(part => part.trim())
  const found = cookies.find(cookie => cookie.startsWith(`${name}=`))
  if (found === undefined) return []
  return [{ token: found.slice(name.length + 1).replace(/^"|"$/g, ''), drop: () => {} }]
}
