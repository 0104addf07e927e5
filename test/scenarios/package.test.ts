// The packed tarball as a stranger uses it: installed outside of the repository, imported by name, typed.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const built = existsSync(join(ROOT, 'dist/index.js'))

const USER_TEST = `import { expect, test } from 'vitest'
import { mesh, type Explanation } from 'meshsim'

const bookinfo = mesh({ scenario: 'bookinfo' })
test('jason gets version 2', () => {
  const answer: Explanation = bookinfo.request({
    from: 'productpage-v1',
    to: 'http://reviews:9080/reviews/0',
    headers: { 'end-user': 'jason' },
  })
  expect(answer.status).toBe(200)
  expect(answer.hops[0]?.steps.find(step => step.step === 'cluster')?.name).toContain('|v2|')
})
test('my own documents', () => {
  expect(bookinfo.run({ duration: '1s' }).clients.length).toBeGreaterThan(0)
})
`

describe.skipIf(!built)('the packed tarball (skipped without a build)', () => {
  const home = mkdtempSync(join(tmpdir(), 'meshsim-user-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  beforeAll(() => {
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', home]
    const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }))
    execFileSync('tar', ['-xzf', join(home, filename), '-C', home])
    const modules = join(home, 'node_modules')
    mkdirSync(modules)
    // What an offline install from the cache would put there.
    for (const name of readdirSync(join(ROOT, 'node_modules')))
      if (!name.startsWith('.') && name !== 'meshsim')
        symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
    cpSync(join(home, 'package'), join(modules, 'meshsim'), { recursive: true })
    writeFileSync(join(home, 'package.json'), '{"type": "module"}')
    writeFileSync(join(home, 'mesh.test.ts'), USER_TEST)
  })

  test('runs the tests of its user', () => {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', home], {
      cwd: home,
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/2 passed/)
  })

  test('has types that a strict compiler takes', () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      '',
      '--skipLibCheck',
    ]
    const check = (file: string) => spawnSync(process.execPath, [tsc, ...flags, file], { cwd: home, encoding: 'utf8' })
    const good = check('mesh.test.ts')
    expect(good.stdout).toBe('')
    writeFileSync(
      join(home, 'wrong.ts'),
      "import { mesh } from 'meshsim'\nmesh({ scenario: 'bookinfo' }).request({ form: 'a' })\n",
    )
    expect(check('wrong.ts').stdout).toContain("'form' does not exist")
  })

  test('brings the command line', () => {
    const bin = JSON.parse(readFileSync(join(home, 'package/package.json'), 'utf8')).bin.meshsim
    const cli = join(home, 'node_modules/meshsim', bin)
    expect(execFileSync(process.execPath, [cli, 'version'], { cwd: home, encoding: 'utf8' })).toContain('meshsim')
  })
})
