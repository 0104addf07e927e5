// Suite `validate`: one resource, accepted or refused, with or without warnings.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { loadResources } from '../../../simulator/resources/index.ts'
import '../../../simulator/validation/envoy/all.ts'
import { validateAll } from '../../../simulator/validation/index.ts'
import type { CaseResult, SuiteRunner } from '../types.ts'
import { scalarValidators } from './validate-scalars.ts'

const Case = z.looseObject({
  id: z.string(),
  resource: z.string().optional(),
  function: z.string().optional(),
  args: z.array(z.unknown()).optional(),
  inputBytes: z.number().optional(),
  valid: z.boolean().optional(),
  expect: z.looseObject({ valid: z.boolean().optional(), warning: z.boolean().optional() }).optional(),
  unit: z.looseObject({ valid: z.boolean().optional() }).optional(),
  admission: z
    .looseObject({
      accepted: z.boolean(),
      webhook: z.looseObject({ warnings: z.array(z.string()).nullish() }).optional(),
    })
    .optional(),
})
/** Bytes of a message around its one large field. */
const AROUND = 40

/** Inputs too large to list are told by their size: the message is filled up to it. */
function filled(item: z.infer<typeof Case>): unknown[] | undefined {
  if (item.inputBytes === undefined) return item.args
  const text = 'a'.repeat(Math.floor((item.inputBytes - AROUND) / 4) * 4)
  if (item.function === 'ValidateTrafficExtension') return [{ lua: { inlineCode: text } }]
  return [{ status: 200, body: item.id.includes('bytes') ? { bytes: text } : { string: text } }]
}

/** What Istio's function said of the arguments, against ours; the test's own assertion goes before the observation. */
function scalar(item: z.infer<typeof Case>): Omit<CaseResult, 'id'> {
  const wanted = item.expect?.valid ?? item.unit?.valid ?? item.valid ?? true
  const validator = scalarValidators.get(item.function ?? '')
  const expected = verdict(wanted, item.expect?.warning ?? false)
  const args = filled(item)
  if (validator === undefined || args === undefined) {
    return { passed: false, expected, got: `no validator named ${item.function ?? '?'}` }
  }
  const { errors, warnings } = validator(args)
  const accepted = errors.length === 0
  const warned = warnings.length > 0
  const passed = accepted === wanted && (item.expect?.warning === undefined || item.expect.warning === warned)
  return { passed, expected, got: `${verdict(accepted, warned)} ${errors[0] ?? ''}` }
}

const File = z.looseObject({ cases: z.array(Case) })

async function* jsonFiles(dir: string): AsyncGenerator<string> {
  const entries = await readdir(dir, { withFileTypes: true })
  for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) yield* jsonFiles(path)
    else if (entry.name.endsWith('.json')) yield path
  }
}

const verdict = (accepted: boolean, warned: boolean): string =>
  `${accepted ? 'accepted' : 'refused'}${warned ? ' with warnings' : ''}`

export const run: SuiteRunner = async (dir, report) => {
  for await (const path of jsonFiles(dir)) {
    const file = File.safeParse(JSON.parse(await readFile(path, 'utf8')))
    if (!file.success) continue
    for (const item of file.data.cases) {
      if (item.resource === undefined) {
        report({ id: item.id, ...scalar(item) })
        continue
      }
      const loaded = loadResources([{ name: 'case.yaml', content: item.resource }])
      const found = [...loaded.diagnostics, ...validateAll(loaded.resources)]
      const accepted = !found.some(diagnostic => diagnostic.level === 'error')
      const warned = found.some(diagnostic => diagnostic.level === 'warning')
      const wanted = item.admission?.accepted ?? item.expect?.valid ?? true
      // some recordings hold no list of warnings at all: then nothing is known of them
      const warnings = item.admission?.webhook === undefined ? [] : item.admission.webhook.warnings
      const wantsWarning = (warnings ?? []).length > 0
      const passed = accepted === wanted && (!wanted || !Array.isArray(warnings) || warned === wantsWarning)
      const first = found.find(diagnostic => diagnostic.level !== 'info')?.message ?? ''
      const expected = verdict(wanted, wantsWarning)
      report({ id: item.id, passed, expected, got: `${verdict(accepted, warned)} ${first}` })
    }
  }
}
