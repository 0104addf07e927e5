// Every HTTP filter that the model has, by the type of its configuration.
import type { JsonObject } from '../../../xds/types.ts'
import { object, text } from '../../json.ts'
import type { ProxyCore } from '../../proxy.ts'
import type { CounterOf } from '../../stats.ts'
import { AlpnFilter } from './alpn.ts'
import { CorsFilter } from './cors.ts'
import { ExtAuthzFilter } from './ext-authz.ts'
import { FaultFilter } from './fault.ts'
import type { HttpFilter } from './filter.ts'
import { JwtAuthnFilter } from './jwt-authn.ts'
import { LocalRateLimitFilter } from './local-ratelimit.ts'
import { LuaFilter } from './lua/lua.ts'
import { RateLimitFilter } from './ratelimit.ts'
import { RbacFilter } from './rbac.ts'

/** `counter`: by the name behind the connection manager's prefix. */
type Factory = (name: string, config: JsonObject, counter: CounterOf, core: ProxyCore) => HttpFilter

const FACTORIES: ReadonlyMap<string, Factory> = new Map<string, Factory>([
  ['istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig', (name, config) => new AlpnFilter(name, config)],
  ['envoy.extensions.filters.http.cors.v3.Cors', name => new CorsFilter(name)],
  ['envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', (name, config) => new ExtAuthzFilter(name, config)],
  ['envoy.extensions.filters.http.fault.v3.HTTPFault', (name, config) => new FaultFilter(name, config)],
  ['envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', (name, config) => new JwtAuthnFilter(name, config)],
  [
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    (name, config, _counter, core) => new LocalRateLimitFilter(name, config, core.stats.counter),
  ],
  ['envoy.extensions.filters.http.ratelimit.v3.RateLimit', (name, config) => new RateLimitFilter(name, config)],
  [
    'envoy.extensions.filters.http.lua.v3.Lua',
    (name, config, counter, core) => new LuaFilter(name, config, counter, core),
  ],
  ['envoy.extensions.filters.http.rbac.v3.RBAC', (name, config, counter) => new RbacFilter(name, config, counter)],
])

/** Filters whose absence changes nothing that the model shows: statistics, metadata, and the router, which is the stream's own. */
const SHOW_NOTHING = new Set([
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  'envoy.extensions.filters.http.router.v3.Router',
  'io.istio.http.peer_metadata.Config',
  'stats.PluginConfig',
])

const typeOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

/** A typed config as it is meant: a TypedStruct holds the real type and value inside. */
export function unwrap(typed: JsonObject): { type: string; value: JsonObject } {
  const type = typeOf(text(typed['@type']))
  if (type.endsWith('type.v1.TypedStruct') || type.endsWith('type.v3.TypedStruct'))
    return { type: typeOf(text(typed.type_url)), value: object(typed.value) }
  return { type, value: typed }
}

/** Is a filter of this type acted on, or is there nothing of it to be seen? */
export function hasHttpFilter(type: string): boolean {
  return FACTORIES.has(type) || SHOW_NOTHING.has(type)
}

/** The filter of one entry of http_filters; null when it has no effect in this model. */
export function createHttpFilter(entry: JsonObject, counter: CounterOf, core: ProxyCore): HttpFilter | null {
  const { type, value } = unwrap(object(entry.typed_config))
  const factory = FACTORIES.get(type)
  return factory === undefined ? null : factory(text(entry.name), value, counter, core)
}
