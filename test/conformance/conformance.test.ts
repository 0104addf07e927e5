// The ratchet: no suite may pass fewer cases than baseline.json says; the baseline only rises.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../house/sources.ts'
import { SUITES } from './suites/all.ts'

const oracle = join(ROOT, '../shared/conformance')
const baseline = JSON.parse(readFileSync(join(ROOT, 'test/conformance/baseline.json'), 'utf8')) as Record<
  string,
  number
>
if (!existsSync(oracle)) process.stdout.write('conformance: skipped, ../shared/conformance is not here\n')

describe.skipIf(!existsSync(oracle))('conformance with the real Istio and Envoy', () => {
  for (const [suite, run] of SUITES) {
    test(`${suite} passes at least as many cases as ever before`, { timeout: 600_000 }, async () => {
      let passed = 0
      let total = 0
      await run(join(oracle, suite), result => {
        total++
        if (result.passed) passed++
      })
      process.stdout.write(`conformance ${suite}: ${passed} of ${total}\n`)
      expect(passed).toBeGreaterThanOrEqual(baseline[suite] ?? 0)
    })
  }

  test('the baseline knows every suite', () => {
    expect(Object.keys(baseline).sort()).toEqual([...SUITES.keys()].sort())
  })
})
