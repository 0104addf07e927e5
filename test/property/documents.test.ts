// Whatever text comes in: resources or diagnostics, never an exception; and what is printed reads as it was.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocuments, printYaml } from '../../simulator/documents/index.ts'
import { loadResources } from '../../simulator/resources/index.ts'
import { validateAll } from '../../simulator/validation/index.ts'

const WORDS = [
  'apiVersion: networking.istio.io/v1\n',
  'kind: VirtualService\n',
  'kind: List\n',
  'metadata: {name: a}\n',
  'spec:\n',
  '  hosts: [a]\n',
  '  http:\n',
  '  - route:\n',
  '    - destination: {host: a}\n',
  '---\n',
  '- ',
  '{',
  '}',
  '[',
  ']',
  ': ',
  '? ',
  '&a ',
  '*a',
  '<<: *a\n',
  '!!binary ',
  '!x ',
  '| \n',
  '>-\n',
  "'",
  '"',
  '\\',
  '#',
  '\t',
  '\n',
  '  ',
  '__proto__: 1\n',
  '.nan',
  '1e999',
  '\u0000',
  '\ufeff',
  '\u2028',
  '%YAML 9\n',
  '...\n',
]
const hostile = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: 'binary', maxLength: 8 })), {
  maxLength: 40,
})
const text = fc.oneof(
  hostile.map(parts => parts.join('')),
  fc.string({ unit: 'binary' }),
  fc.json(),
)

const key = fc.string({ maxLength: 12 }).filter(name => !['__proto__', 'constructor', 'prototype', '<<'].includes(name))
const scalar = fc.oneof(
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
)
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const document = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 5, noNullPrototype: true })

describe('the loader', () => {
  test('answers any text with resources or diagnostics', () => {
    fc.assert(
      fc.property(text, content => {
        const { resources, diagnostics } = loadResources([{ name: 'any.yaml', content }])
        for (const { at } of diagnostics) {
          expect(at === null || (at.line >= 1 && at.column >= 1)).toBe(true)
        }
        expect(Array.isArray(validateAll(resources))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
  test('any spec of any Istio kind ends in a resource or a diagnostic', () => {
    const kinds = fc.constantFrom(
      'networking.istio.io/v1 VirtualService',
      'networking.istio.io/v1 DestinationRule',
      'networking.istio.io/v1 Gateway',
      'networking.istio.io/v1 ServiceEntry',
      'networking.istio.io/v1 Sidecar',
      'security.istio.io/v1 AuthorizationPolicy',
      'v1 Service',
      'apps/v1 Deployment',
    )
    const field = fc.constantFrom(
      'hosts',
      'http',
      'route',
      'destination',
      'host',
      'match',
      'servers',
      'port',
      'ports',
      'tls',
      'rules',
      'from',
      'source',
      'labels',
      'selector',
      'weight',
      'timeout',
      'template',
      'containers',
    )
    const { node } = fc.letrec<{ node: unknown }>(tie => ({
      node: fc.oneof(
        { maxDepth: 5 },
        scalar,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(field, tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(kinds, node, (kind, spec) => {
        const [apiVersion, name] = kind.split(' ')
        const content = JSON.stringify({ apiVersion, kind: name, metadata: { name: 'a' }, spec })
        const { resources, refused, unreadable, diagnostics } = loadResources([{ name: 'any.json', content }])
        expect(resources.length + refused.length + unreadable).toBe(1)
        if (resources.length === 0) expect(diagnostics.length).toBeGreaterThan(0)
        validateAll([...resources, ...refused])
      }),
      { numRuns: 300 },
    )
  })
})

test('parse, print, parse: the same value, as YAML and as JSON', () => {
  fc.assert(
    fc.property(document, value => {
      const once = parseDocuments('a.json', JSON.stringify(value))
      expect(once.diagnostics).toEqual([])
      const printed = printYaml(once.documents[0]?.value)
      expect(parseDocuments('a.yaml', printed).documents[0]?.value).toEqual(once.documents[0]?.value)
    }),
    { numRuns: 300 },
  )
})
