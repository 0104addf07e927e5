import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createProgram, main } from '../../../simulator/cli/program.ts'

const verbs = createProgram({ end: () => {}, serve: async () => {} }).commands.map(command => command.name())
const dir = mkdtempSync(join(tmpdir(), 'meshsim-cli-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs a command line and catches what it prints. */
async function meshsim(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => out.push(String(text)) > 0)
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(text => err.push(String(text)) > 0)
  try {
    const code = await main(args, async () => {})
    return { code, out: out.join(''), err: err.join('') }
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
  }
}

describe('usage', () => {
  test('an unknown verb ends in 64 and a suggestion', async () => {
    const { code, out, err } = await meshsim('sevre')
    expect([code, out]).toEqual([64, ''])
    expect(err).toContain('Did you mean serve?')
  })
  test('an unknown flag ends in 64 and a suggestion', async () => {
    const { code, err } = await meshsim('run', 'bookinfo', '--sed', '1')
    expect(code).toBe(64)
    expect(err).toContain('Did you mean --seed?')
  })
  test('a port that is none ends in 64', async () => {
    expect((await meshsim('serve', '--port', '80800')).code).toBe(64)
  })
  test('a duration that is none ends in 64', async () => {
    const { code, err } = await meshsim('run', 'bookinfo', '--duration', 'soon')
    expect(code).toBe(64)
    expect(err).toContain('is no duration such as 30s')
  })
  test.each(verbs)('%s --help shows three examples', async verb => {
    const { code, out } = await meshsim(verb, '--help')
    expect(code).toBe(0)
    expect(out.split('\n').filter(line => line.startsWith('  $ ') && line.includes('meshsim')).length).toBe(3)
  })
})

describe('input', () => {
  test('a scenario that does not exist ends in 65 and says where to look', async () => {
    const { code, out, err } = await meshsim('run', 'bokinfo')
    expect([code, out]).toEqual([65, ''])
    expect(err).toContain('meshsim scenario list')
  })
  test('a directory without scenario.yaml ends in 65 and says how to run documents', async () => {
    const { code, err } = await meshsim('run', dir)
    expect(code).toBe(65)
    expect(err).toContain('holds no scenario.yaml')
  })
  test('an address is refused with a word', async () => {
    const { code, err } = await meshsim('analyze', '-f', 'https://example.com/a.yaml')
    expect(code).toBe(64)
    expect(err).toContain('download')
  })
  test('findings of analyze go to stdout with file, line and column, and end in 79', async () => {
    const file = join(dir, 'vs.yaml')
    writeFileSync(
      file,
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: { name: a }\nspec:\n  hots: [a]\n',
    )
    const { code, out } = await meshsim('analyze', '-f', file, '-o', 'text')
    expect(code).toBe(79)
    expect(out).toContain(`${file}:5:3: error`)
    expect(out).toContain('did you mean "hosts"?')
  })
})

describe('answers', () => {
  test('version -o json is one line of JSON', async () => {
    const { code, out } = await meshsim('version', '-o', 'json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ model: 'Istio 1.32-dev, Envoy 1.40' })
  })
  test('scenario list names our own', async () => {
    const { out } = await meshsim('scenario', 'list')
    expect(out).toContain('bookinfo-canary')
  })
  test('colours come when they are asked for', async () => {
    expect((await meshsim('run', 'circuit-breaking')).out).not.toContain('\u001b[')
    expect((await meshsim('run', 'circuit-breaking', '--color=always')).out).toContain('\u001b[32m')
    expect((await meshsim('run', 'circuit-breaking', '--color', 'sometimes')).code).toBe(64)
  })
})
