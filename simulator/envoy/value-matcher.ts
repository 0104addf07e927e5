// Matching dynamic metadata and path templates (envoy: source/common/common/matchers.cc,
// source/extensions/path/match/uri_template).
import type { Json, JsonObject } from '../xds/types.ts'
import { list, number, object, text } from './json.ts'
import { compileString } from './matchers.ts'

export type ValueTest = (value: Json | undefined) => boolean
/** Dynamic metadata of a stream: filter's name -> what it wrote. */
export type Metadata = ReadonlyMap<string, JsonObject>
export type MetadataTest = (metadata: Metadata) => boolean

/** type.matcher.v3.ValueMatcher. */
export function compileValue(config: unknown): ValueTest {
  const matcher = object(config)
  if (matcher.string_match) {
    const test = compileString(matcher.string_match)
    return value => typeof value === 'string' && test(value)
  }
  if (matcher.list_match) {
    const one = compileValue(object(matcher.list_match).one_of)
    return value => Array.isArray(value) && value.some(one)
  }
  if (matcher.or_match) {
    const any = list(object(matcher.or_match).value_matchers).map(compileValue)
    return value => any.some(test => test(value))
  }
  if (matcher.bool_match !== undefined) return value => value === matcher.bool_match
  if (matcher.double_match) {
    const { exact, range } = object(matcher.double_match)
    if (exact !== undefined) return value => value === number(exact)
    return value =>
      typeof value === 'number' && value >= number(object(range).start) && value < number(object(range).end)
  }
  if (matcher.null_match) return value => value === null
  if (matcher.present_match !== undefined) return value => (value !== undefined) === (matcher.present_match === true)
  return () => false
}

/** type.matcher.v3.MetadataMatcher. */
export function compileMetadata(config: unknown): MetadataTest {
  const matcher = object(config)
  const filter = text(matcher.filter)
  const path = list(matcher.path).map(segment => text(object(segment).key))
  const test = compileValue(matcher.value)
  const invert = matcher.invert === true
  return metadata => {
    let value: Json | undefined = metadata.get(filter)
    for (const key of path) value = value === undefined ? undefined : object(value)[key]
    return test(value) !== invert
  }
}

/** `*` is one segment that is not empty, `**` the rest, which may be empty; everything else is literal. */
export function compilePathTemplate(template: string): (path: string) => boolean {
  const wanted = template.split('/')
  return path => {
    const found = path.split('/')
    for (let i = 0; i < wanted.length; i++) {
      if (wanted[i] === '**') return matchesRest(wanted.slice(i + 1), found, i)
      if (i >= found.length) return false
      if (wanted[i] === '*' ? found[i] === '' : wanted[i] !== found[i]) return false
    }
    return found.length === wanted.length
  }
}

/** What follows `**` has to be the end of the path; `**` itself takes at least its own place. */
function matchesRest(tail: readonly string[], found: readonly string[], at: number): boolean {
  if (found.length < at + 1 + tail.length) return false
  return tail.every((segment, i) => {
    const value = found[found.length - tail.length + i]
    return segment === '*' ? value !== '' : segment === value
  })
}
