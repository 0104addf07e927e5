// Matchers of authorization rules (pilot/pkg/security/authz/matcher).
import type { JsonObject } from '../../xds/types.ts'

/** A regular expression's special characters, quoted as Go does. */
export const quoteRegex = (literal: string): string => literal.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

const ignoring = (ignoreCase: boolean): JsonObject => (ignoreCase ? { ignore_case: true } : {})

export const exact = (text: string, ignoreCase = false): JsonObject => ({ exact: text, ...ignoring(ignoreCase) })
export const prefix = (text: string, ignoreCase = false): JsonObject => ({ prefix: text, ...ignoring(ignoreCase) })
export const suffix = (text: string, ignoreCase = false): JsonObject => ({ suffix: text, ...ignoring(ignoreCase) })
export const regex = (pattern: string): JsonObject => ({ safe_regex: pattern === '' ? {} : { regex: pattern } })

/** `*` = anything but nothing, `*x` ends with, `x*` begins with, else equals; `start` stands before all. */
export function stringPattern(value: string, start = ''): JsonObject {
  if (value === '*') return regex('.+')
  if (value.startsWith('*')) {
    return start === '' ? suffix(value.slice(1)) : regex(`${start}.*${quoteRegex(value.slice(1))}`)
  }
  if (value.endsWith('*')) return prefix(start + value.slice(0, -1))
  return exact(start + value)
}

/** A header by the same patterns; `*` asks only that it is there. */
export function headerPattern(name: string, value: string, ignoreCase = false): JsonObject {
  if (value === '*') return { name, present_match: true }
  if (value.startsWith('*')) return { name, string_match: suffix(value.slice(1), ignoreCase) }
  if (value.endsWith('*')) return { name, string_match: prefix(value.slice(0, -1), ignoreCase) }
  return { name, string_match: exact(value, ignoreCase) }
}

/** A path: templates with `{*}` and `{**}`, else a pattern. */
export function pathPermission(value: string): JsonObject {
  if (!value.includes('{*}') && !value.includes('{**}')) return { url_path: { path: stringPattern(value) } }
  const template = value.replaceAll('{*}', '*').replaceAll('{**}', '**')
  return {
    uri_template: {
      name: 'uri-template',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
        path_template: template,
      },
    },
  }
}

/** Any of the matchers of a metadata value. */
export const anyValue = (matchers: readonly JsonObject[]): JsonObject =>
  matchers.length === 1 ? (matchers[0] ?? {}) : { or_match: { value_matchers: [...matchers] } }

export const stringValues = (values: readonly string[]): JsonObject =>
  anyValue(values.map(value => ({ string_match: stringPattern(value) })))

const JWT = 'envoy.filters.http.jwt_authn'

const jwtPath = (claims: readonly string[]): JsonObject[] => ['payload', ...claims].map(key => ({ key }))

/** A claim that is a text. */
export const claimText = (claim: string, value: JsonObject): JsonObject => ({
  filter: JWT,
  path: jwtPath([claim]),
  value: { string_match: value },
})

/** A claim that is a text or a list of texts. */
export const claimTextOrList = (claims: readonly string[], value: JsonObject): JsonObject => ({
  filter: JWT,
  path: jwtPath(claims),
  value: { or_match: { value_matchers: [{ list_match: { one_of: value } }, value] } },
})

/** Metadata that some other filter has set, as one key. */
export const filterMetadata = (filter: string, key: string, value: JsonObject): JsonObject => ({
  filter,
  path: [{ key }],
  value,
})
