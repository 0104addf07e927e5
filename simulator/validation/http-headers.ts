// Names and values of headers that istiod takes (istio: pkg/config/validation/validation.go, header_value_validator.go).
import type { Path } from '../diagnostics/types.ts'
import type { Loose } from '../resources/loose.ts'
import type { Headers } from '../resources/networking/virtual-service.ts'
import { report } from './common.ts'
import type { Refusals } from './refusals.ts'

const EMPTY = 'header name cannot be empty'
const PSEUDO: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path', ':status'])

const matching =
  (pattern: RegExp) =>
  (name: string): string | null =>
    name === '' ? EMPTY : pattern.test(name) ? null : `header name ${name} is not a valid header name`

/** Any token of RFC 7230; the comma slips in, because istiod's character class holds the range `+-.`. */
const tokenProblem = matching(/^[-!#$%&'*+,.^_`|~0-9A-Za-z]+$/)
/** Headers that a JWT's claims are copied to. */
export const strictHeaderProblem = matching(/^[-_A-Za-z0-9]+$/)
/** Headers of a readiness probe. */
export const probeHeaderProblem = matching(/^[-A-Za-z0-9]+$/)

export const corsHeaderProblem = (name: string): string | null => (name === '*' ? null : tokenProblem(name))

/** A header match that means a claim of the request's token: `@request.auth.claims.a.b` or `@request.auth.claims[a][b]`. */
export const isClaim = (header: string): boolean => /^@request\.auth\.claims(?:\..+|\[.+\])$/is.test(header)

/** Headers that a rule matches on. */
export const matchHeaderProblem = (name: string): string | null =>
  isClaim(name) || PSEUDO.has(name) ? null : tokenProblem(name)

/** Headers that Envoy keeps for itself. */
const isInternal = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host'
const isAuthority = (name: string): boolean => name.toLowerCase() === ':authority' || name.toLowerCase() === 'host'

const prefixed = (name: string): string => `invalid header "${name}": header cannot have ":" prefix`

/** Headers that are set on or added to a request; the authority is one of them. */
export function requestHeaderProblem(name: string): string | null {
  if (name === '') return EMPTY
  return isInternal(name) && !isAuthority(name) ? prefixed(name) : null
}

/** Headers that are removed from a request, or changed on a response. */
export function changedHeaderProblem(name: string): string | null {
  if (name === '') return EMPTY
  if (name.toLowerCase() === 'host') return `invalid header "${name}": cannot set Host header`
  return isInternal(name) ? prefixed(name) : null
}

type State = 'literal' | 'name' | 'arguments' | 'text' | 'list' | 'listed' | 'listEnd' | 'end'

/** Where a character leads inside `%NAME(arguments)%`, or what was expected instead. */
function step(state: State, char: string): State | Error {
  switch (state) {
    case 'literal':
      return char === '%' ? 'name' : state
    case 'name':
      return char === '%' ? 'literal' : char === '(' ? 'arguments' : state
    case 'arguments':
      return char === '[' ? 'list' : char === ' ' ? state : 'text'
    case 'text':
      return char === ')' ? 'end' : char === '"' ? 'listed' : state
    case 'list':
      return char === '"' ? 'text' : char === ' ' ? state : new Error(`expecting '"'`)
    case 'listed':
      if (char === ',') return 'list'
      return char === ']' ? 'listEnd' : char === ' ' ? state : new Error("expecting ',', ']', or whitespace")
    case 'listEnd':
      return char === ')' ? 'end' : char === ' ' ? state : new Error("expecting ')' or whitespace")
    case 'end':
      return char === '%' ? 'literal' : char === ' ' ? state : new Error("expecting '%' or whitespace")
  }
}

/** A `%` opens a variable that must be closed, `%%` stands for itself; as Envoy's header parser reads values. */
export function headerValueProblem(value: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no header may hold
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) return `header value configuration ${value} is invalid`
  const invalid = (why: string): string => `header value configuration: invalid header configuration. ${why}`
  let state: State = 'literal'
  for (let at = 0; at < value.length; at++) {
    const char = value.charAt(at)
    const last = at + 1 === value.length
    if (state === 'literal' && char === '%' && last) return invalid('Un-escaped %')
    if (state === 'text' && char === '\\' && last) return invalid('Un-terminated backslash in JSON string')
    if ((state === 'literal' && char === '%' && value[at + 1] === '%') || (state === 'text' && char === '\\')) {
      at++
      continue
    }
    const next = step(state, char)
    if (next instanceof Error) return invalid(next.message)
    state = next
  }
  return state === 'literal' ? null : invalid(`Un-terminated variable expression '${value}'`)
}

/** Operations on the headers of a rule or of one of its destinations. */
export function headerOperations(operations: Loose<Headers> | undefined, path: Path, out: Refusals): void {
  for (const side of ['request', 'response'] as const) {
    const given = operations?.[side]
    const problem = side === 'request' ? requestHeaderProblem : changedHeaderProblem
    for (const key of ['add', 'set'] as const) {
      for (const [name, value = ''] of Object.entries(given?.[key] ?? {})) {
        report(out, [...path, side, key, name], problem(name), headerValueProblem(value))
      }
    }
    for (const [i, name] of (given?.remove ?? []).entries()) {
      report(out, [...path, side, 'remove', i], changedHeaderProblem(name))
    }
  }
}

/** The authority can be rewritten in one place only. */
export function authorityProblem(authority: string, operations: Loose<Headers> | undefined): string | null {
  const { set = {}, add = {} } = operations?.request ?? {}
  let current = authority
  for (const [name, value = ''] of [...Object.entries(set), ...Object.entries(add)]) {
    if (!isAuthority(name)) continue
    if (current !== '') {
      return `authority header cannot be set multiple times: have "${current}", attempting to set "${value}"`
    }
    current = value
  }
  return null
}
