// npm run conformance -- SUITE [--dir DIR] [--json]: one line per failing case, closing line `N passed, N failed`.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SUITES } from './suites/all.ts'
import type { CaseResult } from './types.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: 'string' }, json: { type: 'boolean', default: false } },
})
const suite = positionals[0] ?? ''
const runner = SUITES.get(suite)
if (runner === undefined) {
  process.stderr.write(
    `usage: npm run conformance -- SUITE [--dir DIR] [--json]\nsuites: ${[...SUITES.keys()].join(' ')}\n`,
  )
  process.exit(64)
}
const dir = resolve(values.dir ?? `../shared/conformance/${suite}`)
if (!existsSync(dir)) {
  process.stderr.write(`no such folder: ${values.dir ?? `../shared/conformance/${suite}`}\n`)
  process.exit(65)
}
const results: CaseResult[] = []
await runner(dir, result => {
  results.push(result)
  if (!result.passed && !values.json) {
    process.stdout.write(`FAIL ${result.id}: expected ${result.expected}, got ${result.got}\n`)
  }
})
const passed = results.filter(r => r.passed).length
if (values.json)
  process.stdout.write(`${JSON.stringify({ suite, passed, failed: results.length - passed, cases: results })}\n`)
else process.stdout.write(`${passed} passed, ${results.length - passed} failed\n`)
process.exitCode = passed === results.length && results.length > 0 ? 0 : 1
