// Descriptors of rate limits: what the actions of a route make of a request (source/common/router/router_ratelimit.cc,
// source/extensions/filters/common/ratelimit_config). An action that finds nothing drops its whole descriptor.
import type { Json, JsonObject } from '../../xds/types.ts'
import type { HttpStream } from '../http/stream.ts'
import { header, list, number, object, text } from '../json.ts'
import { compileHeaders, compileQuery } from '../matchers.ts'
import { parseQuery } from '../query.ts'
import { compileOnce } from './http/filter.ts'

export interface Descriptor {
  entries: { key: string; value: string }[]
  /** Of hits_addend; 1 when nothing is said. */
  hits: number
}

/** 'skip': the action has nothing to add; null: there shall be no descriptor. */
type Entry = Descriptor['entries'][number] | 'skip' | null
type Action = (stream: HttpStream) => Entry

interface RateLimit {
  stage: number
  actions: Action[]
  hits: number
}

const PSEUDO: { [name: string]: (stream: HttpStream) => string } = {
  ':path': ({ request }) => request.path,
  ':authority': ({ request }) => request.authority,
  ':method': ({ request }) => request.method,
  ':scheme': ({ request }) => request.scheme,
}

const headerValue = (stream: HttpStream, name: string): string | undefined =>
  name.startsWith(':') ? PSEUDO[name]?.(stream) : header(stream.request.headers, name)

const ACTIONS: { [kind: string]: (config: JsonObject) => Action } = {
  source_cluster: () => stream => ({ key: 'source_cluster', value: stream.core.options.serviceCluster ?? '' }),
  destination_cluster: () => stream => ({ key: 'destination_cluster', value: stream.clusterName }),
  request_headers: config => {
    const name = text(config.header_name).toLowerCase()
    const key = text(config.descriptor_key)
    const absent = config.skip_if_absent === true ? 'skip' : null
    return stream => {
      const value = headerValue(stream, name)
      return value === undefined || value === '' ? absent : { key, value }
    }
  },
  remote_address: () => stream => ({ key: 'remote_address', value: stream.remoteIp }),
  generic_key: config => {
    const entry = { key: text(config.descriptor_key) || 'generic_key', value: text(config.descriptor_value) }
    return () => entry
  },
  header_value_match: config => {
    const tests = compileHeaders(config.headers)
    const expected = config.expect_match !== false
    const entry = { key: text(config.descriptor_key) || 'header_match', value: text(config.descriptor_value) }
    return ({ request }) =>
      tests.every(test => test(request.headers, request.authority, request.path, request.method)) === expected
        ? entry
        : null
  },
  query_parameter_value_match: config => {
    const tests = list(config.query_parameters).map(compileQuery)
    const expected = config.expect_match !== false
    const entry = { key: text(config.descriptor_key) || 'query_match', value: text(config.descriptor_value) }
    return ({ request }) => {
      const query = parseQuery(request.path)
      return tests.every(test => test(query)) === expected ? entry : null
    }
  },
  query_parameters: config => {
    const name = text(config.query_parameter_name)
    const key = text(config.descriptor_key)
    const absent = config.skip_if_absent === true ? 'skip' : null
    return ({ request }) => {
      const value = parseQuery(request.path).get(name)
      return value === undefined || value === '' ? absent : { key, value }
    }
  },
  metadata: config => metadataAction(config, text(config.source)),
  dynamic_metadata: config => metadataAction(config, 'DYNAMIC'),
}

function metadataAction(config: JsonObject, source: string): Action {
  const key = text(config.descriptor_key)
  const { key: filter, path } = object(config.metadata_key)
  const names = list(path).map(segment => text(object(segment).key))
  const absent = config.skip_if_absent === true ? 'skip' : null
  const fallback = text(config.default_value)
  return stream => {
    const ofRoute = object(object(stream.route?.config.metadata).filter_metadata)[text(filter)]
    const root: unknown = source === 'ROUTE_ENTRY' ? ofRoute : stream.metadata.get(text(filter))
    const found = text(names.reduce((value: unknown, name) => object(value)[name], root)) || fallback
    return found === '' ? absent : { key, value: found }
  }
}

/** The rate limits of a route, a virtual host or a filter; absent = none. An action that is not known gives no descriptor. */
export const rateLimitsOf = (config: Json | undefined): readonly RateLimit[] =>
  Array.isArray(config) ? compileLimits(config) : []

const compileLimits = compileOnce((config: readonly Json[]): RateLimit[] =>
  config.map(entry => {
    const limit = object(entry)
    const actions = list(limit.actions).map((action): Action => {
      const [kind = '', value] = Object.entries(object(action))[0] ?? []
      return ACTIONS[kind]?.(object(value)) ?? (() => null)
    })
    return { stage: number(limit.stage), actions, hits: number(object(limit.hits_addend).number, 1) }
  }),
)

/** The descriptors of a request at one stage. */
export function descriptorsOf(limits: readonly RateLimit[], stage: number, stream: HttpStream): Descriptor[] {
  const found: Descriptor[] = []
  for (const limit of limits) {
    if (limit.stage !== stage) continue
    const entries: Descriptor['entries'] = []
    const complete = limit.actions.every(action => {
      const entry = action(stream)
      if (entry !== null && entry !== 'skip') entries.push(entry)
      return entry !== null
    })
    if (complete) found.push({ entries, hits: limit.hits })
  }
  return found
}

/**
 * The limits that count for a stream: the route's, and the virtual host's where the route has none, or where that is asked for.
 * `option`: OVERRIDE (default), INCLUDE or IGNORE.
 */
export function limitsOfRoute(stream: HttpStream, option: string): readonly RateLimit[] {
  const { route, host } = stream
  if (route === null) return []
  const own = rateLimitsOf(route.action.rate_limits)
  const ofHost = rateLimitsOf(host?.config.rate_limits as Json | undefined)
  if (option === 'INCLUDE' || route.action.include_vh_rate_limits === true) return [...own, ...ofHost]
  return option === 'IGNORE' || own.length > 0 ? own : ofHost
}
