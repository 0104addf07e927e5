// The rules of the house that a compiler cannot see, each with its reason in the message.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, ROOT, roomOf, sourcesBelow } from './sources.ts'

/** A room imports from lower floors only (and from itself). */
const FLOORS: Record<string, number> = {
  engine: 0,
  diagnostics: 0,
  xds: 0,
  wire: 0,
  documents: 1,
  observation: 1,
  resources: 2,
  validation: 3,
  registry: 3,
  analysis: 4,
  istiod: 4,
  envoy: 4,
  'gateway-api': 2.5,
  lint: 4.5,
  'proxy-config': 4,
  export: 4,
  citadel: 4.5,
  world: 5,
  delivery: 5.5,
  scenario: 6,
  bench: 6,
  diff: 6.5,
  stream: 7,
  server: 8,
  cli: 9,
  api: 10,
}
const RIMS = new Set(['api', 'cli', 'server'])

/** envoy meets istiod only through xds: deleting istiod must leave it compiling. */
const ENVOY_MAY_IMPORT = new Set(['envoy', 'xds', 'engine', 'observation', 'wire'])

const BANS: { pattern: RegExp; why: string }[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    why: 'the only clock is engine.now (engine/types.ts)',
  },
  {
    pattern: /\bMath\.random\b|\bcrypto\./,
    why: 'not reproducible: take a stream from the RandomTree (engine/random.ts)',
  },
  {
    pattern: /\bMath\.(?:log|log2|log10|log1p|exp|expm1|pow|sin|cos|tan|atan|atan2|cbrt|hypot|sinh|cosh|tanh)\b/,
    why: 'differs in the last bit between engines: use the exact samplers of engine/',
  },
  { pattern: /\blocaleCompare\b|\bIntl\.|\btoLocale/, why: 'depends on the machine: compare code units' },
  {
    pattern: /\bfor\s*\(\s*(?:const|let|var)\s+\w+\s+in\b/,
    why: 'order of integer-like keys: iterate Map, Set or Object.keys',
  },
  { pattern: /\.sort\(\)/, why: 'give a comparator that ends in a unique key' },
  { pattern: /\bexport default\b/, why: 'named exports only, so that a name is the same everywhere' },
  {
    pattern: /\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b/,
    why: 'the core is synchronous: schedule on the engine',
  },
]

const sources = sourcesBelow('simulator')
const core = sources.filter(source => !RIMS.has(source.room))

describe('the house', () => {
  test('every room is on a floor and imports from lower floors only', () => {
    const wrong = sources.flatMap(source =>
      source.imports
        .map(roomOf)
        .filter(room => room !== '' && room !== source.room && source.room !== '')
        .filter(room => !((FLOORS[room] ?? 99) < (FLOORS[source.room] ?? -1)))
        .map(room => `${source.path} (${source.room}) imports ${room}`),
    )
    expect(wrong).toEqual([])
  })

  test('envoy knows istiod by the xds treaty alone', () => {
    const wrong = sources
      .filter(source => source.room === 'envoy')
      .flatMap(source =>
        source.imports.filter(path => !ENVOY_MAY_IMPORT.has(roomOf(path))).map(path => `${source.path}: ${path}`),
      )
    expect(wrong).toEqual([])
  })

  test('the core holds no clock, dice or locale but its own', () => {
    const wrong = core.flatMap(source => {
      const code = codeOf(source.text)
      return BANS.filter(ban => ban.pattern.test(code)).map(
        ban => `${source.path}: ${ban.pattern.exec(code)?.[0]}: ${ban.why}`,
      )
    })
    expect(wrong).toEqual([])
  })

  test('the core imports neither Node nor a package that needs it', () => {
    const allowed = new Set([
      'yaml',
      'zod',
      'seedrandom',
      're2js',
      'fengari/src/fengaricore.js',
      'fengari/src/lauxlib.js',
      'fengari/src/lobject.js',
      'fengari/src/lua.js',
      'fengari/src/lualib.js',
      'ipaddr.js',
      '@marcbachmann/cel-js',
      '@peculiar/asn1-schema',
      '@peculiar/asn1-x509',
      '@noble/hashes/sha2.js',
      '@noble/curves/nist.js',
    ])
    const wrong = core.flatMap(source =>
      [...source.text.matchAll(/^(?:import|export)[^'\n]*from '([^.'][^']*)'/gm)]
        .map(match => match[1]!)
        .filter(name => !allowed.has(name))
        .map(name => `${source.path}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('a file has one idea: at most 400 lines', () => {
    const long = sources.map(s => ({ path: s.path, lines: s.text.split('\n').length - 1 })).filter(s => s.lines > 400)
    expect(long).toEqual([])
  })

  test('every room has its page', () => {
    const rooms = [...new Set(sources.map(source => source.room))].filter(room => room !== '')
    expect(rooms.filter(room => !existsSync(join(ROOT, 'simulator', room, 'README.md')))).toEqual([])
  })

  test('nothing is left undone in silence', () => {
    const pattern = /\b(?:TODO|FIXME|XXX|not implemented|for now)\b/i
    expect(sources.filter(source => pattern.test(source.text)).map(source => source.path)).toEqual([])
  })
})
