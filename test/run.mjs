// `npm test`: installs what is missing, then types, lint, build and every vitest project; closes with one line over all.
// A check (types, lint, build) counts as one test each, so that nothing can fail without being counted.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = name => join(root, 'node_modules', '.bin', name)

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options }).status ?? 1
}

if (!existsSync(bin('vitest'))) {
  const status = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  if (status !== 0) process.exit(status)
}

let passed = 0
let failed = 0
const checks = [
  ['types', bin('tsc'), ['--noEmit', '-p', 'tsconfig.json']],
  ['types of the core (no Node, no DOM)', bin('tsc'), ['--noEmit', '-p', 'simulator/tsconfig.json']],
  ['lint and format', bin('biome'), ['check', '--diagnostic-level=warn', '--error-on-warnings']],
  ['build', process.execPath, ['simulator/cli/build.mjs']],
]
for (const [name, command, args] of checks) {
  const ok = run(command, args) === 0
  if (ok) passed++
  else failed++
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name}`)
}

const dir = mkdtempSync(join(tmpdir(), 'meshsim-test-'))
const summary = join(dir, 'summary.json')
const status = run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${summary}`])
if (existsSync(summary)) {
  const result = JSON.parse(readFileSync(summary, 'utf8'))
  passed += result.numPassedTests
  failed += result.numFailedTests
  // A file that does not even load has no failed test of its own.
  if (status !== 0 && result.numFailedTests === 0) failed++
} else failed++
rmSync(dir, { recursive: true, force: true })
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
