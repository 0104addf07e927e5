// Does a value decode as one of Envoy's messages? The rules are those of Go's jsonpb (golang/protobuf: jsonpb/decode.go),
// with which istiod reads patch values: a wrong type refuses, an unknown field is remembered.
import { isObject } from '../../resources/fields.ts'
import { parseProtoDuration } from '../../resources/proto-duration.ts'
import type { Field, MessageTable } from './table.ts'

/** Why a value is refused; thrown inside this file only. */
class Undecodable extends Error {}

export interface Decoded {
  /** Null: it decodes, unknown fields aside. */
  error: string | null
  /** The first unknown field, as jsonpb words it, or null. */
  unknown: string | null
}

/** Packages of Envoy's contrib build and of Istio's own filters: istiod knows them, their fields are not known here. */
const OPAQUE =
  /^(?:istio\.envoy\.config\.filter\.|envoy\.extensions\.(?:(?:compression\.qat|config\.v3alpha|private_key_providers|regex_engines|reverse_tunnel_reporters|stat_sinks|tap_sinks|vcl|load_balancing_policies\.peak_ewma|matching\.input_matchers\.hyperscan|network\.connection_balance|router\.cluster_specifier\.golang|upstreams\.http\.tcp\.golang)|filters\.(?:http\.(?:checksum|dynamo|golang|language|peak_ewma|peer_metadata|sxg|alpn|istio_stats)|listener\.postgres_inspector|network\.(?:client_ssl_auth|generic_proxy\.codecs\.kafka|golang|kafka_broker|kafka_mesh|metadata_exchange|mysql_proxy|peer_metadata|postgres_proxy|rocketmq_proxy|sip_proxy))\b).*|google\.protobuf\.)/

const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  i: [-2147483648, 2147483647],
  u: [0, 4294967295],
  l: [-(2 ** 63), 2 ** 63],
  L: [0, 2 ** 64],
}

const WRAPPED: Readonly<Record<string, string>> = {
  'google.protobuf.BoolValue': 'b',
  'google.protobuf.StringValue': 's',
  'google.protobuf.BytesValue': 'y',
  'google.protobuf.DoubleValue': 'f',
  'google.protobuf.FloatValue': 'f',
  'google.protobuf.Int32Value': 'i',
  'google.protobuf.Int64Value': 'l',
  'google.protobuf.UInt32Value': 'u',
  'google.protobuf.UInt64Value': 'L',
}

const KIND: Readonly<Record<string, string>> = {
  b: 'bool',
  s: 'string',
  y: '[]byte',
  f: 'float64',
  i: 'int32',
  u: 'uint32',
  l: 'int64',
  L: 'uint64',
}

const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'object'
        ? 'object'
        : typeof value

const mismatch = (value: unknown, goType: string): Undecodable =>
  new Undecodable(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${goType}`)

class Decoder {
  unknown: string | null = null
  private readonly table: MessageTable

  constructor(table: MessageTable) {
    this.table = table
  }

  message(name: string, value: unknown): void {
    if (name.startsWith('google.protobuf.')) {
      this.wellKnown(name, value)
      return
    }
    if (!isObject(value)) throw mismatch(value, 'map[string]json.RawMessage')
    this.fields(name, Object.entries(value))
  }

  private fields(name: string, entries: readonly [string, unknown][]): void {
    const fields = this.table.fields(name)
    const oneofs = new Map<string, string>()
    for (const [key, value] of entries) {
      const field = fields.get(key)
      if (field === undefined) {
        this.unknown ??= `unknown field "${key}" in ${name}`
        continue
      }
      if (value === null && field.type !== 'google.protobuf.Value') continue
      const taken = field.oneof === '' ? undefined : oneofs.get(field.oneof)
      if (taken !== undefined)
        throw new Undecodable(`error parsing ${JSON.stringify(key)}, oneof ${name} is already set`)
      if (field.oneof !== '') oneofs.set(field.oneof, key)
      this.field(field, value)
    }
  }

  private field({ shape, type }: Field, value: unknown): void {
    if (shape === 'list') {
      if (!Array.isArray(value)) throw mismatch(value, '[]json.RawMessage')
      for (const item of value) this.single(type, item)
    } else if (shape === 'map') {
      if (!isObject(value)) throw mismatch(value, 'map[string]json.RawMessage')
      for (const item of Object.values(value)) this.single(type, item)
    } else this.single(type, value)
  }

  private single(type: string, value: unknown): void {
    if (type.startsWith('#')) this.enumeration(type.slice(1), value)
    else if (type.length === 1) scalar(type, value)
    else this.message(type, value)
  }

  private enumeration(name: string, value: unknown): void {
    if (typeof value === 'number' && Number.isInteger(value)) return
    if (typeof value !== 'string') throw mismatch(value, 'int32')
    if (!this.table.hasEnumValue(name, value))
      throw new Undecodable(`unknown value ${JSON.stringify(value)} for enum ${name}`)
  }

  private wellKnown(name: string, value: unknown): void {
    const wrapped = WRAPPED[name]
    if (wrapped !== undefined) scalar(wrapped, value)
    else if (name === 'google.protobuf.Any') this.any(value)
    else if (name === 'google.protobuf.Duration') duration(value)
    else if (name === 'google.protobuf.Timestamp' && typeof value !== 'string') throw mismatch(value, 'string')
    else if ((name === 'google.protobuf.Struct' || name === 'google.protobuf.Empty') && !isObject(value)) {
      throw mismatch(value, 'map[string]json.RawMessage')
    } else if (name === 'google.protobuf.ListValue' && !Array.isArray(value)) throw mismatch(value, '[]json.RawMessage')
  }

  private any(value: unknown): void {
    if (!isObject(value)) throw mismatch(value, 'map[string]json.RawMessage')
    const url = value['@type']
    if (url === undefined) throw new Undecodable("Any JSON doesn't have '@type'")
    if (typeof url !== 'string') throw new Undecodable(`can't unmarshal Any's '@type': ${kindOf(url)}`)
    const name = url.slice(url.lastIndexOf('/') + 1)
    if (this.table.has(name))
      this.fields(
        name,
        Object.entries(value).filter(([key]) => key !== '@type'),
      )
    else if (name.startsWith('google.protobuf.')) this.wellKnown(name, value['value'] ?? {})
    else if (!OPAQUE.test(name)) throw new Undecodable(`could not resolve Any message type: ${url}`)
  }
}

function scalar(type: string, value: unknown): void {
  const go = KIND[type] ?? type
  if (type === 'b') {
    if (typeof value !== 'boolean') throw mismatch(value, go)
  } else if (type === 's' || type === 'y') {
    if (typeof value !== 'string') throw mismatch(value, go)
    if (type === 'y' && !/^[A-Za-z0-9+/\-_\s]*={0,2}$/.test(value)) throw new Undecodable('illegal base64 data')
  } else number(type, value, go)
}

function number(type: string, value: unknown, go: string): void {
  if (type === 'f' && typeof value === 'string' && /^(?:NaN|-?Infinity)$/.test(value)) return
  const numeric = typeof value === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value) ? Number(value) : value
  if (typeof numeric !== 'number') throw mismatch(value, go)
  if (type === 'f') return
  const [least, most] = RANGES[type] ?? [0, 0]
  if (!Number.isInteger(numeric) || numeric < least || numeric > most) throw mismatch(`number ${String(value)}`, go)
}

function duration(value: unknown): void {
  if (typeof value !== 'string') throw mismatch(value, 'string')
  if (parseProtoDuration(value) === null)
    throw new Undecodable(`bad Duration: time: invalid duration ${JSON.stringify(value)}`)
}

export function decode(table: MessageTable, message: string, value: unknown): Decoded {
  const decoder = new Decoder(table)
  try {
    decoder.message(message, value)
    return { error: null, unknown: decoder.unknown }
  } catch (error) {
    if (error instanceof Undecodable) return { error: error.message, unknown: null }
    throw error
  }
}
