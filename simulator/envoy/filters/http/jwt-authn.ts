// Request authentication (source/extensions/filters/http/jwt_authn): the first rule whose match fits names what the
// request must bring. A missing token is 401 or fine, a bad one 401, a wrong audience 403.
import type { Json, JsonObject } from '../../../xds/types.ts'
import type { HttpStream } from '../../http/stream.ts'
import { list, object, text } from '../../json.ts'
import { type FilterStatus, type HttpFilter, isPreflight } from './filter.ts'
import { JwtProvider, type Verdict } from './jwt-provider.ts'

const MISSING = 'Jwt is missing'
const UNKNOWN_ISSUER = 'Jwt issuer is not configured'
const URL_MAX = 256

type Requirement = (stream: HttpStream) => Verdict

const OK: Verdict = { failure: '', accept: [] }

export class JwtAuthnFilter implements HttpFilter {
  readonly name: string
  private readonly providers = new Map<string, JwtProvider>()
  private readonly rules: { matches: (path: string) => boolean; requires: Requirement }[]
  private readonly bypassPreflight: boolean

  constructor(name: string, config: JsonObject) {
    this.name = name
    const providers = object(config.providers)
    for (const key of Object.keys(providers)) this.providers.set(key, new JwtProvider(object(providers[key])))
    this.bypassPreflight = config.bypass_cors_preflight === true
    this.rules = list(config.rules).map(rule => ({
      matches: pathMatch(object(object(rule).match)),
      requires: this.compile(object(object(rule).requires)),
    }))
  }

  onRequest(stream: HttpStream): FilterStatus {
    const { request } = stream
    if (this.bypassPreflight && isPreflight(request)) return 'continue'
    const rule = this.rules.find(candidate => candidate.matches(request.path))
    if (rule === undefined) return 'continue'
    const verdict = rule.requires(stream)
    if (verdict.failure === '') {
      for (const accept of verdict.accept) accept(stream)
      stream.note('filter', this.name, verdict.accept.length === 0 ? 'no token' : 'the token is good')
      return 'continue'
    }
    stream.note('filter', this.name, verdict.failure)
    const audience = verdict.failure === 'Audiences in Jwt are not allowed'
    const url = `${stream.scheme()}://${request.authority}${request.path}`.slice(0, URL_MAX)
    const error = verdict.failure === MISSING ? '' : ', error="invalid_token"'
    stream.localReply({
      status: audience ? 403 : 401,
      body: verdict.failure,
      flag: '',
      details: `jwt_authn_access_denied{${verdict.failure.replaceAll(' ', '_')}}`,
      headers: [['www-authenticate', `Bearer realm="${url}"${error}`]],
    })
    return 'stop'
  }

  private compile(config: JsonObject): Requirement {
    const name = text(config.provider_name) || text(object(config.provider_and_audiences).provider_name)
    if (name !== '') {
      const provider = this.providers.get(name)
      if (provider === undefined) return () => OK
      return stream => {
        provider.sanitize(stream)
        return provider.verify(stream)
      }
    }
    if (config.requires_any) return this.any(list(object(config.requires_any).requirements))
    if (config.requires_all) return this.all(list(object(config.requires_all).requirements))
    if (config.allow_missing) return stream => this.optional(stream)
    if (config.allow_missing_or_failed) return stream => ({ ...this.optional(stream), failure: '' })
    return () => OK
  }

  private any(configs: readonly Json[]): Requirement {
    const members = configs.map(config => this.compile(object(config)))
    return stream => {
      let told = ''
      for (const member of members) {
        const verdict = member(stream)
        if (verdict.failure === '') return verdict
        // what is wrong with a token says more than that it is missing or somebody else's
        if (told === '' || told === MISSING || told === UNKNOWN_ISSUER) told = verdict.failure
      }
      return { failure: told, accept: [] }
    }
  }

  private all(configs: readonly Json[]): Requirement {
    const members = configs.map(config => this.compile(object(config)))
    return stream => {
      const accept: Verdict['accept'] = []
      for (const member of members) {
        const verdict = member(stream)
        if (verdict.failure !== '') return verdict
        accept.push(...verdict.accept)
      }
      return { failure: '', accept }
    }
  }

  /** No token is fine; each one that is there must be good for the provider that its issuer names. */
  private optional(stream: HttpStream): Verdict {
    const providers = [...this.providers.values()]
    const found = new Map<string, JwtProvider>()
    for (const provider of providers) provider.sanitize(stream)
    for (const provider of providers) for (const { token } of provider.extract(stream)) found.set(token, provider)
    let last = OK
    for (const [token] of found) {
      const tried = providers.map(provider => provider.verifyToken(token, stream))
      last =
        tried.find(verdict => verdict.failure === '') ?? tried.find(v => v.failure !== UNKNOWN_ISSUER) ?? tried[0] ?? OK
    }
    return last
  }
}

function pathMatch(match: JsonObject): (path: string) => boolean {
  const exact = match.path
  if (typeof exact === 'string') return path => path.split('?')[0] === exact
  const prefix = text(match.prefix, '/')
  return path => path.startsWith(prefix)
}
