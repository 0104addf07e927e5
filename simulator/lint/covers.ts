// The proof that a match takes every request that another one takes. False means "not proved", never "does not".
import { RE2JS } from 're2js'
import type { Loose } from '../resources/loose.ts'
import type {
  HTTPMatchRequest,
  L4MatchAttributes,
  StringMatch,
  TLSMatchAttributes,
} from '../resources/networking/virtual-service.ts'

type Text = Loose<StringMatch>
type Map = Record<string, Text | undefined>
type Labels = Record<string, string | undefined>

interface Condition {
  kind: 'any' | 'exact' | 'prefix' | 'regex'
  value: string
}

const LITERAL = /^[\w\-/~ @:=&,;%!]*$/

/** `/a.*` is the prefix `/a`; `.*` is any; a pattern without an operator is exact. */
function simplified(regex: string): Condition {
  const body = regex.endsWith('.*') ? regex.slice(0, -2) : regex
  const text = body.replaceAll('\\.', '\0')
  if (!LITERAL.test(text.replaceAll('\0', ''))) return { kind: 'regex', value: regex }
  const value = text.replaceAll('\0', '.')
  if (body === regex) return { kind: 'exact', value }
  return value === '' ? { kind: 'any', value } : { kind: 'prefix', value }
}

function conditionOf(match: Text | undefined): Condition {
  if (match?.exact !== undefined) return { kind: 'exact', value: match.exact }
  if (match?.prefix !== undefined) return { kind: 'prefix', value: match.prefix }
  if (match?.regex !== undefined) return simplified(match.regex)
  return { kind: 'any', value: '' }
}

function fullMatch(regex: string, text: string): boolean {
  try {
    return RE2JS.compile(regex).matcher(text).matches()
  } catch {
    return false
  }
}

function contains(wide: Condition, narrow: Condition): boolean {
  if (wide.kind === 'any') return true
  if (narrow.kind === 'any') return false
  if (wide.kind === 'prefix') return narrow.kind !== 'regex' && narrow.value.startsWith(wide.value)
  if (wide.kind === 'exact') return narrow.kind === 'exact' && narrow.value === wide.value
  if (narrow.kind === 'exact') return fullMatch(wide.value, narrow.value)
  return narrow.kind === 'regex' && narrow.value === wide.value
}

const textContains = (wide: Text | undefined, narrow: Text | undefined): boolean =>
  contains(conditionOf(wide), conditionOf(narrow))

/** A path always begins with a slash, so that the prefix `/` asks nothing. */
function uriContains(wide: Loose<HTTPMatchRequest>, narrow: Loose<HTTPMatchRequest>): boolean {
  const [a, b] = [conditionOf(wide.uri), conditionOf(narrow.uri)]
  if (a.kind === 'prefix' && a.value === '/') return true
  if (wide.ignoreUriCase === true && a.kind !== 'regex' && b.kind !== 'regex') {
    return contains({ ...a, value: a.value.toLowerCase() }, { ...b, value: b.value.toLowerCase() })
  }
  return narrow.ignoreUriCase === true && a.kind !== 'any' ? false : contains(a, b)
}

/** Every condition of `wide` is asked by `narrow` at least as strictly. */
function everyAsked(wide: Map | undefined, narrow: Map | undefined, folded: boolean): boolean {
  const key = (name: string): string => (folded ? name.toLowerCase() : name)
  const asked = new globalThis.Map(Object.entries(narrow ?? {}).map(([name, match]) => [key(name), match]))
  return Object.entries(wide ?? {}).every(
    ([name, match]) => asked.has(key(name)) && textContains(match, asked.get(key(name))),
  )
}

const subset = (part: Labels | undefined, whole: Labels | undefined): boolean =>
  Object.entries(part ?? {}).every(([name, value]) => whole?.[name] === value)

const sameOrAny = <T>(wide: T | undefined, narrow: T | undefined): boolean => wide === undefined || wide === narrow

function gatewaysContain(wide: string[] | undefined, narrow: string[] | undefined, own: readonly string[]): boolean {
  const given = wide !== undefined && wide.length > 0 ? wide : own
  return (narrow !== undefined && narrow.length > 0 ? narrow : own).every(gateway => given.includes(gateway))
}

/** `own`: the gateways of the VirtualService, that matches without gateways stand for. */
export function httpCovers(
  wide: Loose<HTTPMatchRequest>,
  narrow: Loose<HTTPMatchRequest>,
  own: readonly string[],
): boolean {
  return (
    gatewaysContain(wide.gateways, narrow.gateways, own) &&
    sameOrAny(wide.port, narrow.port) &&
    sameOrAny(wide.sourceNamespace, narrow.sourceNamespace) &&
    subset(wide.sourceLabels, narrow.sourceLabels) &&
    uriContains(wide, narrow) &&
    textContains(wide.scheme, narrow.scheme) &&
    textContains(wide.method, narrow.method) &&
    textContains(wide.authority, narrow.authority) &&
    everyAsked(wide.headers, narrow.headers, true) &&
    everyAsked(wide.queryParams, narrow.queryParams, false) &&
    // what the wide one must not see, the narrow one must not see either
    everyRefused(wide.withoutHeaders, narrow.withoutHeaders)
  )
}

function everyRefused(wide: Map | undefined, narrow: Map | undefined): boolean {
  return Object.entries(wide ?? {}).every(([name, match]) => {
    const refused = Object.entries(narrow ?? {}).find(([other]) => other.toLowerCase() === name.toLowerCase())
    return refused !== undefined && textContains(refused[1], match)
  })
}

const hostContains = (wide: string, narrow: string): boolean =>
  wide === narrow || wide === '*' || (wide.startsWith('*.') && narrow.endsWith(wide.slice(1)))

/** Of `tls` and `tcp` rules; subnets are only held equal. */
export function l4Covers(
  wide: Loose<TLSMatchAttributes & L4MatchAttributes>,
  narrow: Loose<TLSMatchAttributes & L4MatchAttributes>,
  own: readonly string[],
): boolean {
  const hosts = wide.sniHosts ?? []
  const subnets = wide.destinationSubnets ?? []
  return (
    gatewaysContain(wide.gateways, narrow.gateways, own) &&
    sameOrAny(wide.port, narrow.port) &&
    sameOrAny(wide.sourceNamespace, narrow.sourceNamespace) &&
    sameOrAny(wide.sourceSubnet, narrow.sourceSubnet) &&
    subset(wide.sourceLabels, narrow.sourceLabels) &&
    (hosts.length === 0 || (narrow.sniHosts ?? []).every(name => hosts.some(host => hostContains(host, name)))) &&
    (subnets.length === 0 ||
      ((narrow.destinationSubnets ?? []).length > 0 &&
        (narrow.destinationSubnets ?? []).every(subnet => subnets.includes(subnet))))
  )
}
