// Merging of Envoy's messages as plain JSON, the way protobuf merges them (pkg/proto/merge): messages field by field,
// lists appended, maps key by key, durations and typed configs replaced. A value at its default changes nothing.
import type { Json, JsonObject } from '../../xds/types.ts'
import { protoDuration } from './cluster-duration.ts'

/** Fields whose keys are the user's, not field names. */
const MAPS: ReadonlySet<string> = new Set([
  'filter_metadata',
  'typed_filter_metadata',
  'typed_per_filter_config',
  'typed_extension_protocol_options',
  'labels',
  'providers',
  'policies',
  'extension_config',
  'fields',
])

/** Of each group a message has at most one. */
const ONE_OF: readonly (readonly string[])[] = [
  ['cluster', 'cluster_header', 'weighted_clusters', 'cluster_specifier_plugin', 'inline_cluster_specifier_plugin'],
  ['host_rewrite_literal', 'auto_host_rewrite', 'host_rewrite_header', 'host_rewrite_path_regex', 'host_rewrite_path'],
  ['prefix', 'path', 'safe_regex', 'path_separated_prefix', 'connect_matcher', 'path_match_policy'],
  ['exact', 'prefix', 'suffix', 'safe_regex', 'contains', 'custom'],
  ['route', 'redirect', 'direct_response', 'filter_action', 'non_forwarding_action'],
  ['path_redirect', 'prefix_rewrite', 'regex_rewrite'],
  ['rds', 'route_config', 'scoped_routes'],
  ['filename', 'inline_bytes', 'inline_string', 'environment_variable'],
  ['http_status', 'grpc_status', 'header_abort'],
  ['fixed_delay', 'header_delay'],
  ['typed_config', 'config_discovery'],
  ['type', 'cluster_type'],
  ['json_format', 'text_format', 'text_format_source'],
]

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const snakeCase = (name: string): string =>
  /^[a-z][A-Za-z0-9]*$/.test(name) ? name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`) : name

const DURATION_FIELD = /(?:timeout|interval|duration|delay|ttl|time|period)$/
const DURATION = /^-?\d+(?:\.\d+)?s$/

/** A patch as it was written, with proto field names and canonical durations. */
export function canonicalPatch(value: unknown): JsonObject {
  const result = canonical(value as Json, false)
  return isObject(result) ? result : {}
}

function canonical(value: Json, keysAreData: boolean, field = ''): Json {
  if (Array.isArray(value)) return value.map(item => canonical(item, false, field))
  if (!isObject(value)) {
    if (typeof value === 'string' && DURATION_FIELD.test(field) && DURATION.test(value)) return protoDuration(value)
    return value
  }
  const struct = typeof value['@type'] === 'string' && value['@type'].endsWith('TypedStruct')
  const result: JsonObject = {}
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue
    const key = keysAreData ? name : snakeCase(name)
    // a Struct is data through and through
    if (struct && key === 'value') result[key] = item
    else if (MAPS.has(key) && key === 'filter_metadata') result[key] = item
    else result[key] = canonical(item, MAPS.has(key), key)
  }
  return result
}

/** A copy that shares nothing. */
export function deepCopy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(deepCopy) as T
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = deepCopy(item)
  return copy as T
}

const isDefault = (value: Json): boolean => value === false || value === 0 || value === ''

function dropSiblings(target: JsonObject, key: string): void {
  for (const group of ONE_OF) {
    if (!group.includes(key)) continue
    for (const other of group) if (other !== key) delete target[other]
  }
}

/** Merges `patch` into `target`. */
export function mergeMessage(target: JsonObject, patch: JsonObject, replaceLists = false): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || value === null) continue
    const old = target[key]
    if (old !== undefined && isDefault(value)) continue
    dropSiblings(target, key)
    if (Array.isArray(value)) {
      const kept = Array.isArray(old) && !replaceLists ? old : []
      target[key] = [...kept, ...deepCopy(value)]
    } else if (isObject(value) && isObject(old) && MAPS.has(key)) {
      for (const [name, item] of Object.entries(value)) old[name] = deepCopy(item)
    } else if (isObject(value) && isObject(old) && !('@type' in value)) mergeMessage(old, value, replaceLists)
    else target[key] = deepCopy(value)
  }
}

/** Merges typed configs of one type; another type changes nothing. */
export function mergeTyped(target: JsonObject, patch: JsonObject): void {
  if (target['@type'] !== patch['@type']) return
  const isStruct = typeof target['@type'] === 'string' && target['@type'].endsWith('TypedStruct')
  const [old, value] = [target['value'], patch['value']]
  if (isStruct && isObject(old) && isObject(value)) {
    const { type_url: url } = patch
    if (url !== undefined) target['type_url'] = url
    for (const [name, item] of Object.entries(value)) old[name] = deepCopy(item)
    return
  }
  const { '@type': _type, ...fields } = patch
  mergeMessage(target, fields)
}

/** `typed_config` of both, where both have one; `name` of the patch counts. True when there was something to merge. */
export function mergeNamed(target: JsonObject, patch: JsonObject): boolean {
  const [own, given] = [target['typed_config'], patch['typed_config']]
  if (!isObject(own)) return false
  if (typeof patch['name'] === 'string' && patch['name'] !== '') target['name'] = patch['name']
  if (isObject(given)) mergeTyped(own, given)
  return true
}
