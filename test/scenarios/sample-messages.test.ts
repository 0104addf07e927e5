// Every sample of Istio loads without an error, and gets the messages that the real istioctl analyze gave it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { analyze } from '../../simulator/analysis/index.ts'
import { loadResources } from '../../simulator/resources/index.ts'
import { validateAll } from '../../simulator/validation/index.ts'
import { ROOT } from '../house/sources.ts'

const conformance = join(ROOT, '../shared/conformance')
const here = existsSync(join(conformance, 'samples'))
if (!here) process.stdout.write('sample messages: skipped, ../shared/conformance/samples is not here\n')

const samples = here
  ? readdirSync(join(conformance, 'samples'), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map(entry => join(entry.parentPath, entry.name))
  : []

const Message = z.looseObject({ code: z.string(), resource: z.string(), line: z.number(), message: z.string() })
const Recorded = z.looseObject({
  cases: z.array(
    z.looseObject({
      id: z.string(),
      files: z.array(z.object({ name: z.string(), content: z.string() })),
      allAnalyzers: z.looseObject({ messages: z.array(Message).nullish() }),
    }),
  ),
})

const lines = (
  messages: readonly Pick<z.infer<typeof Message>, 'code' | 'resource' | 'line' | 'message'>[],
): string[] => messages.map(({ code, resource, line, message }) => `${code} ${resource} ${line} ${message}`)

describe.skipIf(!here)('samples', () => {
  test('all of them are here', () => expect(samples.length).toBeGreaterThan(50))

  test.each(samples.map(path => [relative(join(conformance, 'samples'), path), path]))('%s loads', (name, path) => {
    const loaded = loadResources([{ name, content: readFileSync(path, 'utf8') }])
    const errors = [...loaded.diagnostics, ...validateAll(loaded.resources)].filter(found => found.level === 'error')
    expect(errors).toEqual([])
  })

  test('istioctl says of them what we say', () => {
    const text = readFileSync(join(conformance, 'analyze/recorded/sample.json'), 'utf8')
    const { cases } = Recorded.parse(JSON.parse(text))
    expect(cases.length).toBeGreaterThan(30)
    for (const { id, files, allAnalyzers } of cases) {
      const { resources, refused } = loadResources(files)
      const found = analyze([{ name: '', resources: [...resources, ...refused] }], {
        now: Date.UTC(2026, 7, 25) / 1000,
      })
      expect({ id, messages: lines(found) }).toEqual({ id, messages: lines(allAnalyzers.messages ?? []) })
    }
  })
})
