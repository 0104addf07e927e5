// The JSON Schema that editors use is the one that the code means. `meshsim scenario schema` writes it anew.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scenarioJsonSchema } from '../../../simulator/scenario/index.ts'
import { ROOT } from '../../house/sources.ts'

test('scenarios/scenario.schema.json is up to date', () => {
  const file = JSON.parse(readFileSync(join(ROOT, 'scenarios/scenario.schema.json'), 'utf8'))
  expect(file, 'node dist/meshsim.js scenario schema > scenarios/scenario.schema.json').toEqual(
    JSON.parse(JSON.stringify(scenarioJsonSchema())),
  )
})
