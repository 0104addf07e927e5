// The rules of Istio's CRDs that a plain structural schema cannot carry: unions, CEL expressions, durations, list keys.
// Source: the kubebuilder tags in istio/api. Each helper keeps the type of the schema it narrows.
import { z } from 'zod'
import { parseProtoDuration } from './proto-duration.ts'
import { requestScheme } from './request-url.ts'

const isSet = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)[key] !== undefined

const countSet = (value: unknown, names: readonly string[]): number => names.filter(name => isSet(value, name)).length

/** A protobuf oneof: none or one of the named fields. */
export function oneOf<S extends z.ZodType>(schema: S, ...names: string[]): S {
  return schema.refine(value => countSet(value, names) <= 1, `only one of ${names.join(', ')} can be set`)
}

/** Like oneOf, but one of them must be there. */
export function exactlyOne<S extends z.ZodType>(schema: S, ...names: string[]): S {
  return schema.refine(value => countSet(value, names) === 1, `exactly one of ${names.join(', ')} must be set`)
}

export const DURATION_RULE = 'must be a valid duration greater than 1ms'

/** A duration of at least one millisecond, as text. */
export const duration = () =>
  z.string().refine(text => {
    const nanoseconds = parseProtoDuration(text)
    return nanoseconds !== null && nanoseconds >= 1_000_000
  }, DURATION_RULE)

export const BAD_DURATION = 'bad Duration: it cannot be read'

export const ILLEGAL_BASE64 = 'illegal base64 data'

/** A duration without a rule of its own: protobuf's JSON must be able to read it. */
export const protoDuration = () => z.string().refine(text => parseProtoDuration(text) !== null, BAD_DURATION)

const NULLABLE = new WeakSet<object>()

/** A field of a wrapper type, which CRDs let one set to null: it is then as if it were absent. */
export function orNull<S extends z.ZodType>(schema: S): z.ZodOptional<S> {
  const field = schema.optional()
  NULLABLE.add(field)
  return field
}

export const takesNull = (field: unknown): boolean => typeof field === 'object' && field !== null && NULLABLE.has(field)

/** A wrapper type (UInt32Value ...): YAML may carry the number as a string; the loader turns it into a number. */
export const wrapped = (schema: z.ZodInt) => schema.describe(WRAPPED)
export const WRAPPED = 'int-or-string'

/** `matchLabels`: no empty keys, no wildcards, label-sized values. */
export const labelMatch = () =>
  z
    .record(
      z.string(),
      z
        .string()
        .max(63)
        .refine(value => !value.includes('*'), 'wildcard not allowed in label value match'),
    )
    .refine(labels => Object.keys(labels).every(key => key !== ''), 'key must not be empty')
    .refine(labels => Object.keys(labels).every(key => !key.includes('*')), 'wildcard not allowed in label key match')
    .refine(labels => Object.keys(labels).length <= 4096, 'must have at most 4096 items')

/** `workloadSelector.labels`. */
export const selectorLabels = () =>
  z
    .record(
      z.string(),
      z
        .string()
        .max(63)
        .refine(value => !value.includes('*'), 'wildcard is not supported in selector'),
    )
    .refine(labels => Object.keys(labels).length <= 256, 'must have at most 256 items')

/** A list that the API server treats as a map keyed by one field. */
export function uniqueBy<S extends z.ZodType>(schema: S, key: string): S {
  return schema.refine(value => {
    const list = value as readonly Record<string, unknown>[]
    return new Set(list.map(item => item[key])).size === list.length
  }, `duplicate ${key}`)
}

export function maxKeys<S extends z.ZodType>(schema: S, limit: number): S {
  return schema.refine(value => Object.keys(value as object).length <= limit, `must have at most ${limit} items`)
}

export function minKeys<S extends z.ZodType>(schema: S, limit: number): S {
  return schema.refine(value => Object.keys(value as object).length >= limit, `must have at least ${limit} items`)
}

const MODULE_SCHEMES: ReadonlySet<string> = new Set(['', 'http', 'https', 'file', 'oci'])

/** Address of a Wasm module. */
export const moduleUrl = () =>
  z
    .string()
    .min(1)
    .refine(url => MODULE_SCHEMES.has(requestScheme(url) ?? requestScheme(`http://${url}`) ?? 'none'), {
      error: 'url must have schema one of [http, https, file, oci]',
    })

/** Address of a JSON Web Key Set. */
export const jwksUrl = () =>
  z
    .string()
    .min(1)
    .max(2048)
    .refine(url => ['http', 'https'].includes(requestScheme(url) ?? ''), 'url must have scheme http:// or https://')

/** A rule over several fields of one message; `rule` sees the message as loose fields. */
export function rule<S extends z.ZodType>(
  schema: S,
  test: (fields: Readonly<Record<string, unknown>>) => boolean,
  message: string,
): S {
  return schema.refine(value => test(value as Record<string, unknown>), message)
}
