// String, header and CIDR matchers, compiled once (envoy: source/common/common/matchers.cc, http/header_utility.cc).
import { RE2JS } from 're2js'
import type { Json } from '../xds/types.ts'
import { list, number, object, text } from './json.ts'

export type StringTest = (value: string) => boolean
export type HeaderTest = (headers: [string, string][], authority: string, path: string, method: string) => boolean

/** type.matcher.v3.StringMatcher. A safe_regex must match the whole value. */
export function compileString(config: unknown): StringTest {
  const m = object(config)
  const fold = m.ignore_case === true
  const low = (s: string) => (fold ? s.toLowerCase() : s)
  if (typeof m.exact === 'string') {
    const want = low(m.exact)
    return v => low(v) === want
  }
  if (typeof m.prefix === 'string') {
    const want = low(m.prefix)
    return v => low(v).startsWith(want)
  }
  if (typeof m.suffix === 'string') {
    const want = low(m.suffix)
    return v => low(v).endsWith(want)
  }
  if (typeof m.contains === 'string') {
    const want = low(m.contains)
    return v => low(v).includes(want)
  }
  if (m.safe_regex) return compileRegex(m.safe_regex)
  return () => false
}

/** type.matcher.v3.RegexMatcher: RE2, full match. Throws on a bad expression. */
export function compileRegex(config: unknown): StringTest {
  const pattern = RE2JS.compile(text(object(config).regex), RE2JS.DOTALL)
  return v => pattern.matches(v)
}

/** route.v3.HeaderMatcher: one value of several lines suffices; a missing header fails even inverted tests. */
export function compileHeader(config: unknown): HeaderTest {
  const m = object(config)
  const name = text(m.name).toLowerCase()
  const invert = m.invert_match === true
  const missingEmpty = m.treat_missing_header_as_empty === true
  let test: StringTest | null = null
  if (m.string_match) test = compileString(m.string_match)
  else if (typeof m.exact_match === 'string') test = compileString({ exact: m.exact_match })
  else if (typeof m.prefix_match === 'string') test = compileString({ prefix: m.prefix_match })
  else if (typeof m.suffix_match === 'string') test = compileString({ suffix: m.suffix_match })
  else if (typeof m.contains_match === 'string') test = compileString({ contains: m.contains_match })
  else if (m.safe_regex_match) test = compileRegex(m.safe_regex_match)
  else if (m.range_match) {
    const range = object(m.range_match)
    const start = number(range.start)
    const end = number(range.end)
    test = v => /^-?\d+$/.test(v) && Number(v) >= start && Number(v) < end
  }
  const present = m.present_match !== false
  return (headers, authority, path, method) => {
    const pseudo = name === ':authority' ? authority : name === ':path' ? path : name === ':method' ? method : null
    if (test === null) {
      const found = pseudo !== null || headers.some(line => line[0] === name)
      return (found === present) !== invert
    }
    if (pseudo !== null) return test(pseudo) !== invert
    let found = false
    for (const line of headers) {
      if (line[0] !== name) continue
      found = true
      if (test(line[1])) return !invert
    }
    if (!found) return missingEmpty ? test('') !== invert : false
    return invert
  }
}

export function compileHeaders(config: Json | undefined): HeaderTest[] {
  return list(config).map(compileHeader)
}

/** route.v3.QueryParameterMatcher, on parseQuery's result. */
export function compileQuery(config: Json): (query: ReadonlyMap<string, string>) => boolean {
  const m = object(config)
  const name = text(m.name)
  const test = m.string_match ? compileString(m.string_match) : null
  return query => {
    const value = query.get(name)
    return value !== undefined && (test === null || test(value))
  }
}

function ipv4(address: string): number {
  const parts = address.split('.')
  if (parts.length !== 4) return -1
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** core.v3.CidrRange over IPv4; other families compare as text. */
export function compileCidr(config: unknown): StringTest {
  const range = object(config)
  const address = text(range.address_prefix)
  const length = number(range.prefix_len)
  const base = ipv4(address)
  if (base < 0) return ip => ip === address || (length === 0 && ip.includes(':'))
  const size = 2 ** (32 - length)
  const block = Math.floor(base / size)
  return ip => {
    const value = ipv4(ip)
    return value >= 0 && Math.floor(value / size) === block
  }
}
