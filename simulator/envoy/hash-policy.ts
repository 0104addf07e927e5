// The request's hash for ring hash and maglev (source/common/http/hash_policy.cc): what the policies give is combined by
// rotating and xor; no hash means a random choice.
import type { HeaderLines, HttpRequest } from '../wire/types.ts'
import type { Json } from '../xds/types.ts'
import { duration, header, list, object, text } from './json.ts'
import { parseQuery } from './query.ts'
import { xxHash64 } from './xxhash64.ts'

/** What a policy may look at, and where a new cookie goes. */
export interface HashSubject {
  request: HttpRequest
  sourceIp: string
  /** Stands for the downstream connection's addresses. */
  connection: string
  setCookie(line: string): void
}

export interface HashPolicy {
  terminal: boolean
  hash(subject: HashSubject): bigint | null
}

const MASK = 0xffffffffffffffffn

function cookieOf(headers: HeaderLines, name: string): string | undefined {
  const all = (header(headers, 'cookie') ?? '').split(';').map(part => part.trim())
  return all
    .find(cookie => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .replace(/^"|"$/g, '')
}

function compileCookie(config: Json | undefined): HashPolicy['hash'] {
  const cookie = object(config)
  const name = text(cookie.name)
  const path = text(cookie.path)
  const attributes = list(cookie.attributes).map(a => `; ${text(object(a).name)}=${text(object(a).value)}`)
  return subject => {
    const value = cookieOf(subject.request.headers, name)
    if (value !== undefined) return xxHash64(value)
    if (cookie.ttl === undefined) return null
    const made = xxHash64(subject.connection).toString(16).padStart(16, '0')
    const seconds = Math.floor(duration(cookie.ttl) / 1_000_000)
    const age = seconds > 0 ? `; Max-Age=${seconds}` : ''
    subject.setCookie(`${name}="${made}"${age}${path === '' ? '' : `; Path=${path}`}${attributes.join('')}; HttpOnly`)
    return xxHash64(made)
  }
}

function compileHeader(config: Json | undefined): HashPolicy['hash'] {
  const name = text(object(config).header_name).toLowerCase()
  return ({ request }) => {
    const values = request.headers.filter(line => line[0] === name).map(line => line[1])
    if (name === ':authority') values.push(request.authority)
    if (values.length === 0) return null
    values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return values.length === 1 ? xxHash64(values[0]!) : xxHash64(values.join(''))
  }
}

function compileOne(config: Json): HashPolicy {
  const policy = object(config)
  const terminal = policy.terminal === true
  if (policy.header) return { terminal, hash: compileHeader(policy.header) }
  if (policy.cookie) return { terminal, hash: compileCookie(policy.cookie) }
  if (policy.query_parameter) {
    const name = text(object(policy.query_parameter).name)
    return {
      terminal,
      hash: ({ request }) => {
        const value = parseQuery(request.path).get(name)
        return value === undefined ? null : xxHash64(value)
      },
    }
  }
  if (object(policy.connection_properties).source_ip === true) {
    return { terminal, hash: ({ sourceIp }) => (sourceIp === '' ? null : xxHash64(sourceIp)) }
  }
  return { terminal, hash: () => null }
}

export function compileHashPolicies(config: Json | undefined): HashPolicy[] {
  return list(config).map(compileOne)
}

/** The combined hash, null when no policy gives one. */
export function hashOf(policies: readonly HashPolicy[], subject: HashSubject): bigint | null {
  let hash: bigint | null = null
  for (const policy of policies) {
    const next = policy.hash(subject)
    if (next !== null) {
      const old: bigint = hash ?? 0n
      hash = (((old << 1n) | (old >> 63n)) & MASK) ^ next
    }
    if (policy.terminal && hash !== null) break
  }
  return hash
}
