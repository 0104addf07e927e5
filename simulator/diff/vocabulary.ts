// The values that matter: for every property that a configuration looks at, values on either side of each of its tests.
// Gathered from the configurations' own matchers, wherever they stand.
import type { Json } from '../xds/types.ts'
import { samplesOf } from './regex-samples.ts'
import type { Domain } from './symbolic.ts'

/** What no author wrote: stands for all other values. */
export const OTHER = 'zz-other'
/** Properties of one value at most, so that a mesh of many rules stays quick. */
const MAX_VALUES = 200

type Object = { readonly [key: string]: Json | undefined }

const isObject = (value: unknown): value is Object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export class Vocabulary {
  private readonly values = new Map<string, Set<string | null>>([
    ['path', new Set(['/', `/${OTHER}`])],
    ['method', new Set(['GET', 'POST'])],
    ['token', new Set([null, 'bad'])],
  ])
  private readonly prefixes = new Map<string, Set<string>>()
  private readonly suffixes = new Map<string, Set<string>>()
  private readonly read = new WeakSet<object>()

  /** Takes in every matcher below `config`; cheap for what was read before. */
  gather(config: unknown): void {
    if (Array.isArray(config)) {
      for (const item of config) this.gather(item)
      return
    }
    if (!isObject(config) || this.read.has(config)) return
    this.read.add(config)
    this.matcher(config)
    for (const value of Object.values(config)) if (typeof value === 'object') this.gather(value)
  }

  domains(): Map<string, Domain> {
    return new Map([...this.values].map(([property, values]) => [property, this.joined(property, values)]))
  }

  /** A prefix of one test and a suffix of another may meet in one value. */
  private joined(property: string, values: ReadonlySet<string | null>): Domain {
    const all = new Set(values)
    for (const prefix of this.prefixes.get(property) ?? [])
      for (const suffix of this.suffixes.get(property) ?? []) all.add(prefix + suffix)
    return [...all].slice(0, MAX_VALUES)
  }

  private matcher(config: Object): void {
    const { match } = config
    if (isObject(match)) this.routeMatch(match)
    if (typeof config['name'] === 'string') this.header(config['name'], config)
    if (isObject(config['url_path'])) this.string('path', config['url_path']['path'])
    if (isObject(config['uri_template'])) this.template(config['uri_template'])
    if (typeof config['filter'] === 'string' && Array.isArray(config['path'])) this.claim(config)
    if (isObject(config['providers']) && Array.isArray(config['rules'])) this.providers(config['providers'])
  }

  /** Of a route, and of a rule of jwt_authn. */
  private routeMatch(match: Object): void {
    if (typeof match['path'] === 'string') this.string('path', { exact: match['path'] })
    if (typeof match['prefix'] === 'string') this.string('path', { prefix: match['prefix'] })
    const separated = text(match['path_separated_prefix'])
    if (separated !== '') for (const value of ['', '/x', 'x']) this.add('path', separated + value)
    if (isObject(match['safe_regex'])) this.string('path', { safe_regex: match['safe_regex'] })
    for (const query of list(match['query_parameters'])) {
      if (!isObject(query)) continue
      this.string(`query ${text(query['name'])}`, query['string_match'])
    }
    if (match['grpc'] !== undefined) this.string('header content-type', { exact: 'application/grpc' })
  }

  private header(name: string, config: Object): void {
    const lower = name.toLowerCase()
    const property = lower === ':path' ? 'path' : lower === ':method' ? 'method' : `header ${lower}`
    if (isObject(config['string_match'])) this.string(property, config['string_match'])
    else if (isObject(config['safe_regex_match'])) this.string(property, { safe_regex: config['safe_regex_match'] })
    else if (isObject(config['range_match'])) {
      const [start, end] = [Number(config['range_match']['start']), Number(config['range_match']['end'])]
      for (const value of [start - 1, start, end - 1, end]) this.add(property, String(value))
    } else {
      for (const kind of ['exact', 'prefix', 'suffix', 'contains'])
        if (typeof config[`${kind}_match`] === 'string') this.string(property, { [kind]: config[`${kind}_match`] })
      if (config['present_match'] !== undefined) this.add(property, OTHER)
    }
  }

  private template(config: Object): void {
    const typed = isObject(config['typed_config']) ? config['typed_config'] : {}
    const template = text(typed['path_template'])
    const filled = (rest: string): string => template.replaceAll('**', rest).replaceAll('*', 'x')
    for (const value of [filled('x/y'), filled(''), `${filled('x')}/zz`]) this.add('path', value)
  }

  private claim(config: Object): void {
    const keys = list(config['path']).map(segment => (isObject(segment) ? text(segment['key']) : ''))
    this.claimValues(`claim ${keys.join('.')}`, config['value'])
  }

  private claimValues(property: string, value: unknown): void {
    if (!isObject(value)) return
    if (value['string_match'] !== undefined) this.string(property, value['string_match'])
    if (isObject(value['list_match'])) this.claimValues(property, value['list_match']['one_of'])
    if (isObject(value['or_match']))
      for (const one of list(value['or_match']['value_matchers'])) this.claimValues(property, one)
    if (value['present_match'] !== undefined) this.add(property, OTHER)
  }

  private providers(providers: Object): void {
    for (const provider of Object.values(providers)) if (isObject(provider)) this.add('token', text(provider['issuer']))
  }

  private string(property: string, matcher: unknown): void {
    if (!isObject(matcher)) {
      this.add(property, OTHER)
      return
    }
    const [exact, prefix, suffix, contains] = ['exact', 'prefix', 'suffix', 'contains'].map(kind => text(matcher[kind]))
    if (exact) for (const value of [exact, `${exact}x`, otherCase(exact)]) this.add(property, value)
    if (prefix) {
      for (const value of [prefix, `${prefix}x`, otherCase(prefix)]) this.add(property, value)
      remember(this.prefixes, property, prefix)
    }
    if (suffix) {
      const head = property === 'path' ? '/x' : 'x'
      for (const value of [suffix, head + suffix, head + otherCase(suffix)]) this.add(property, value)
      remember(this.suffixes, property, suffix)
    }
    if (contains) for (const value of [contains, `x${contains}x`]) this.add(property, value)
    if (isObject(matcher['safe_regex']))
      for (const value of samplesOf(text(matcher['safe_regex']['regex']))) this.add(property, value)
    this.add(property, property === 'path' ? `/${OTHER}` : OTHER)
  }

  private add(property: string, value: string): void {
    // A path begins with a slash, whatever a rule hopes for.
    if (property === 'path' && !value.startsWith('/')) return
    const known = this.values.get(property)
    if (known !== undefined) known.add(value)
    else this.values.set(property, new Set([null, value]))
  }
}

function remember(table: Map<string, Set<string>>, property: string, value: string): void {
  const known = table.get(property)
  if (known !== undefined) known.add(value)
  else table.set(property, new Set([value]))
}

function otherCase(value: string): string {
  const upper = value.toUpperCase()
  return upper === value ? value.toLowerCase() : upper
}
